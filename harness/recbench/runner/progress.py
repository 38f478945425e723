"""What a child reports while it works: phases, epochs, curves."""

import json
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any

from recbench.runner.handed import clean, number

if TYPE_CHECKING:
    from recbench.runner.supervise import Outcome

READ_BYTES = 2**20
READS = 64  # at the end of a cell; what is beyond is not worth the wait
LINE_LIMIT = 64 * 2**10
CURVE_LIMIT = 10_000
CURVES, NAME_LENGTH = 50, 60
PHASES = ("load", "fit", "score")

Tell = Callable[[Mapping[str, Any]], None]


class Progress:
    """Reads the events of a child, as far as they are whole lines."""

    def __init__(self, file: IO[bytes], outcome: "Outcome", tell: Tell) -> None:
        """Start at the beginning of the file."""
        self.file, self.outcome, self.tell = file, outcome, tell
        self.rest = b""

    def read(self, *, last: bool = False) -> bool:
        """Read what is new; return whether anything was.

        Args:
            last: Whether the child has ended, so that all there is must be read.
        """
        heard = False
        for _ in range(READS if last else 1):
            data = self.file.read(READ_BYTES)
            if not data:
                break
            heard = True
            *lines, self.rest = (self.rest + data).split(b"\n")
            self.rest = self.rest[-LINE_LIMIT:]
            self.take(lines)
        return heard

    def take(self, lines: list[bytes]) -> None:
        """Keep phases and curves; tell of every phase, and of the newest epoch only.

        A model that reports ten thousand times a second must not drown the listener.
        """
        newest: dict[str, Any] = {}
        for line in lines:
            event = _event(line)
            if "phase" in event:
                self.outcome.phase = event["phase"]
                self.tell({"phase": event["phase"]})
            elif event:
                self.keep(event)
                newest = event
        if newest:
            self.tell(newest)

    def keep(self, event: Mapping[str, float]) -> None:
        """Remember the points of curves."""
        epoch = event.get("epoch")
        if epoch is None:
            return
        for name, value in event.items():
            curves = self.outcome.curves
            if name in ("epoch", "epochs") or (
                name not in curves and len(curves) >= CURVES
            ):
                continue
            curve = curves.setdefault(name, [])
            if len(curve) < CURVE_LIMIT:
                curve.append((epoch, value))


def _event(line: bytes) -> dict[str, Any]:
    """Return a phase or finite numbers by clean names; empty if it is neither."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    if found.get("phase") in PHASES:
        return {"phase": found["phase"]}
    found.pop("phase", None)  # none that is known: a number is no phase either
    numbers = {clean(str(k), NAME_LENGTH): number(v) for k, v in found.items()}
    return {name: value for name, value in numbers.items() if value is not None}
