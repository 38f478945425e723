"""Watch the process of one cell from outside: time, memory, progress, its end.

The same function serves a thread of the local engine and a task on a cluster.
"""

import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from recbench.results.record import Status
from recbench.runner import handed
from recbench.runner.channel import Channel
from recbench.runner.launch import Child, Launcher, stop
from recbench.runner.processes import exceeds, kernel_kills, kill_session
from recbench.runner.progress import Progress

GRACE_SECONDS = 3.0
GIVE_UP_SECONDS = 30.0  # after SIGKILL: a process that the kernel cannot end
POLL_SECONDS = 0.1
CANNOT_WRITE = 74  # exit status of a child that could not write its result


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a cell may use.

    Attributes:
        timeout: Seconds of wall clock, or None.
        memory: Bytes of resident memory of all its processes together, or None.
        idle: Seconds without any event or output, or None.
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
        trouble: What failed in the machine or the harness, empty where nothing did.
            The status is then ``interrupted``: nothing is known about the model, and
            the cell is worth another try.
        retry: Whether that other try may be made in the same run.
        warnings: What happened before it went well.
        machine: Facts of the machine where it ran; empty for this one.
    """

    status: Status = "ok"
    phase: str = "prepare"
    message: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    log: str = ""
    trouble: str = ""
    retry: bool = True
    warnings: list[str] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=dict)


def troubled(reason: str, *, retry: bool = True) -> Outcome:
    """Return the outcome of a cell about whose model nothing was learnt."""
    return Outcome(
        status="interrupted",
        message=f"not the model's fault: {reason}",
        trouble=reason,
        retry=retry,
    )


def supervise(
    launcher: Launcher,
    folder: Path,
    *,
    env: dict[str, str],
    limits: Limits,
    halt: threading.Event,
    tell: Callable[[Mapping[str, Any]], None],
    questions: bytes | None = None,
) -> Outcome:
    """Run the request in ``folder`` to its end and say how it ended.

    Args:
        launcher: How to start the process.
        folder: Holds ``request.json``; gets the outputs.
        env: Variables besides those of the launcher.
        limits: Time and memory.
        halt: When set, the process is stopped and the cell is ``interrupted``.
        tell: Called with every event.
        questions: What to ask of the model, handed over when it is fitted; None
            where the view holds it.

    Raises:
        LaunchError: If the process could not be started.
        OSError: If the folder cannot be written.
    """
    outcome = Outcome()
    with Channel(folder, questions) as channel:
        kills = kernel_kills()
        child = launcher.start(folder, channel.log_path, env)
        child.on_end = channel.ring
        started = time.monotonic()  # what the launcher had to load is not the cell's
        progress = Progress(channel.events, outcome, tell)
        try:
            verdict = _watch(child, channel, progress, limits, halt)
        finally:
            if child.poll() is None:
                kill_session(child.pid)
        outcome.seconds = time.monotonic() - started
        progress.read(last=True)
        outcome.log = channel.tail()
        outcome.result = handed.result(folder, channel.token)
    finished = outcome.result and child.poll() == 0
    if verdict is None or (verdict[0] == "interrupted" and finished):
        verdict = _verdict(child, outcome, killed=kernel_kills() > kills)
    outcome.status, outcome.message = verdict
    if outcome.status == "ok":
        outcome.phase = "done"
    return outcome


def _watch(
    child: Child,
    channel: Channel,
    progress: Progress,
    limits: Limits,
    halt: threading.Event,
) -> tuple[Status, str] | None:
    """Watch a process to its end; return why it had to be stopped, if it had."""
    verdict: tuple[Status, str] | None = None
    wait, stopped = 0.005, 0.0
    begun = heard = time.monotonic()
    while child.poll() is None:
        channel.wait(wait)
        wait = min(wait * 1.3, POLL_SECONDS)
        now = time.monotonic()
        if progress.read() | channel.grown():
            heard = now
        if progress.outcome.phase == "score":
            channel.ask()
        if verdict is None:
            verdict = _breach(child, limits, halt, now - begun, now - heard)
            if verdict is not None:
                stopped = now
                stop(child.pid, signal.SIGTERM)
        elif now - stopped > GRACE_SECONDS + GIVE_UP_SECONDS:
            break
        elif now - stopped > GRACE_SECONDS:
            kill_session(child.pid)
    return verdict


def _breach(
    child: Child, limits: Limits, halt: threading.Event, age: float, quiet: float
) -> tuple[Status, str] | None:
    """Return why the process must be stopped, or None."""
    if halt.is_set():
        return "interrupted", "stopped before it was done"
    if limits.timeout is not None and age > limits.timeout:
        return "timeout", f"longer than {limits.timeout:g} s"
    if limits.idle is not None and quiet > limits.idle:
        return "timeout", f"no progress for {limits.idle:g} s"
    if limits.memory is not None:
        used = exceeds(child.watcher, limits.memory)
        if used:
            allowed = limits.memory / 2**20
            return (
                "out-of-memory",
                f"used {used / 2**20:,.0f} MiB, allowed are {allowed:,.0f}",
            )
    return None


def _verdict(  # noqa: PLR0911 - one line for each way to end
    child: Child, outcome: Outcome, *, killed: bool
) -> tuple[Status, str]:
    """Return status and message of a process that ended by itself."""
    code, phase, left = child.poll() or 0, outcome.phase, outcome.result
    if child.lost:
        return _trouble(outcome, "the process that starts cells has ended")
    if code == -signal.SIGKILL and killed:
        return "out-of-memory", f"killed by the system for its memory, in phase {phase}"
    if code < 0:
        name = signal.Signals(-code).name
        return "crashed", f"killed by {name} while in phase {phase}"
    if not left and code == CANNOT_WRITE:
        return _trouble(outcome, "its result could not be written (see the log)")
    if not left:
        return "crashed", f"ended with status {code} and left no result"
    if left["status"] == handed.TROUBLE:
        outcome.retry = left["retry"]
        return _trouble(outcome, left["message"])
    return cast("Status", left["status"]), left["message"]


def _trouble(outcome: Outcome, reason: str) -> tuple[Status, str]:
    """Note that the model is not to blame."""
    outcome.trouble = reason
    found = troubled(reason)
    return found.status, found.message
