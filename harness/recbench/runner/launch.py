"""Start the process of a cell: as a fork of a warm server, or as a fresh interpreter.

Both give the same results bit for bit (tested). A fork costs a fraction of the time
that importing torch takes, so it is used where the system allows it.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol

from recbench.hardware import thread_limits
from recbench.runner.forkserver import FRESH, TORCH

ISOLATION = "RECBENCH_ISOLATION"  # "fork" or "spawn"
# where test labels lie is nothing for models
HIDDEN = ("RECBENCH_DATA", "RECBENCH_CACHE", "RECBENCH_SHARED_DATA", "PWD", "OLDPWD")
CLUSTER = "RAY_"  # nor is the way, and the key, to the cluster it runs on
START_SECONDS = 120.0  # a loaded machine needs a while to import torch


class LaunchError(Exception):
    """A process could not be started; the machine is at fault, not the model."""


class Child(Protocol):
    """A running cell process, which leads a session of its own.

    Attributes:
        pid: The process.
        watcher: A process above it and all that it starts.
        lost: Whether what watches it ended, so that its status is not known.
        on_end: Called when it has ended.
    """

    pid: int
    watcher: int
    lost: bool
    on_end: Callable[[], None]

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or None while it runs."""
        ...


class Launcher(Protocol):
    """A way to start cell processes."""

    def start(self, folder: Path, log: Path, env: dict[str, str]) -> Child:
        """Start the process that works on the request in ``folder``.

        Raises:
            LaunchError: If that fails for no fault of the model.
        """
        ...

    def alive(self) -> bool:
        """Return whether it can start anything."""
        ...

    def ready(self) -> bool:
        """Return whether it need not be waited for: it is ready, or it has ended."""
        ...

    def close(self) -> None:
        """End everything that was started."""
        ...


def environment(threads: int) -> dict[str, str]:
    """Return the environment of a process that may use ``threads`` threads."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in HIDDEN and not name.startswith(CLUSTER)
    }
    fixed = thread_limits(threads)
    # no CUDA library may pick a faster algorithm that adds in another order
    fixed |= {"PYTHONHASHSEED": "0", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    return kept | fixed


def stop(pid: int, number: signal.Signals) -> None:
    """Send a signal to the whole group of a cell process."""
    with contextlib.suppress(OSError):
        os.killpg(pid, number)


class Started:
    """A cell process that the server started."""

    def __init__(self) -> None:
        """Wait for the server's answers."""
        self.pid = self.watcher = 0
        self.lost = False
        self.error = ""
        self.code: int | None = None
        self.ended = False
        self.known = threading.Event()
        self.on_end: Callable[[], None] = lambda: None

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or None while it runs."""
        if not self.ended:
            return None
        return -signal.SIGKILL if self.code is None else self.code

    def take(self, answer: dict[str, Any]) -> None:
        """Take one answer of the server."""
        if "code" in answer:
            self.code = answer["code"]
        if "error" in answer:
            self.error = answer["error"]
        if "pid" in answer:
            self.pid, self.watcher = answer["pid"], answer["nanny"]
        if "ended" in answer or "error" in answer:
            self.lost = "lost" in answer and self.code is None
            self.ended = True
        if self.pid or self.ended:
            self.known.set()
        if self.ended:
            self.on_end()


class ForkServer:
    """Talks to the process in :mod:`recbench.runner.forkserver`."""

    program = ("-P", "-m", "recbench.runner.forkserver")

    def __init__(
        self, threads: int, *, fresh: bool = False, torch: bool = False
    ) -> None:
        """Start the server; it loads its libraries while the caller goes on.

        Args:
            threads: Threads of every cell.
            fresh: Whether cells are fresh interpreters instead of forks.
            torch: Whether cells find torch loaded.
        """
        flags = ((FRESH, fresh), (TORCH, torch))
        arguments = [str(os.getpid()), *(flag for flag, wanted in flags if wanted)]
        self.process = subprocess.Popen(
            [sys.executable, *self.program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(threads),
            start_new_session=True,
        )
        self.lock = threading.Lock()
        self.over = self.loaded = False
        self.count = 0
        self.children: dict[int, Started] = {}
        self.reader = threading.Thread(target=self._listen, daemon=True)
        self.reader.start()

    def alive(self) -> bool:
        """Return whether the server still runs."""
        return not self.over and self.process.poll() is None

    def ready(self) -> bool:
        """Return whether it has loaded its libraries, or has ended."""
        return self.loaded or not self.alive()

    def start(self, folder: Path, log: Path, env: dict[str, str]) -> Child:
        """Start a process for the request in ``folder``.

        Raises:
            LaunchError: If the server has ended or cannot start a process.
        """
        child = Started()
        with self.lock:
            if self.over:
                msg = "the process that starts cells has ended"
                raise LaunchError(msg)
            number, self.count = self.count, self.count + 1
            self.children[number] = child
            request = {"id": number, "folder": str(folder), "log": str(log), "env": env}
            try:
                self._pipe().write(json.dumps(request).encode() + b"\n")
                self._pipe().flush()
            except (OSError, ValueError) as error:
                msg = f"the process that starts cells has ended: {error}"
                raise LaunchError(msg) from error
        if not child.known.wait(START_SECONDS):
            msg = f"the process that starts cells does not answer ({START_SECONDS} s)"
            raise LaunchError(msg)
        if child.pid == 0:
            msg = child.error or "the process that starts cells has ended"
            raise LaunchError(msg)
        return child

    def _pipe(self) -> IO[bytes]:
        assert self.process.stdin is not None  # noqa: S101 - Popen was given a pipe
        return self.process.stdin

    def _listen(self) -> None:
        """Take the server's answers until it ends."""
        assert self.process.stdout is not None  # noqa: S101 - Popen was given a pipe
        for line in self.process.stdout:
            with contextlib.suppress(ValueError, KeyError):
                answer = json.loads(line)
                self.loaded = self.loaded or "ready" in answer
                if "id" in answer:
                    self.children[answer["id"]].take(answer)
                    if self.children[answer["id"]].ended:
                        del self.children[answer["id"]]
        with self.lock:
            self.over = True
            for child in self.children.values():
                child.take({"ended": 1, "lost": 1})
            self.children.clear()

    def close(self) -> None:
        """Close the server's stdin: it kills what still runs and ends."""
        with contextlib.suppress(OSError, ValueError):
            self._pipe().close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(timeout=5)
        if self.process.stdout is not None:
            self.process.stdout.close()


def launcher(threads: int, *, torch: bool) -> Launcher:
    """Return the launcher that suits this system.

    macOS gets fresh interpreters: forking with libraries loaded is not safe there.
    """
    wanted = os.environ.get(ISOLATION, "fork")
    fresh = wanted != "fork" or sys.platform != "linux"
    return ForkServer(threads, fresh=fresh, torch=torch)
