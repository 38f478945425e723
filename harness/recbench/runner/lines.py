"""One line per cell, for logs, notebooks and pipes."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

NOT_STARTED = "not started"


class Lines:
    """Listens to a run and prints a line when a cell ends."""

    def __init__(self, stream: TextIO | None) -> None:
        """Print to ``stream``, or nowhere."""
        self.stream = stream
        self.done, self.to_run, self.not_started = 0, 0, 0
        self.unable: list[str] = []

    def log(self, line: str) -> None:
        """Print a line for the person who waits; nobody may be there any more."""
        if self.stream is None:
            return
        try:
            print(line, file=self.stream, flush=True)
        except (OSError, ValueError):  # a closed pipe or file: the run goes on
            self.stream = None

    def listen(self, name: str, data: Mapping[str, Any]) -> None:
        """Take one event of a run."""
        if name == "run-started":
            self.to_run = data["to_run"]
            self.unable = unable(data["unable"])
            self.log(begun(data))
            for line in self.unable:
                self.log(line)
        elif name == "cell-finished":
            record = data["record"]
            if record.status == "interrupted" and record.message == NOT_STARTED:
                self.not_started += 1
                return
            self.done += 1
            self.log(f"[{self.done}/{self.to_run}] {data['title']}: {ended(record)}")
        elif name == "run-finished" and self.not_started:
            self.log(f"cells not started: {self.not_started} of {self.to_run}")


def cells(n: int) -> str:
    """Return a number of cells in words."""
    return f"{n:,} cell" if n == 1 else f"{n:,} cells"


def begun(data: Mapping[str, Any]) -> str:
    """Return what will be done, in one line."""
    to_run, n_unable = data["to_run"], len(data["unable"])
    cached = data["cells"] - to_run - n_unable
    line = f"{cells(data['cells'])}: {to_run} to run, {cached} from the store"
    if n_unable:
        line += f", {n_unable} cannot run here"
    if data["estimate"]:
        line += f"; about {data['estimate'] / data['jobs']:.0f} s"
    return f"{line}; {data['jobs']} at once"


def unable(lost: Iterable[tuple[str, str]]) -> list[str]:
    """Return a line for each model that cannot run here, and why.

    Args:
        lost: Model with parameters and reason, of every such cell.
    """
    return [
        f"cannot run here: {label} ({cells(n)}): {reason}"
        for (label, reason), n in Counter(tuple(cell) for cell in lost).items()
    ]


def ended(record: Any) -> str:  # noqa: ANN401 - a Record, not imported for a line
    """Return how a cell ended, in a few words."""
    status = "ok" if record.status == "ok" else record.status.upper()
    words = f"{status}, {record.seconds.get('total', 0):.1f} s"
    primary = record.protocol.get("selection", "")
    if record.status == "ok" and primary in record.metrics:
        value = record.metrics[primary].value
        words += f", {primary} {value:.4f}" if value is not None else ""
    elif record.message:
        words += f": {record.message.splitlines()[0][:200]}"
    return words
