"""A private cluster on this machine ends with its run, however the run ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recbench.results.store import Store
from recbench.runner.processes import descendants

pytest.importorskip(
    "ray", reason="needs the extra: pip install 'recbench-harness[ray]'"
)
pytestmark = pytest.mark.slow

ROAMER = str(Path(__file__).parent / "plugins" / "roamer.py")
MAIN = "from recbench.cli.main import main; main()"


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    made = tmp_path / "marks"
    made.mkdir()
    return made


@pytest.fixture
def run(marks: Path, tiny_csv: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run in a process group of its own, as a terminal would start it.

    One cell ends at once, one waits.
    """
    words = [sys.executable, "-c", MAIN, "run", "tiny/top-n", "-d", str(tiny_csv)]
    words += ["-m", "roamer", "-m", f"roamer[marks={marks},pause=60]", "-p", ROAMER]
    words += ["--engine", "ray", "--ray-address", "local", "--out", str(tmp_path / "o")]
    with subprocess.Popen(
        words,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        process_group=0,
    ) as process:
        try:
            until(lambda: stored(tmp_path / "o") and list(marks.iterdir()))
            yield process
        finally:
            process.kill()


def stored(out: Path) -> list[str]:
    return sorted(record.status for record in Store(out).records("tiny/top-n"))


def until(found: Callable[[], Any], seconds: float = 90.0) -> Any:
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.05)
    return value


def alive(pid: int) -> bool:
    try:
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False


def notices_late(pid: int) -> bool:
    """Return whether this is one of the two helpers that Ray ends a minute later."""
    title = Path(f"/proc/{pid}/cmdline").read_bytes()
    return title.startswith((b"ray::DashboardAgent", b"ray::RuntimeEnvAgent"))


def test_ctrl_c_at_the_terminal_stops_politely(
    run: subprocess.Popen[str], tmp_path: Path
) -> None:
    """The terminal sends it to Ray's own processes too."""
    below = descendants(run.pid)
    os.killpg(run.pid, signal.SIGINT)
    said = run.communicate(timeout=60)[1]

    assert run.returncode == 130
    assert "interrupted; this resumes where it stopped" in said
    assert "Traceback" not in said
    assert stored(tmp_path / "o") == ["interrupted", "ok"]
    until(lambda: not [pid for pid in below if alive(pid)], 10)


def test_twice_stops_at_once(run: subprocess.Popen[str], tmp_path: Path) -> None:
    below = descendants(run.pid)
    os.kill(run.pid, signal.SIGINT)
    time.sleep(0.3)
    os.kill(run.pid, signal.SIGINT)
    said = run.communicate(timeout=30)[1]

    assert run.returncode == 130
    assert "interrupted; this resumes where it stopped" in said
    assert "ok" in stored(tmp_path / "o")
    until(lambda: not [pid for pid in below if alive(pid)], 10)


def test_a_killed_run_takes_its_cluster_and_its_cells_along(
    run: subprocess.Popen[str], tmp_path: Path
) -> None:
    below = [pid for pid in descendants(run.pid) if not notices_late(pid)]
    run.kill()
    until(lambda: not [pid for pid in below if alive(pid)], 15)

    assert len(below) > 5
    assert stored(tmp_path / "o") == ["ok"]
