"""Two runs of benchmarks side by side, and what counts as slower."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from recbench.bench.results import Timing, Timings
from recbench.bench.run import matches
from recbench.errors import DataError, NothingRanError, UsageError

LIMIT = re.compile(r"\s*([^<>=\s]+)\s*>\s*([0-9]+(?:\.[0-9]+)?)\s*(%?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What may not become slower, and by how much.

    Attributes:
        pattern: A group (``fit``) or a pattern of names (``fit:ease:*``, ``*``).
        times: The most that after may be, as a multiple of before.
    """

    pattern: str
    times: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing timed in both runs.

    Attributes:
        before: The first run's timing.
        after: The second's.
        limit: The tightest limit on it, as a multiple; None without one.
    """

    before: Timing
    after: Timing
    limit: float | None

    @property
    def times(self) -> float:
        """Return after over before, both as multiples of their own reference."""
        return self.after.ratio / self.before.ratio

    @property
    def failed(self) -> bool:
        """Return whether it became slower than its limit allows."""
        return self.limit is not None and self.times > self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs side by side.

    Attributes:
        changes: What both timed, the greatest slow-down first.
        missing: Names that only the first run has, and that a limit is set on.
        notes: What makes the comparison less certain.
    """

    changes: tuple[Change, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Return whether something became too slow, or is not timed any more."""
        return bool(self.missing) or any(change.failed for change in self.changes)


def limit_of(text: str) -> Limit:
    """Read ``fit>1.2``, ``score:ease:*>1.5`` or ``*>20%``.

    Raises:
        UsageError: If it is not written so, or allows less than no change.
    """
    found = LIMIT.fullmatch(text)
    if found is None:
        msg = f"{text!r} is no limit: write 'fit>1.2', 'score:ease:*>1.5' or '*>20%'"
        raise UsageError(msg)
    number = float(found[2])
    times = 1 + number / 100 if found[3] else number
    if times < 1:
        msg = f"{text!r} would fail without any change: 1.2 means a fifth slower"
        raise UsageError(msg)
    return Limit(pattern=found[1], times=times)


def compare(
    before: Timings, after: Timings, limits: Sequence[Limit] = ()
) -> Comparison:
    """Compare two runs.

    Raises:
        UsageError: If a limit is on nothing that was timed.
        DataError: If the two were timed beside different calculations.
        NothingRanError: If they have no name in common.
    """
    if before.reference_version != after.reference_version:
        msg = (
            "the two files were timed beside different reference calculations: "
            "make both with the same version of recbench"
        )
        raise DataError(msg)
    old = {timing.name: timing for timing in before.timings}
    new = {timing.name: timing for timing in after.timings}
    for limit in limits:
        if not any(matches(name, limit.pattern) for name in old | new):
            msg = f"no benchmark is named {limit.pattern!r}: there are "
            raise UsageError(msg + ", ".join(sorted({t.group for t in old.values()})))
    changes = [
        Change(before=old[name], after=new[name], limit=_limit(name, limits))
        for name in new
        if name in old
    ]
    if not changes:
        msg = "the two files have no benchmark in common"
        raise NothingRanError(msg)
    changes.sort(key=lambda change: -change.times)
    missing = [n for n in old if n not in new and _limit(n, limits) is not None]
    return Comparison(
        changes=tuple(changes), missing=tuple(missing), notes=_notes(before, after)
    )


def _limit(name: str, limits: Sequence[Limit]) -> float | None:
    """Return the tightest limit on a name."""
    return min((x.times for x in limits if matches(name, x.pattern)), default=None)


def _notes(before: Timings, after: Timings) -> tuple[str, ...]:
    """Say what differs beside the code."""
    notes = []
    if before.machine.get("id") != after.machine.get("id"):
        notes.append("different machines: the reference evens that out only roughly")
    for what in ("threads", "dataset"):
        old, new = getattr(before, what), getattr(after, what)
        if old != new:
            notes.append(f"different {what}: {old} and {new}")
    differing = [
        f"{name} {before.versions.get(name, 'absent')} to {version}"
        for name, version in after.versions.items()
        if before.versions.get(name) != version
    ]
    if differing:
        notes.append("other versions: " + ", ".join(differing))
    return tuple(notes)
