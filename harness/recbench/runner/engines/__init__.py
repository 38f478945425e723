"""Engines: where cells run. Each takes jobs and hands back events and outcomes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from recbench.runner.supervise import Limits, Outcome

Kind = tuple[int, bool]  # of processes: threads, and whether they find torch loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A cell as an engine sees it.

    Attributes:
        number: Position in the plan.
        folder: Where the request goes and the outputs come.
        request: What the child is asked.
        env: Variables of the child's environment.
        limits: Time and memory.
        threads: Threads of the child.
        device: Kind of device it needs.
        restore: Writes the view of the request anew into a folder; None where an
            engine has to do without.
    """

    number: int
    folder: Path
    request: dict[str, Any]
    env: dict[str, str]
    limits: Limits
    threads: int
    device: str
    restore: Callable[[Path], None] | None = None

    @property
    def kind(self) -> Kind:
        """Return what process it needs."""
        return self.threads, bool(self.request["torch"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What an engine tells: a cell started, reported something, or ended.

    Attributes:
        number: The cell; -1 in a note, which is about none.
        event: What it reported.
        outcome: How it ended.
        note: A line for the person who waits.
    """

    number: int = -1
    event: dict[str, Any] | None = None
    outcome: Outcome | None = None
    note: str = ""


class Engine(Protocol):
    """A place where cells run."""

    def submit(self, job: Job) -> None:
        """Take a job; it starts when there is room."""
        ...

    def next(self, timeout: float) -> Message | None:
        """Return the next message, or None when there is none within ``timeout``."""
        ...

    def halt(self) -> None:
        """Stop politely: start nothing more, interrupt what runs."""
        ...

    def close(self) -> None:
        """End everything at once and free what is held."""
        ...
