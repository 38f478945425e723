"""Run the checks in a child process, so that no plugin can bring the command down."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from recbench.errors import UsageError

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one check ended.

    Attributes:
        model: Name of the model; empty for ``loads``, which is about the plugin.
        check: Name of the check.
        status: ``ok``, ``failed`` or ``skipped``.
        message: Why, and what to do.
        seconds: Wall clock.
        required: Whether the contract asks for it.
        summary: What the check is about.
    """

    model: str
    check: str
    status: str
    message: str = ""
    seconds: float = 0.0
    required: bool = True
    summary: str = ""


def is_path(target: str) -> bool:
    """Return whether a target names a file or folder rather than a model."""
    return os.sep in target or target.endswith(".py") or Path(target).is_dir()


def examine(
    target: str,
    *,
    params: Mapping[str, Any] | None = None,
    plugins: Sequence[str] = (),
    only: Sequence[str] = (),
    timeout: float = 60.0,
) -> Iterator[Outcome]:
    """Check a model, or every model of a file or folder, in child processes.

    A check during which the process dies or that outlasts the timeout has failed;
    the others go on in a new process.

    Args:
        target: Name of a model, or path of a file, package or project.
        params: Parameters that differ from the models' defaults.
        plugins: Plugins to load besides the installed ones, as for ``-p``.
        only: Names of the checks to run, with or without their task; all if empty.
        timeout: Seconds that one check may take.

    Yields:
        Outcomes, in order.

    Raises:
        UsageError: If there is no such model, file, folder or check.
    """
    if is_path(target) and not Path(target).expanduser().exists():
        msg = f"there is no file or folder {target}: name a model or an existing path"
        raise UsageError(msg)
    done: list[list[str]] = []
    while True:
        request = {
            "target": target,
            "is_path": is_path(target),
            "params": dict(params or {}),
            "plugins": list(plugins),
            "only": list(only),
            "done": done,
        }
        session = _Session(request, timeout)
        for outcome in session.outcomes():
            if outcome.check != "loads" or not done:
                yield outcome
            done.append([outcome.model, outcome.check])
        if session.finished:
            return


class _Session:
    """One child process, from its request to its end."""

    def __init__(self, request: Mapping[str, Any], timeout: float) -> None:
        self.request, self.timeout = request, timeout
        self.finished = False

    def outcomes(self) -> Iterator[Outcome]:
        """Yield what the child reports, and what becomes of the child itself."""
        running: dict[str, Any] = {"model": "", "check": "loads"}
        known: dict[tuple[str, str], dict[str, Any]] = {}
        with tempfile.TemporaryFile() as noise, _child(self.request, noise) as child:
            for answer in _answers(child, self.timeout):
                event = answer.pop("event")
                if event == "usage":
                    raise UsageError(answer["message"])
                if event == "plan":
                    known = {(c["model"], c["check"]): c for c in answer["checks"]}
                    running = {"model": "", "check": "plan"}
                elif event == "start":
                    running = known[answer["model"], answer["check"]]
                elif event in ("end", "loads"):
                    yield Outcome(**running, **answer)
                elif event == "finished":
                    self.finished = True
                    return
                else:  # the child ended, or took too long
                    # without a plan, another attempt would end the same way
                    self.finished = not known
                    message = answer["message"] + _last_line(noise)
                    yield Outcome(**running, status="failed", message=message)
                    return


@contextlib.contextmanager
def _child(
    request: Mapping[str, Any], noise: IO[bytes]
) -> Iterator["subprocess.Popen[str]"]:
    """Start the child and hand it the request; at the end it is gone."""
    environment = os.environ | dict.fromkeys(THREADS, "1")
    if request["is_path"]:
        environment.pop("RECBENCH_PLUGINS", None)
    child = subprocess.Popen(
        [sys.executable, "-m", "recbench.testing.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=noise,
        text=True,
        env=environment,
        start_new_session=True,
    )
    try:
        assert child.stdin is not None  # noqa: S101 - a pipe was asked for
        with contextlib.suppress(BrokenPipeError), child.stdin:
            json.dump(request, child.stdin)
        yield child
    finally:
        _end(child)


def _end(child: "subprocess.Popen[str]") -> None:
    """Kill the child and all that it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()
    child.wait()
    if child.stdout is not None:
        child.stdout.close()


def _answers(
    child: "subprocess.Popen[str]", timeout: float
) -> Iterator[dict[str, Any]]:
    """Yield the child's answers; at last ``gone`` or ``late`` if it is no more."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        assert child.stdout is not None  # noqa: S101 - a pipe was asked for
        with contextlib.suppress(ValueError):  # closed while reading
            for line in child.stdout:
                lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=timeout)
        except queue.Empty:
            message = f"still running after {timeout:g} s: raise --timeout, or look for"
            yield {"event": "late", "message": message + " an endless loop"}
            return
        if not line:
            yield {"event": "gone", "message": _how_it_ended(child.wait())}
            return
        yield json.loads(line)


def _how_it_ended(code: int) -> str:
    """Return an exit code in words."""
    if code < 0:
        return f"the process was killed by {signal.Signals(-code).name}"
    return f"the process ended itself with exit code {code}"


def _last_line(noise: IO[bytes]) -> str:
    """Return the last line that the child wrote to stderr, after a colon."""
    noise.seek(0)
    lines = noise.read().decode(errors="replace").strip().splitlines()
    return f" (last line on stderr: {lines[-1].strip()})" if lines else ""
