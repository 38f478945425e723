"""Which records may stand on one board, and which of them make up a row."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from recbench.results import canonical
from recbench.results.record import Record

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The records of a board, by row, and what was left out.

    Attributes:
        rows: Records of each row, by split seed and model seed; rows in a fixed order.
        notes: One sentence for everything left out.
    """

    rows: tuple[tuple[Record, ...], ...]
    notes: tuple[str, ...]

    @property
    def records(self) -> tuple[Record, ...]:
        """Return the records of all rows."""
        return tuple(record for row in self.rows for record in row)


def select(
    records: Sequence[Record], protocol: Mapping[str, Any] | None = None
) -> Selection:
    """Return the comparable records, whatever order they came in.

    Records share a board only if protocol, data set and splits agree. The suite's
    present protocol wins where it is known, else what most records were measured
    under, else the newest.

    Args:
        records: Records of one suite, one attempt a cell.
        protocol: The suite's present protocol as plain data, or None.
    """
    notes: list[str] = []
    kept = sorted(records, key=_order)
    kept = _largest(kept, _measured, notes, "another protocol or data set", protocol)
    by_seed: dict[Any, list[Record]] = defaultdict(list)
    for record in kept:
        by_seed[record.split.get("seed", 0)].append(record)
    kept = []
    for seed in sorted(by_seed):
        what = f"another split under the split seed {seed}"
        kept += _largest(by_seed[seed], _split_hash, notes, what)
    by_row: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in kept:
        by_row[row_key(record)].append(record)
    rows = []
    older: dict[str, int] = {}
    for key in sorted(by_row):
        found = _newest(by_row[key])
        if len(found) < len(by_row[key]):
            older[found[0].label] = len(by_row[key]) - len(found)
        rows.append(tuple(_one_per_run(found)))
    if older:
        left_out = _left_out(sum(older.values()))
        notes.append(f"{left_out} other versions of the plugin: {', '.join(older)}.")
    return Selection(rows=tuple(rows), notes=tuple(notes))


def row_key(record: Record) -> tuple[str, str, str]:
    """Return what makes a row: model, parameters, tuning budget."""
    params = canonical.encode(record.params).decode()
    return record.model, params, canonical.encode(record.budget).decode()


def run_of(record: Record) -> tuple[int, int]:
    """Return (split seed, model seed)."""
    return int(record.split.get("seed", 0)), record.seed


def _order(record: Record) -> tuple[Any, ...]:
    """Return a key that orders any records in one way only."""
    return (*row_key(record), *run_of(record), record.started, record.key)


def _measured(record: Record) -> tuple[str, str] | None:
    """Return what must agree for figures to be comparable; None where unknown."""
    fingerprint = record.dataset.get("fingerprint")
    return (record.protocol_hash, str(fingerprint)) if fingerprint else None


def _split_hash(record: Record) -> str | None:
    """Return the hash of the split; None where the cell failed before it."""
    return record.split.get("hash") or None


def _largest(
    records: list[Record],
    key: Callable[[Record], Key | None],
    notes: list[str],
    what: str,
    protocol: Mapping[str, Any] | None = None,
) -> list[Record]:
    """Keep the group of records that counts; note how many are left out."""
    groups: dict[Key, list[Record]] = defaultdict(list)
    unknown: list[Record] = []  # cells that failed before it was known stay visible
    for record in records:
        name = key(record)
        (unknown if name is None else groups[name]).append(record)
    if len(groups) < 2:
        return records

    def weight(name: Key) -> tuple[bool, int, int, str, str]:
        group = groups[name]
        ok = sum(record.status == "ok" for record in group)
        current = protocol is not None and _same(group[0].protocol, protocol)
        newest = max(record.started for record in group)
        return current, ok, len(group), newest, repr(name)

    chosen = max(groups, key=weight)
    left_out = len(records) - len(groups[chosen]) - len(unknown)
    notes.append(f"{_left_out(left_out)} {what}.")
    return sorted([*groups[chosen], *unknown], key=_order)


def _same(recorded: Mapping[str, Any], protocol: Mapping[str, Any]) -> bool:
    """Return whether a record's protocol is the suite's present one."""
    return {name: recorded.get(name) for name in protocol} == dict(protocol)


def _left_out(number: int) -> str:
    """Return the beginning of a note."""
    noun = "record is" if number == 1 else "records are"
    return f"{number} {noun} not shown, as measured under"


def _newest(records: list[Record]) -> list[Record]:
    """Keep the records of the plugin source that was measured last.

    A source of which nothing ran (interrupted, skipped) does not displace another.
    """
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        groups[str(record.plugin.get("hash", ""))].append(record)

    def weight(source: str) -> tuple[bool, str, str]:
        ran = any(r.status not in ("interrupted", "skipped") for r in groups[source])
        return ran, max(r.started for r in groups[source]), source

    return groups[max(groups, key=weight)]


def _one_per_run(records: list[Record]) -> list[Record]:
    """Keep one record per run: the newest ``ok`` one, else the newest."""
    best: dict[tuple[int, int], Record] = {}
    for record in records:
        held = best.get(run_of(record))
        if held is None or _counts(record) > _counts(held):
            best[run_of(record)] = record
    return [best[run] for run in sorted(best)]


def _counts(record: Record) -> tuple[bool, str, str]:
    """Return what decides which of two attempts counts."""
    return record.status == "ok", record.started, record.key
