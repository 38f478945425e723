"""Rows of a board: what became of the runs, what they cost, what reproduces them."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from recbench.leaderboard.board import Estimate, Row
from recbench.leaderboard.selection import run_of
from recbench.results.record import Record

WORST = (
    "crashed",
    "failed",
    "out-of-memory",
    "timeout",
    "invalid",
    "interrupted",
    "skipped",
)


def row(
    records: Sequence[Record], metrics: dict[str, Estimate], splits: Sequence[int]
) -> Row:
    """Return the row of one model, without what needs the other rows.

    Args:
        records: Its records, by run.
        metrics: Its figures over the runs that ended ``ok``.
        splits: Split seeds of the whole board.
    """
    ok = [record for record in records if record.status == "ok"]
    first = (ok or list(records))[0]
    status = _status(records)
    machine = _machine(ok)
    costs = [r for r in ok if _machine_id(r) == machine]
    mine = {run_of(record)[0] for record in records}
    return Row(
        model=first.model,
        label=first.label or first.model,
        params=first.params,
        budget=first.budget,
        status=status,
        note=_note(records, status),
        reason=_reason(records),
        metrics=metrics,
        fit_seconds=_median([r.seconds.get("fit") for r in costs]),
        score_seconds=_median([r.seconds.get("score") for r in costs]),
        latency_ms=_median([_milliseconds(r.seconds.get("latency")) for r in costs]),
        peak_mib=_median([r.peak_mib for r in costs]),
        size_mib=_median([r.size_mib for r in costs]),
        n_parameters=max((r.n_parameters or 0 for r in ok), default=0) or None,
        seeds=len(ok),
        runs=tuple((*run_of(r), r.status) for r in records),
        missing=tuple(seed for seed in splits if seed not in mine),
        device="+".join(sorted({r.device for r in ok or records})),
        threads=max(r.threads for r in ok or records),
        machine=machine,
        machines=tuple(sorted({_machine_id(r) for r in ok})),
        plugin=" ".join(str(first.plugin.get(k, "")) for k in ("name", "version")),
        commands=tuple(dict.fromkeys(r.command for r in records if r.command)),
        records=tuple(records),
    )


def _status(records: Sequence[Record]) -> str:
    """Return ``ok``, or the most frequent way to fail, the worst among equals."""
    counts = Counter(record.status for record in records)
    failed = [status for status in WORST if counts[status]]  # type: ignore[index]  # a str of the Literal
    return max(failed, key=lambda s: counts[s]) if failed else "ok"  # type: ignore[index]  # see above


def _note(records: Sequence[Record], status: str) -> str:
    """Return the status for people, with how many runs it befell."""
    n = len(records)
    if status == "ok" or n == 1:
        return status
    counts = Counter(record.status for record in records if record.status != "ok")
    if len(counts) == 1:
        return f"{status} ({counts.total()} of {n} seeds)"
    parts = (f"{name} {counts[name]}" for name in WORST if name in counts)  # type: ignore[index]  # see above
    return f"{', '.join(parts)} of {n} seeds"


def _reason(records: Sequence[Record]) -> str:
    """Return the distinct messages of the runs that failed, the first three."""
    said = dict.fromkeys(
        record.message or f"no message, phase {record.phase}"
        for record in records
        if record.status != "ok"
    )
    return " / ".join(list(said)[:3]) + (" / ..." if len(said) > 3 else "")


def _machine_id(record: Record) -> str:
    """Return the id of a record's machine."""
    return str(record.machine.get("id", ""))


def _machine(ok: Sequence[Record]) -> str:
    """Return the machine most runs come from, the first by id among equals."""
    counts = Counter(_machine_id(record) for record in ok)
    return min(counts, key=lambda name: (-counts[name], name)) if counts else ""


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds


def _median(values: Sequence[float | None]) -> float | None:
    """Return the median of the values that are known."""
    known = [value for value in values if value is not None]
    return float(median(known)) if known else None
