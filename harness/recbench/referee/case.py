"""The records under audit, in the ways that checks look at them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from recbench.results import canonical
from recbench.results.record import Record

Search = tuple[Mapping[str, Any], Mapping[str, Any]]  # parameters found, budget

NAMED = 5  # rows that a message names
LONG = 40  # characters of a name


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is audited.

    Attributes:
        suite: Name of the suite.
        records: The records that the board shows, of any status.
        others: Records of the suite that the board leaves out.
        baselines: Models that the board must show; None where the suite is unknown.
        presets: Model to the parameter sets that ship as tuned.
        searches: Model to the searches that looked at what the records are of, each
            with the parameters that it found and its budget.
    """

    suite: str
    records: tuple[Record, ...]
    others: tuple[Record, ...] = ()
    baselines: tuple[str, ...] | None = ()
    presets: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    searches: Mapping[str, Sequence[Search]] = field(default_factory=dict)

    @cached_property
    def rows(self) -> dict[str, tuple[Record, ...]]:
        """Records of each row of the board, by its label."""
        groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
        for record in self.records:
            params = canonical.encode(record.params).decode()
            budget = canonical.encode(record.budget).decode()
            groups[record.model, params, budget].append(record)
        rows: dict[str, tuple[Record, ...]] = {}
        for key in sorted(groups):
            label = name = groups[key][0].label or groups[key][0].model
            number = 1
            while label in rows:
                number += 1
                label = f"{name} ({number})"
            rows[label] = tuple(groups[key])
        return rows

    @cached_property
    def ok(self) -> tuple[Record, ...]:
        """The records that ended well."""
        return tuple(r for r in self.records if r.status == "ok")

    @cached_property
    def splits(self) -> tuple[int, ...]:
        """Split seeds of the board, ascending."""
        return tuple(sorted({seed_of(r) for r in self.records}))

    @property
    def protocol(self) -> Mapping[str, Any]:
        """The protocol of the records shown."""
        return self.records[0].protocol if self.records else {}

    def leaks(self, name: str) -> dict[int, Mapping[str, Any] | None]:
        """Return what each split is recorded to leak, by split seed."""
        return {
            seed_of(r): r.split["leakage"].get(name)
            for r in self.records
            if r.split.get("leakage")
        }


def looked_at(budget: Mapping[str, Any], record: Record) -> bool:
    """Return whether a search was on the suite, data and protocol of a record."""
    data = budget.get("dataset") or {}
    return bool(
        budget.get("suite") == record.suite
        and data.get("fingerprint") == record.dataset.get("fingerprint")
        and budget.get("protocol_hash") == record.protocol_hash
    )


def seed_of(record: Record) -> int:
    """Return the split seed of a record."""
    return int(record.split.get("seed", 0))


def named(rows: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = len(rows) - NAMED
    short = (row if len(row) <= LONG else row[: LONG - 1] + "…" for row in rows[:NAMED])
    return ", ".join(short) + (f" and {more} more" if more > 0 else "")


def worst(
    leaks: Mapping[int, Mapping[str, Any] | None], value: str = "share"
) -> tuple[int, Mapping[str, Any]] | None:
    """Return the split seed that leaks most, and how much; None where unknown."""
    known = {seed: leak for seed, leak in leaks.items() if leak is not None}
    if not known:
        return None
    seed = max(known, key=lambda s: (known[s][value], -s))
    return seed, known[seed]


Check = Callable[[Case], Any]
