"""A small process that has the heavy libraries loaded and starts the cells.

It holds no plugin code and no data. Requests come as lines of JSON on stdin, answers
go as lines of JSON to the descriptor that was stdout. Each cell gets two processes:

::

    recbench run ── fork server ── nanny ── child (its own session; plugin code)
                                               └── whatever the plugin starts

The nanny inherits every orphan below it and kills them all when the child ends, when
the server ends, and when ``recbench run`` ends, however that happens. With ``--fresh``
nothing is preloaded and a child is a new interpreter instead of a fork.

Cells that ask for further libraries come from a branch: a fork of the server that has
loaded them and does the same work. A branch that ends is not grown again; its cells
then load what they need by themselves.
"""

import contextlib
import faulthandler
import json
import os
import selectors
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from recbench.runner import libraries
from recbench.runner.processes import (
    PR_SET_PDEATHSIG,
    adopt_orphans,
    die_with_parent,
    kill_below,
    kill_group,
    prctl,
)

FRESH, TORCH = "--fresh", "--torch"
BROKEN = 70  # exit status where the harness itself failed


@dataclass(slots=True)
class Branch:
    """A fork of the server: its process, the way to it, what was passed on to it."""

    loaded: tuple[str, ...]
    pid: int
    pipe: int
    requests: list[int] = field(default_factory=list)


class Server:
    """The loop that starts nannies and reports how their cells ended."""

    def __init__(
        self,
        answers: int,
        *,
        fresh: bool,
        torch: bool,
        branch: bool = False,
    ) -> None:
        """Remember where answers go and what a child is."""
        self.answers, self.fresh, self.torch = answers, fresh, torch
        self.branch = branch
        self.nannies: dict[int, int] = {}  # pid to request id
        self.branches: dict[int, Branch] = {}  # by pid
        self.barren: set[tuple[str, ...]] = set()  # libraries whose branch has ended
        # a child that ends wakes the loop by a byte in this pipe
        self.bell, self.rope = os.pipe()
        for end in (self.bell, self.rope):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self.rope, warn_on_full_buffer=False)
        self.selector = selectors.DefaultSelector()

    def serve(self) -> None:
        """Start cells on request until stdin closes; then end all of them."""
        self.selector.register(0, selectors.EVENT_READ)
        self.selector.register(self.bell, selectors.EVENT_READ)
        pending = b""
        while True:
            ready = {key.fd for key, _ in self.selector.select()}
            if self.bell in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.bell, 4096)
            self.reap()
            if 0 in ready:
                data = os.read(0, 65536)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    self.take(line)

    def take(self, line: bytes) -> None:
        """Start a cell here, or have the branch with its libraries do so."""
        request = json.loads(line)
        own = self.fresh or self.branch  # does all that it is asked for
        wanted = () if own else libraries.wanted(Path(request["folder"]))
        if not wanted or wanted in self.barren:
            self.start(request)
            return
        try:
            held = [b for b in self.branches.values() if b.loaded == wanted]
            branch = held[0] if held else self.grow(wanted)
            branch.requests.append(request["id"])
            os.write(branch.pipe, line + b"\n")
        except OSError as error:
            self.answer(id=request["id"], error=f"cannot start a process: {error}")

    def grow(self, wanted: tuple[str, ...]) -> Branch:
        """Fork a branch, which loads its libraries before it takes requests."""
        own = os.getpid()
        requests, pipe = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(pipe)
            self.become_branch(wanted, requests, own)
        os.close(requests)
        branch = self.branches[pid] = Branch(wanted, pid, pipe)
        return branch

    def become_branch(
        self, wanted: tuple[str, ...], requests: int, parent: int
    ) -> NoReturn:
        """Be a server with further libraries."""
        try:
            die_with_parent(parent, signal.SIGTERM)
            adopt_orphans()
            self.leave()
            os.dup2(requests, 0)
            os.close(requests)
            server = Server(self.answers, fresh=False, torch=self.torch, branch=True)
            try:
                with libraries.uncollected():
                    libraries.load(wanted)
                server.serve()
            finally:
                server.close()
        finally:
            os._exit(0)

    def leave(self) -> None:
        """Close, in a fork, what the server alone may hold."""
        signal.set_wakeup_fd(-1)
        self.selector.close()
        pipes = [branch.pipe for branch in self.branches.values()]
        for end in (0, self.bell, self.rope, *pipes):
            os.close(end)

    def start(self, request: dict[str, Any]) -> None:
        """Fork the nanny of one cell."""
        own = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self.answer(id=request["id"], error=f"cannot start a process: {error}")
            return
        if pid == 0:
            self.nurse(request, own)
        self.nannies[pid] = request["id"]

    def nurse(self, request: dict[str, Any], parent: int) -> NoReturn:
        """Be a nanny: start the child, wait for it, kill all that it left."""
        try:
            os.setsid()  # signals to the cell's session do not reach its nanny
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, _exit_now)
            die_with_parent(parent, signal.SIGTERM)
            adopt_orphans()
            self.leave()
            own = os.getpid()
            pid = os.fork()
            if pid == 0:
                os.close(self.answers)
                self.become_child(request, own)
            self.answer(id=request["id"], pid=pid, nanny=own)
            _, status = os.waitpid(pid, 0)
            kill_group(pid)
            kill_below()
            code = os.waitstatus_to_exitcode(status)
            self.answer(id=request["id"], code=code)
        except OSError as error:
            self.answer(id=request["id"], error=f"cannot start a process: {error}")
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            kill_below()
            os._exit(0)

    def become_child(self, request: dict[str, Any], parent: int) -> NoReturn:
        """Be the process of a cell, in a session of its own."""
        code = BROKEN
        try:
            enter(request["log"], parent)
            os.environ.update(request["env"])
            if self.fresh:
                words = ["-P", "-m", "recbench.runner.spawned", request["folder"]]
                words += [TORCH] if self.torch else []
                os.execv(sys.executable, [sys.executable, *words])  # noqa: S606 - no shell is wanted
            from recbench.runner import child

            code = child.main(Path(request["folder"]))
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)  # a plugin's atexit handlers and threads must not block

    def reap(self) -> None:
        """Report the nannies that have ended, and kill what a dead one left."""
        killed = False
        while self.nannies or self.branches:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid in self.nannies:
                killed |= status != 0  # one that was not leaves nothing below it
                self.answer(id=self.nannies.pop(pid), ended=1)
            if pid in self.branches:
                killed = True
                self.lose(self.branches.pop(pid))
        if killed:  # its orphans have come to us
            kill_below({*self.nannies, *self.branches})

    def lose(self, branch: Branch) -> None:
        """Report that nothing more will be known of what a branch has started."""
        os.close(branch.pipe)
        self.barren.add(branch.loaded)
        for number in branch.requests:  # one that was known to have ended stays so
            self.answer(id=number, lost=1, ended=1)

    def answer(self, **data: int | str) -> None:
        """Write one line to the parent; a parent that is gone is noticed at stdin."""
        with contextlib.suppress(OSError):
            os.write(self.answers, json.dumps(data).encode() + b"\n")

    def close(self) -> None:
        """Have every nanny end its cell, then end what is left."""
        # how these end is no news of theirs, so that they count as lost
        self.answers = os.open(os.devnull, os.O_WRONLY)
        until = time.monotonic() + 3
        for pid in (*self.nannies, *self.branches):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)
        while (self.nannies or self.branches) and time.monotonic() < until:
            self.reap()
            time.sleep(0.002)
        kill_below()


def _exit_now(_number: int, _frame: object) -> NoReturn:
    """End by an exception, so that what is below is killed on the way out."""
    raise SystemExit(BROKEN)


def enter(log: str, parent: int) -> None:
    """Set up session, signals, log file and death with the nanny."""
    os.setsid()
    die_with_parent(parent)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((null, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    os.close(out)
    faulthandler.enable()
    with contextlib.suppress(OSError):  # the kernel should pick it, not the runner
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def main() -> None:
    """Preload, then serve."""
    parent = int(sys.argv[1])
    fresh, torch = FRESH in sys.argv[2:], TORCH in sys.argv[2:]
    signal.signal(signal.SIGTERM, _exit_now)
    die_with_parent(parent, signal.SIGTERM)
    adopt_orphans()
    os.chdir("/")  # where the run was started is nothing for models
    answers = os.dup(1)
    os.dup2(2, 1)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    server = Server(answers, fresh=fresh, torch=torch)
    try:
        if not fresh:
            libraries.preload(torch=torch)
        # from here on the end of stdin tells; a thread of the parent may end before
        prctl(PR_SET_PDEATHSIG, 0)
        server.answer(ready=1)
        server.serve()
    finally:
        server.close()
    os._exit(0)  # taking the loaded libraries down is slow and helps nobody


if __name__ == "__main__":
    main()
