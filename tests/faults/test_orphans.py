"""Nothing that a run started outlives it, whoever is killed."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fault_bench import FAULTY, NEIGHBOUR

HERE = Path(__file__).parent
SECONDS = 2.0


@dataclass
class Family:
    """A run in a process of its own, and all that descends from it."""

    process: subprocess.Popen[bytes]
    mark: str

    def events(self) -> Iterator[dict]:
        """Yield what the run tells."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield json.loads(line)

    def members(self) -> dict[int, str]:
        """Return pid and command of every process that carries the mark."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environ = (folder / "environ").read_bytes()
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
            except OSError:
                continue
            if self.mark.encode() in environ and state != "Z":
                found[int(folder.name)] = command.decode(errors="replace").strip()
        return found

    def server(self) -> int:
        """Return the fork server's process."""
        [pid] = [
            p for p, command in self.members().items() if parent(p) == self.process.pid
        ]
        return pid

    def end(self) -> None:
        """Clean up after a test that failed."""
        for pid in self.members():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(stat[1])


@pytest.fixture
def start(tiny_csv: Path, tmp_path: Path) -> Iterator:
    """Return a function that starts a run whose model hangs and has a large family."""
    started: list[Family] = []

    def begin(*, twin: str = "", models: tuple[str, ...] = ("hangs-with-family",)):
        options = {
            "models": models,
            "dataset": str(tiny_csv),
            "suites": ["tiny/top-n"],
            "plugins": [FAULTY, NEIGHBOUR],
            "out": str(tmp_path),
            "jobs": 2,
            "twin": twin,
        }
        mark = uuid.uuid4().hex
        process = subprocess.Popen(
            [sys.executable, str(HERE / "one_run.py"), json.dumps(options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "RECBENCH_TEST_MARK": mark},
        )
        started.append(Family(process, mark))
        return started[-1]

    yield begin
    for family in started:
        family.end()


def wait_for_family(family: Family) -> None:
    """Wait until the model has started everything and hangs."""
    for event in family.events():
        if event["event"] == "cell-progress" and event.get("epoch") == 1:
            return
    pytest.fail("the model never came to its first epoch")


def gone(family: Family, *, spared: tuple[int, ...] = ()) -> bool:
    """Return whether all members have ended within two seconds."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if not family.members().keys() - set(spared):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.slow
def test_the_family_is_there_at_all(start) -> None:
    family = start()
    wait_for_family(family)
    commands = " | ".join(family.members().values())

    for number in (7, 8, 9):
        assert f"sleep 98765.{number}" in commands


def test_nothing_outlives_a_run_that_is_killed(start) -> None:
    family = start()
    wait_for_family(family)
    family.process.kill()
    family.process.wait()

    assert gone(family), family.members()


@pytest.mark.slow
def test_nothing_outlives_a_fork_server_that_is_killed(start) -> None:
    family = start()
    wait_for_family(family)
    old = set(family.members()) - {family.process.pid}
    os.kill(family.server(), signal.SIGKILL)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and old & family.members().keys():
        time.sleep(0.02)

    assert not old & family.members().keys()
    assert family.process.poll() is None  # the run goes on with another server


@pytest.mark.slow
def test_nothing_outlives_run_and_server_that_are_killed_together(start) -> None:
    family = start()
    wait_for_family(family)
    server = family.server()
    os.kill(server, signal.SIGKILL)
    family.process.kill()
    family.process.wait()

    assert gone(family), family.members()


@pytest.mark.slow
def test_nothing_outlives_a_run_that_is_killed_while_the_server_loads(start) -> None:
    family = start()
    for event in family.events():
        if event["event"] == "cell-started":
            break
    while len(family.members()) < 2:
        time.sleep(0.005)
    family.process.kill()
    family.process.wait()

    assert gone(family), family.members()


@pytest.mark.slow
def test_a_run_that_ends_by_a_polite_signal_leaves_nothing(start) -> None:
    family = start()
    wait_for_family(family)
    family.process.terminate()

    assert family.process.wait(timeout=20) == 130
    assert gone(family), family.members()


WITHOUT = {
    "orphans are adopted": "f.adopt_orphans = lambda: None",
    "a nanny hears of its parent's end": (
        "real = f.die_with_parent\n"
        "f.die_with_parent = lambda pid, number=9: number == 9 and real(pid)"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("code", WITHOUT.values(), ids=WITHOUT)
def test_without_the_protection_something_stays(start, code: str) -> None:
    family = start(twin=code)
    wait_for_family(family)
    os.kill(family.server(), signal.SIGKILL)
    family.process.kill()
    family.process.wait()

    assert not gone(family)
