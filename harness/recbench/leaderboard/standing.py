"""How the rows of a board stand to each other: order, ranks, differences, cost."""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from recbench.leaderboard.board import Estimate, Row
from recbench.leaderboard.layout import Layout
from recbench.leaderboard.selection import row_key
from recbench.statistics.intervals import interval
from recbench.statistics.paired import smallest_difference_between
from recbench.statistics.ranking import (
    adjusted,
    best_probability,
    cliques,
    p_values,
    ranks,
)
from recbench.statistics.sample import Sample, difference, units


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A row with its sample of the primary metric; None where it is not ranked."""

    row: Row
    sample: Sample | None


def place(found: Sequence[Standing], layout: Layout, *, upward: bool) -> dict[str, Any]:
    """Return the fields of the board that compare its rows.

    Args:
        found: One a row, in any order.
        layout: The columns.
        upward: Whether larger values of the primary metric are better.
    """
    ordered = sorted(found, key=lambda one: _place(one, layout.primary, upward=upward))
    samples = [one.sample for one in ordered if one.sample is not None]
    rows = [one.row for one in ordered]
    p = p_values(samples)
    rows = _with_ranks(rows, samples, ranks(p), upward=upward)
    rows = _with_differences(rows, samples, layout.reference)
    rows = _with_pareto(rows, layout.primary, upward=upward)
    return {
        "rows": tuple(rows),
        "over": interval(units(samples[0])).over if samples else "",
        "groups": _groups(rows),
        "cliques": tuple(cliques(adjusted(p))),
        "smallest": _smallest(samples),
    }


def _place(one: Standing, metric: str, *, upward: bool) -> tuple[int, float, str, Any]:
    """Return the sort key: ranked rows, then partly and wholly failed, then skipped."""
    known = one.row.metrics.get(metric)
    size = math.inf
    if known and known.mean is not None:
        size = round(-known.mean if upward else known.mean, 12)
    block = 0 if one.sample is not None else 1 if one.row.metrics else 2
    if block == 2 and one.row.status == "skipped":
        block = 3
    return block, size, one.row.label, row_key(one.row.records[0])


def _with_ranks(
    rows: Sequence[Row],
    samples: Sequence[Sample],
    places: Sequence[int],
    *,
    upward: bool,
) -> list[Row]:
    """Give the ranked rows, which stand first, their rank and chance to be best."""
    chances = best_probability(samples, higher_is_better=upward)
    ranked = [
        dataclasses.replace(found, rank=rank, best_probability=float(chance))
        for found, rank, chance in zip(rows, places, chances, strict=False)
    ]
    return [*ranked, *rows[len(ranked) :]]


def _with_differences(
    rows: Sequence[Row], samples: Sequence[Sample], reference: str
) -> list[Row]:
    """Add each ranked row's paired difference to the reference model.

    The reference is the row of that model with default parameters, else the best.
    """
    named = [i for i in range(len(samples)) if rows[i].model == reference]
    if not named:
        return list(rows)
    base = min(named, key=lambda i: (rows[i].label != reference, i))
    out = list(rows)
    for i, one in enumerate(samples):
        delta = difference(one, samples[base])
        if i == base or delta is None:
            continue
        known = interval(delta)
        below = units(samples[base]).mean
        out[i] = dataclasses.replace(
            rows[i],
            difference=Estimate(mean=known.mean, low=known.low, high=known.high),
            ratio=units(one).mean / below if below else None,
        )
    return out


def _with_pareto(rows: Sequence[Row], metric: str, *, upward: bool) -> list[Row]:
    """Mark the rows that no row of the same machine beats in figure and fit time."""
    points = [pareto_point(found, metric, upward=upward) for found in rows]
    by_machine: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for found, point in zip(rows, points, strict=True):
        if point is not None:
            by_machine[found.machine].append(point)
    return [
        dataclasses.replace(
            found,
            pareto=point is not None
            and not any(
                q[0] <= point[0] and q[1] <= point[1] and q != point
                for q in by_machine[found.machine]
            ),
        )
        for found, point in zip(rows, points, strict=True)
    ]


def pareto_point(
    found: Row, metric: str, *, upward: bool
) -> tuple[float, float] | None:
    """Return (loss, fit seconds), both the smaller the better; None if unranked."""
    known = found.metrics.get(metric)
    if found.rank is None or found.fit_seconds is None or known is None:
        return None
    mean = known.mean or 0.0
    return (-mean if upward else mean), found.fit_seconds


def _groups(rows: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    """Return the labels of rows that share a rank, best group first."""
    by_rank: dict[int, list[str]] = defaultdict(list)
    for found in rows:
        if found.rank is not None:
            by_rank[found.rank].append(found.label)
    return tuple(tuple(by_rank[rank]) for rank in sorted(by_rank))


def _smallest(samples: Sequence[Sample]) -> float | None:
    """Return the median smallest detectable difference to the best model."""
    found = [smallest_difference_between(samples[0], other) for other in samples[1:]]
    known = [value for value in found if value is not None]
    return float(median(known)) if known else None
