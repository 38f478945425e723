"""Measure the stored outputs of a board's rows again, in many ways."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from recbench.errors import NothingRanError
from recbench.evaluation.lists import ranked_lists
from recbench.features import Text
from recbench.leaderboard.board import Board, Row
from recbench.metrics.groups import (
    SMALLEST,
    attribute_groups,
    by_group,
    cold_users,
)
from recbench.metrics.views import PerUser, RankedLists
from recbench.results.record import Record
from recbench.robustness.stability import Stability, Variant, judge
from recbench.runner.prepare import Prepared
from recbench.runner.rescore import Rescorer

RANKING = ("ndcg", "precision", "recall", "map", "mrr", "hit-rate", "rbp")
RATING = ("rmse", "mae", "rmse-per-user", "mae-per-user", "fcp")
CUTS = (1, 5, 10, 20, 50)
Run = tuple[int, int]
Name = tuple[str, str]  # axis, name


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of one run, larger being better, and how many users it has."""

    value: float
    n_users: int


def robustness(
    board: Board,
    rescorer: Rescorer,
    *,
    metrics: Sequence[str] = (),
    cuts: Sequence[int] = CUTS,
) -> Stability:
    """Return how stable the order of a board is.

    Args:
        board: The board.
        rescorer: Where its records and data sets come from.
        metrics: Metrics without cut-off to measure by; empty for those of accuracy.
        cuts: Cut-offs; those longer than the stored lists are left out.

    Raises:
        NothingRanError: If fewer than two rows are ranked.
        DataError: If a data set or split is no longer what it was.
    """
    rows = _labelled(board)
    if len(rows) < 2:
        msg = f"{board.suite} ranks {len(rows)} model: an order needs two"
        raise NothingRanError(msg)
    plan = _Plan.of(board, rescorer, metrics, cuts)
    found = {
        label: {
            (int(r.split["seed"]), r.seed): _of_record(r, rescorer, plan)
            for r in row.records
            if r.status == "ok"
        }
        for label, row in rows.items()
    }
    sign = 1.0 if board.higher_is_better[plan.primary] is not False else -1.0
    figures = {
        label: sign * float(row.metrics[plan.primary].mean or 0.0)
        for label, row in rows.items()
    }
    labels = {id(row): label for label, row in rows.items()}
    groups: dict[int, list[str]] = {}
    for row in rows.values():
        groups.setdefault(row.rank or 0, []).append(labels[id(row)])
    variants = list(_variants(found, plan.primary))
    return judge(board.suite, plan.primary, figures, list(groups.values()), variants)


def _labelled(board: Board) -> dict[str, Row]:
    """Return the ranked rows by a label that is theirs alone."""
    rows: dict[str, Row] = {}
    for row in board.ranked:
        label, number = row.label, 1
        while label in rows:
            number += 1
            label = f"{row.label} ({number})"
        rows[label] = row
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is measured of every run: metric name to axis, and the primary one."""

    primary: str
    metrics: Mapping[str, str]
    upward: Mapping[str, bool]

    @classmethod
    def of(
        cls,
        board: Board,
        rescorer: Rescorer,
        metrics: Sequence[str],
        cuts: Sequence[int],
    ) -> "_Plan":
        """Return the plan of a board."""
        primary = board.layout.primary
        base, _, cut = primary.partition("@")
        names = {primary: ""}
        if board.task == "rating":
            for name in metrics or RATING:
                names.setdefault(name, "metric")
        else:
            k = int(board.protocol.get("k", 0) or 0)
            usable = sorted({c for c in cuts if 1 <= c <= k} | {int(cut or k)})
            for metric in dict.fromkeys((base, *(metrics or RANKING))):
                for at in usable:
                    if metric == base:
                        axis = "cut-off"
                    else:
                        same = at == int(cut or k)
                        axis = "metric" if same else "metric and cut-off"
                    names.setdefault(f"{metric}@{at}", axis)
        known = rescorer.catalogue.metrics
        directions = {}
        for name in names:
            spec = known.get(name.partition("@")[0])
            directions[name] = spec is None or spec.higher_is_better is not False
        return cls(primary=primary, metrics=names, upward=directions)


def _of_record(record: Record, rescorer: Rescorer, plan: _Plan) -> dict[Name, Figure]:
    """Return every figure of one run."""
    values = rescorer.values(record, list(plan.metrics))
    primary = values[plan.primary]
    found: dict[Name, Figure] = {}
    for name, axis in plan.metrics.items():
        value = values[name]
        if isinstance(value, PerUser):
            sign = 1.0 if plan.upward[name] else -1.0
            users = int(np.count_nonzero(value.weights))
            figure = Figure(value=sign * value.figure(), n_users=users)
        else:
            figure = Figure(value=float(value), n_users=0)
        found[axis, name] = figure
    if isinstance(primary, PerUser):
        sign = 1.0 if plan.upward[plan.primary] else -1.0
        members = user_groups(rescorer.prepared(record), primary.users)
        for group, part in by_group(primary, members).items():
            n = int(np.count_nonzero(part.weights))
            if n >= SMALLEST:
                figure = Figure(value=sign * part.figure(), n_users=n)
                found["users", f"{plan.primary}, {group}"] = figure
    return found


def user_groups(
    part: Prepared, users: NDArray[np.int32]
) -> dict[str, NDArray[np.bool_]]:
    """Return groups of users by activity and by every attribute.

    Args:
        part: The split they were tested on.
        users: User codes, shape ``(n,)``, ascending.

    Returns:
        Name to bool, shape ``(n,)``.
    """
    everyone = _everyone(part)
    cold = np.zeros(part.test.n_users, dtype=np.bool_)
    cold[everyone.users] = cold_users(everyone)
    groups = {"cold users": cold[users], "warm users": ~cold[users]}
    features = everyone.user_features
    kinds = {} if features is None else features.columns
    for column in (name for name, c in kinds.items() if not isinstance(c, Text)):
        for name, members in attribute_groups(everyone, column).items():
            flags = np.zeros(part.test.n_users, dtype=np.bool_)
            flags[everyone.users] = members
            groups[f"{column} {name}"] = flags[users]
    return groups


def _everyone(part: Prepared) -> RankedLists:
    """Return empty lists of every test user: what groups are read from."""
    relevance = None if part.view.task == "rating" else part.view.relevance
    return ranked_lists(
        np.full((0, 1), -1, dtype=np.int32),
        np.zeros(0, dtype=np.int32),
        test=part.test,
        train=part.view.train,
        candidates=part.view.candidates,
        relevance=relevance,
    )


def _variants(
    found: Mapping[str, Mapping[Run, Mapping[Name, Figure]]], primary: str
) -> Iterator[Variant]:
    """Yield every variant that all rows have in all their runs."""
    runs = [set(of_row) for of_row in found.values()]
    one = next(iter(found.values()))
    names = next(iter(one.values())).keys()
    for axis, name in names:
        if not axis:
            continue
        cells = [r.get((axis, name)) for row in found.values() for r in row.values()]
        known = [c for c in cells if c is not None and np.isfinite(c.value)]
        if len(known) == len(cells):
            yield Variant(
                axis=axis,
                name=name,
                figures={
                    label: _mean(row, (axis, name)) for label, row in found.items()
                },
                n_users=round(fmean(c.n_users for c in known)),
            )
    yield from _by_run(found, sorted(set.intersection(*runs)), primary)


def _mean(
    row: Mapping[Run, Mapping[Name, Figure]],
    name: Name,
    keep: Sequence[Run] | None = None,
) -> float:
    """Average the runs of each split, then the splits, as the board does."""
    splits: dict[int, list[float]] = {}
    for run, figures in row.items():
        if keep is None or run in keep:
            splits.setdefault(run[0], []).append(figures[name].value)
    return fmean(fmean(values) for values in splits.values())


def _by_run(
    found: Mapping[str, Mapping[Run, Mapping[Name, Figure]]],
    shared: Sequence[Run],
    primary: str,
) -> Iterator[Variant]:
    """Yield the primary metric on each split and, with several, for each model seed."""
    splits = sorted({split for split, _ in shared})
    several = len({seed for _, seed in shared}) > 1 and len(shared) > len(splits)
    axes = [("split", 0, splits)] if len(splits) > 1 else []
    if several:
        axes.append(("seed", 1, sorted({seed for _, seed in shared})))
    for axis, place, numbers in axes:
        for number in numbers:
            keep = [run for run in shared if run[place] == number]
            cells = [row[run]["", primary] for row in found.values() for run in keep]
            yield Variant(
                axis=axis,
                name=f"{primary}, {axis} {number}",
                figures={
                    label: _mean(row, ("", primary), keep)
                    for label, row in found.items()
                },
                n_users=round(fmean(c.n_users for c in cells)),
            )
