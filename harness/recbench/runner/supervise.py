"""Watch the process of one cell from outside: time, memory, progress, its end.

The same function serves a thread of the local engine and a task on a cluster.
"""

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recbench.results.record import Status
from recbench.runner.forkserver import session_members
from recbench.runner.launch import Child, Launcher, stop

GRACE_SECONDS = 3.0
LOG_BYTES = 64 * 2**10
LOG_LIMIT = 64 * 2**20
LINE_LIMIT = 64 * 2**10
CURVE_LIMIT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a cell may use.

    Attributes:
        timeout: Seconds of wall clock, or None.
        memory: Bytes of resident memory of the whole session, or None.
        idle: Seconds without any progress event while fitting, or None.
    """

    timeout: float | None = None
    memory: int | None = None
    idle: float | None = None


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How a cell's process ended.

    Attributes:
        status: One of the closed set.
        phase: The last phase it announced.
        message: One line for people.
        result: What ``result.json`` holds, empty where there is none.
        seconds: Wall clock from start to end.
        curves: Name to (epoch, value) pairs that it reported.
        log: The end of what it printed.
    """

    status: Status = "ok"
    phase: str = "prepare"
    message: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    log: str = ""


class Progress:
    """Reads the events of a child, as far as they are whole lines."""

    def __init__(self, path: Path, outcome: Outcome) -> None:
        """Start at the beginning of the file."""
        self.path, self.outcome, self.place, self.rest = path, outcome, 0, b""
        self.last = time.monotonic()

    def read(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        """Read new events, keep their curves and tell the caller."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.place)
                data = file.read(2**20)
        except OSError:
            return
        if not data:
            return
        self.place += len(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.rest = self.rest[-LINE_LIMIT:]
        for line in lines:
            with contextlib.suppress(ValueError, TypeError, AttributeError):
                event = json.loads(line)
                self.keep(event)
                tell(event)
        self.last = time.monotonic()

    def keep(self, event: Mapping[str, Any]) -> None:
        """Remember the phase and the points of curves."""
        if "phase" in event:
            self.outcome.phase = str(event["phase"])
        epoch = event.get("epoch")
        if not isinstance(epoch, (int, float)):
            return
        for name, value in event.items():
            curve = self.outcome.curves.setdefault(name, [])
            if name in ("epoch", "epochs") or not isinstance(value, (int, float)):
                del self.outcome.curves[name]
            elif len(curve) < CURVE_LIMIT and value == value and abs(value) < 1e300:  # noqa: PLR0124 - NaN is the only value unequal to itself
                curve.append((float(epoch), float(value)))


def supervise(
    launcher: Launcher,
    folder: Path,
    *,
    env: dict[str, str],
    limits: Limits,
    halt: threading.Event,
    tell: Callable[[Mapping[str, Any]], None],
) -> Outcome:
    """Run the request in ``folder`` to its end and say how it ended.

    Args:
        launcher: How to start the process.
        folder: Holds ``request.json``; gets the outputs.
        env: Variables besides those of the launcher.
        limits: Time and memory.
        halt: When set, the process is stopped and the cell is ``interrupted``.
        tell: Called with every event.
    """
    outcome = Outcome()
    log = folder / "log.txt"
    started = time.monotonic()
    child = launcher.start(folder, log, env)
    progress = Progress(folder / "events.jsonl", outcome)
    verdict: tuple[Status, str] | None = None
    wait = 0.005
    while child.poll() is None:
        time.sleep(wait)
        wait = min(wait * 1.3, 0.1)
        progress.read(tell)
        _trim(log)
        if verdict is None:
            verdict = _breach(child, limits, started, progress, halt)
            if verdict is not None:
                stop(child.pid, signal.SIGTERM)
                stopped = time.monotonic()
        elif time.monotonic() - stopped > GRACE_SECONDS:
            stop(child.pid, signal.SIGKILL)
    progress.read(tell)
    outcome.seconds = time.monotonic() - started
    outcome.log = _tail(log)
    outcome.result = _result(folder)
    outcome.status, outcome.message = verdict or _verdict(child.poll() or 0, outcome)
    if outcome.status == "ok":
        outcome.phase = "done"
    return outcome


def _breach(
    child: Child,
    limits: Limits,
    started: float,
    progress: Progress,
    halt: threading.Event,
) -> tuple[Status, str] | None:
    """Return why the process must be stopped, or None."""
    now = time.monotonic()
    if halt.is_set():
        return "interrupted", "stopped before it was done"
    if limits.timeout is not None and now - started > limits.timeout:
        return "timeout", f"longer than {limits.timeout:g} s"
    if limits.idle is not None and now - progress.last > limits.idle:
        return "timeout", f"no progress for {limits.idle:g} s"
    if limits.memory is not None:
        used = resident_bytes(child.pid)
        if used > limits.memory:
            allowed = limits.memory / 2**20
            return (
                "out-of-memory",
                f"used {used / 2**20:,.0f} MiB, allowed are {allowed:,.0f}",
            )
    return None


def _verdict(code: int, outcome: Outcome) -> tuple[Status, str]:
    """Return status and message of a process that ended by itself."""
    if code < 0:
        name = signal.Signals(-code).name
        hint = " (the system may have run out of memory)" if name == "SIGKILL" else ""
        return "crashed", f"killed by {name} while in phase {outcome.phase}{hint}"
    if not outcome.result:
        return "crashed", f"ended with status {code} and left no result"
    return outcome.result["status"], str(outcome.result.get("message", ""))


def resident_bytes(session: int) -> int:
    """Return the resident memory of every process of a session, in bytes."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = 0
    for pid in session_members(session):
        with contextlib.suppress(OSError, ValueError, IndexError):
            statm = Path(f"/proc/{pid}/statm").read_text(encoding="ascii")
            total += int(statm.split()[1]) * page
    return total


def _result(folder: Path) -> dict[str, Any]:
    """Return what the child left in ``result.json``, empty if it is no result."""
    try:
        found = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and "status" in found else {}


def _trim(log: Path) -> None:
    """Keep a log that grows without end from filling the disk."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > LOG_LIMIT:
            os.truncate(log, 0)


def _tail(log: Path) -> str:
    """Return the end of a log as text without control characters."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LOG_BYTES))
            data = file.read()
    except OSError:
        return ""
    text = data.decode(errors="backslashreplace").replace("\r", "\n")
    text = "".join(c for c in text if c.isprintable() or c in "\n\t")
    return "\n".join(text.splitlines()[-40:])[-4000:]
