"""Two folders of results: each model compared with itself."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from recbench.errors import NothingRanError, UsageError, unknown_name
from recbench.leaderboard import assemble, selection
from recbench.leaderboard.comparison import (
    Correction,
    Line,
    judged,
    line,
    wanted_metrics,
)
from recbench.leaderboard.layout import Layout, from_records
from recbench.results.record import Record
from recbench.results.store import Store

LayoutOf = Callable[[str], Layout | None]


def compare(
    a: Path,
    b: Path,
    layout_of: LayoutOf,
    *,
    suites: Iterable[str] = (),
    metrics: Sequence[str] = (),
    correction: Correction = "holm",
) -> list[Line]:
    """Compare each model with itself in another folder of results.

    Args:
        a: A folder such as ``leaderboards``.
        b: Another.
        layout_of: Gives the columns of a suite.
        suites: Suites to compare; empty for all that both have.
        metrics: Metrics to compare; empty for the primary one.
        correction: How p-values are corrected for the number of lines.

    Raises:
        NothingRanError: If the folders share no suite or no model.
    """
    stores = Store(a), Store(b)
    shared = [s for s in stores[0].suites() if s in stores[1].suites()]
    asked = list(suites) or shared
    lines: list[Line] = []
    behind: list[Record] = []
    for suite in asked:
        if suite not in shared:
            raise unknown_name("suite in both folders", suite, shared)
        found, records = _suite(suite, stores, layout_of(suite), metrics)
        lines += found
        behind += records
    if not lines:
        msg = f"{a} and {b} share no model of a suite whose runs ended ok"
        raise NothingRanError(msg)
    return judged(lines, correction, behind)


def _suite(
    suite: str,
    stores: tuple[Store, Store],
    layout: Layout | None,
    metrics: Sequence[str],
) -> tuple[list[Line], list[Record]]:
    """Return the lines of one suite in two stores, and the records behind them."""
    protocol = layout.protocol if layout else None
    sides = [selection.select(store.records(suite), protocol) for store in stores]
    both = [*sides[0].records, *sides[1].records]
    _same_data(suite, sides)
    shown = layout or from_records(both)
    wanted = wanted_metrics(metrics, shown) if metrics else [shown.primary]
    versions = assemble.newest_versions(both, wanted)
    rows = [{selection.row_key(row[0]): row for row in side.rows} for side in sides]
    lines = []
    for key in sorted(rows[0].keys() & rows[1].keys()):
        pair = [row[key] for row in rows]
        a, b = (
            assemble.samples_of(row, versions, store.per_user, [])
            for row, store in zip(pair, stores, strict=True)
        )
        label = pair[0][0].label
        lines += [
            line(suite, metric, shown, (label, a[metric]), (label, b[metric]))
            for metric in wanted
            if metric in a and metric in b
        ]
    return lines, both


def _same_data(suite: str, sides: Sequence[selection.Selection]) -> None:
    """Refuse to compare what was measured differently."""
    for what in ("protocol", "data set"):
        found = [{_identity(r, what) for r in side.records} - {""} for side in sides]
        if found[0] and found[1] and not found[0] & found[1]:
            msg = (
                f"{suite}: the folders measured another {what}, so their figures "
                "cannot be compared; run both with the same version and data"
            )
            raise UsageError(msg)


def _identity(record: Record, what: str) -> str:
    """Return the hash of a record's protocol or data set."""
    if what == "protocol":
        return record.protocol_hash
    return str(record.dataset.get("fingerprint", ""))
