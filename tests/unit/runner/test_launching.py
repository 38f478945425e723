"""The process that starts cells: what it hands on, and what it says of its end."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from recbench.hardware import THREAD_VARIABLES
from recbench.runner import launch, processes, workspace
from recbench.runner.launch import ForkServer, LaunchError, environment, launcher

LIGHT = """
import recbench.runner.forkserver as f
f.libraries.PRELOAD = f.libraries.NETWORKS = ()
f.main()
"""
SHELL = """
import os, sys, types
import recbench.runner.forkserver as f
f.libraries.PRELOAD = f.libraries.NETWORKS = ()
child = types.ModuleType("recbench.runner.child")
def main(folder):
    exec((folder / "code.py").read_text())
    return 7
child.main = main
sys.modules["recbench.runner.child"] = child
import recbench.runner
recbench.runner.child = child
f.main()
"""


SLEEP = "import time; time.sleep(60)"


class Shell(ForkServer):
    """A server whose children run the code in their folder."""

    program = ("-c", SHELL)


@pytest.fixture
def server() -> Iterator[Shell]:
    started = Shell(3)
    yield started
    started.close()


def start(
    server: Shell, folder: Path, code: str, *libraries: str, **env: str
) -> launch.Child:
    """Start some code in a child that asks for libraries."""
    folder.mkdir(exist_ok=True)
    (folder / "code.py").write_text(code)
    (folder / "request.json").write_text(json.dumps({"libraries": libraries}))
    return server.start(folder, folder / "log", env)


def ended(child: launch.Child) -> int:
    """Wait for a child; return its exit status."""
    until = time.monotonic() + 20
    while child.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.005)
    code = child.poll()
    assert code is not None
    return code


def run(
    server: Shell, folder: Path, code: str, *libraries: str, **env: str
) -> tuple[int, str]:
    """Run some code in a child; return its exit status and its output."""
    code_ = ended(start(server, folder, code, *libraries, **env))
    return code_, (folder / "log").read_text()


def gone(pid: int) -> None:
    """Wait until a process has ended."""
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_threads_and_seeds_are_in_the_environment_before_anything_loads() -> None:
    env = environment(3)

    assert {env[name] for name in THREAD_VARIABLES} == {"3"}
    assert env["PYTHONHASHSEED"] == "0"


@pytest.mark.parametrize("name", launch.HIDDEN)
def test_where_test_labels_lie_is_not_handed_on(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "/somewhere")

    assert name not in environment(1)


def test_a_child_gets_environment_log_and_status(server: Shell, tmp_path: Path) -> None:
    code = "print(os.environ['OMP_NUM_THREADS'], os.environ['EXTRA'], os.getcwd())"
    status, log = run(server, tmp_path / "a", code, EXTRA="here")

    assert status == 7
    assert log.split() == ["3", "here", "/"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        pytest.param("os._exit(5)", 5, id="an exit"),
        pytest.param("os.kill(os.getpid(), 9)", -9, id="a signal"),
        pytest.param("raise SystemExit(0)", 70, id="an exception"),
    ],
)
def test_how_a_child_ended_is_told(
    server: Shell, tmp_path: Path, code: str, status: int
) -> None:
    assert run(server, tmp_path / "a", code)[0] == status


def test_a_child_leads_a_session_with_nothing_open_but_its_own(
    server: Shell, tmp_path: Path
) -> None:
    code = """
own = sorted(map(int, os.listdir('/proc/self/fd')))
print(os.getsid(0) == os.getpid(), own)
"""
    _, log = run(server, tmp_path / "a", code)

    assert log.startswith("True [0, 1, 2, 3]")  # 3 is the folder that is listed


def test_many_children_at_once(server: Shell, tmp_path: Path) -> None:
    started = []
    for number in range(10):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "code.py").write_text(f"os._exit({number})")
        started.append(server.start(folder, folder / "log", {}))
    until = time.monotonic() + 20
    while any(child.poll() is None for child in started):
        assert time.monotonic() < until
        time.sleep(0.01)

    assert [child.poll() for child in started] == list(range(10))


@pytest.mark.parametrize("libraries", [(), ("colorsys",)])
def test_a_server_that_was_killed_starts_nothing_and_its_children_are_lost(
    server: Shell, tmp_path: Path, libraries: tuple[str, ...]
) -> None:
    child = start(server, tmp_path / "a", SLEEP, *libraries)
    os.kill(server.process.pid, signal.SIGKILL)

    assert ended(child) == -9
    assert child.lost
    assert not server.alive()
    gone(child.pid)
    with pytest.raises(LaunchError, match="has ended"):
        start(server, tmp_path / "b", SLEEP)


def test_a_child_whose_nanny_is_killed_is_killed_and_not_lost(
    server: Shell, tmp_path: Path
) -> None:
    code = "import time; os.kill(os.getppid(), 9); time.sleep(60)"
    child = start(server, tmp_path / "a", code)

    assert ended(child) == -9
    assert not child.lost
    assert run(server, tmp_path / "b", "os._exit(4)")[0] == 4  # the server goes on


@pytest.mark.parametrize("libraries", [(), ("colorsys",)])
def test_closing_ends_what_runs(
    server: Shell, tmp_path: Path, libraries: tuple[str, ...]
) -> None:
    child = start(server, tmp_path / "a", SLEEP, *libraries)
    server.close()

    assert child.poll() is not None
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


LOADED = "import sys; print('colorsys' in sys.modules, os.getppid())"


def test_a_library_is_loaded_once_for_the_cells_that_ask_for_it(
    server: Shell, tmp_path: Path
) -> None:
    where = "; print(open(f'/proc/{os.getppid()}/stat').read().split()[3])"
    first, second = (
        run(server, tmp_path / name, LOADED + where, "colorsys")[1].split()
        for name in "ab"
    )
    _, without = run(server, tmp_path / "c", LOADED + where)

    assert first[0] == second[0] == "True"
    assert first[1] != second[1]  # nannies
    assert first[2] == second[2] != str(server.process.pid)  # of one branch
    assert without.split()[0] == "False"


def test_a_child_of_a_branch_has_nothing_open_but_its_own(
    server: Shell, tmp_path: Path
) -> None:
    code = "print(sorted(map(int, os.listdir('/proc/self/fd'))))"
    run(server, tmp_path / "a", code, "colorsys")
    for number, libraries in enumerate([("colorsys",), ("sched",), ()]):
        _, log = run(server, tmp_path / str(number), code, *libraries)
        assert log.strip() == "[0, 1, 2, 3]"


def test_a_library_that_cannot_be_loaded_is_the_business_of_the_cell(
    server: Shell, tmp_path: Path
) -> None:
    assert run(server, tmp_path / "a", "os._exit(5)", "antigravity_", "sched")[0] == 5


def test_a_branch_that_was_killed_loses_its_children_and_is_done_without(
    server: Shell, tmp_path: Path
) -> None:
    where = "print(open(f'/proc/{os.getppid()}/stat').read().split()[3])"
    _, log = run(server, tmp_path / "a", where, "colorsys")
    beside = start(server, tmp_path / "beside", SLEEP)
    child = start(server, tmp_path / "b", SLEEP, "colorsys")
    os.kill(int(log), signal.SIGKILL)

    assert ended(child) == -9
    assert child.lost
    gone(child.pid)
    assert run(server, tmp_path / "c", LOADED, "colorsys")[1].startswith("False")
    assert beside.poll() is None


def test_the_isolation_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ForkServer, "program", ("-c", LIGHT))
    for wanted, fresh in (("fork", False), ("spawn", True)):
        monkeypatch.setenv("RECBENCH_ISOLATION", wanted)
        started = launcher(1, torch=False)
        assert isinstance(started, ForkServer)
        assert ("--fresh" in started.process.args) == fresh  # type: ignore[operator]
        started.close()


def test_descendants_leave_out_the_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    table = [(2, 1, 1), (3, 2, 1), (4, 2, 1), (5, 4, 5), (6, 1, 6), (7, 6, 6)]
    monkeypatch.setattr(processes, "processes", lambda: table)

    assert sorted(processes.descendants(1)) == [2, 3, 4, 5, 6, 7]
    assert sorted(processes.descendants(1, {2})) == [6, 7]
    assert processes.descendants(5) == []
    assert processes.session_members(6) == [6, 7]


def test_a_name_with_parentheses_does_not_confuse_the_table() -> None:
    import subprocess

    code = "import ctypes, time; ctypes.CDLL(None).prctl(15, b'a) R (b'); print(1); "
    code += "import sys; sys.stdout.flush(); time.sleep(30)"
    process = subprocess.Popen(["python3", "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    found = {pid: parent for pid, parent, _ in processes.processes()}
    process.kill()
    process.wait()
    process.stdout.close()

    assert found[process.pid] == os.getpid()


def test_old_folders_of_dead_runs_are_swept(tmp_path: Path) -> None:
    dead, alive = 2**22 + 5, os.getpid()
    names = [f"recbench-{dead}-old", f"recbench-{alive}-old", f"recbench-{dead}-new"]
    for name in (*names, "other"):
        (tmp_path / name / "files").mkdir(parents=True)
        if not name.endswith("new"):
            os.utime(tmp_path / name, (0, 0))
    workspace.sweep(tmp_path)

    assert {p.name for p in tmp_path.iterdir()} == {names[1], names[2], "other"}


def test_a_workspace_is_gone_at_its_end(tmp_path: Path) -> None:
    with workspace.Workspace() as work:
        one, two = work.folder("one"), work.folder("two")
        assert work.folder("one") == one
        assert one.parent.parent == two.parent.parent
        assert one.parent != two.parent  # neither is found from the other
        one.mkdir()
        (one / "file").write_text(json.dumps(1))
    assert not one.parent.exists()
    assert not two.parent.exists()
