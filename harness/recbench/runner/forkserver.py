"""A small process that has the heavy libraries loaded and forks one child per cell.

It holds no plugin code and no data. Requests come as lines of JSON on stdin, answers
go as lines of JSON to the descriptor that was stdout. When stdin closes (its parent
ended, however that happened), it kills what still runs and ends.
"""

import contextlib
import ctypes
import faulthandler
import gc
import importlib
import json
import os
import selectors
import signal
import sys
from pathlib import Path
from typing import Any

PRELOAD = (
    "numpy",
    "scipy.sparse",
    "scipy.linalg",
    "torch",
    "recbench.runner.child",
    "recbench.neural",
)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
TICK_SECONDS = 0.02


def prctl(option: int, value: int) -> None:
    """Ask the Linux kernel for a process attribute; elsewhere do nothing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


class Server:
    """The fork server's loop."""

    def __init__(self, answers: int) -> None:
        """Remember where answers go."""
        self.answers = answers
        self.children: dict[int, int] = {}  # pid to request id

    def serve(self) -> None:
        """Fork on request until stdin closes."""
        selector = selectors.DefaultSelector()
        selector.register(0, selectors.EVENT_READ)
        pending = b""
        while True:
            if selector.select(TICK_SECONDS if self.children else None):
                data = os.read(0, 65536)
                if not data:
                    break
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    self.start(json.loads(line))
            self.reap()
        for pid in self.children:
            kill_session(pid)

    def start(self, request: dict[str, Any]) -> None:
        """Fork a child for one cell."""
        pid = os.fork()
        if pid == 0:
            os.close(self.answers)
            run_child(request, own_parent=os.getppid())
        self.children[pid] = request["id"]
        self.answer(id=request["id"], pid=pid)

    def reap(self) -> None:
        """Report every child that has ended, and end what it left behind."""
        while self.children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.children:
                kill_session(pid)
                number = self.children.pop(pid)
                self.kill_strays()
                code = os.waitstatus_to_exitcode(status)
                self.answer(id=number, code=code)

    def kill_strays(self) -> None:
        """Kill daemons that left their session and that this process inherited."""
        own = os.getpid()
        for pid, parent, session in processes():
            mine = pid in self.children or session in self.children
            if parent == own and not mine:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)

    def answer(self, **data: int) -> None:
        """Write one line to the parent; a parent that is gone is noticed at stdin."""
        with contextlib.suppress(OSError):
            os.write(self.answers, json.dumps(data).encode() + b"\n")


def run_child(request: dict[str, Any], own_parent: int) -> None:
    """Become the child of one cell; never returns."""
    code = 70
    try:
        enter_child(request["log"], own_parent)
        os.environ.update(request["env"])
        from recbench.runner import child

        code = child.main(Path(request["folder"]))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)  # a plugin's atexit handlers and threads must not block


def enter_child(log: str, own_parent: int) -> None:
    """Set up session, signals, log file and death with the parent."""
    os.setsid()
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != own_parent:
        os._exit(70)  # the parent ended before the line above took effect
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((null, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    faulthandler.enable()
    with contextlib.suppress(OSError):  # the kernel should pick it, not the runner
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def kill_session(pid: int) -> None:
    """Kill every process of a child's session, those that changed group included."""
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    for member in session_members(pid):
        with contextlib.suppress(OSError):
            os.kill(member, signal.SIGKILL)


def session_members(session: int) -> list[int]:
    """Return the processes of a session; empty where there is no /proc."""
    return [pid for pid, _, held in processes() if held == session]


def processes() -> list[tuple[int, int, int]]:
    """Return (pid, parent, session) of every process that /proc shows."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # the command may hold spaces and parentheses: read after the last one
            fields = entry.read_text(errors="replace").rpartition(")")[2].split()
            found.append((int(entry.parent.name), int(fields[1]), int(fields[3])))
    return found


def main() -> None:
    """Preload, then serve."""
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    answers = os.dup(1)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in PRELOAD:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that a child's collector does not touch, and copy, these pages
    server = Server(answers)
    server.answer(ready=1)
    server.serve()


if __name__ == "__main__":
    main()
