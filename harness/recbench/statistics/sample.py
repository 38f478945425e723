"""One model's values of one metric, as a table of users by runs.

A run is a pair (split seed, model seed). Runs that share a split are averaged first,
because they share its training data and its test items: with several splits the
*unit* of replication is the split. With one split it is the model seed.

The figure of a run is a weighted mean over users, or its square root. Either is
linearised: the *influence* of a user is how much the figure owes to that user, so
that figure minus truth is, to first order, the sum of influences. Users are clusters
of their test ratings, and a metric such as RMSE, whose users weigh differently, needs
no case of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from recbench.metrics.views import PerUser

Run = tuple[int, int]
Axis = Literal["splits", "seeds", "none"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Figures and influences of one model, run by run.

    Attributes:
        runs: (split seed, model seed) of each run, ascending.
        figures: float64, shape ``(r,)``.
        users: int32, shape ``(u,)``, ascending: everyone who counts in any run; empty
            where the metric has no per-user values.
        influence: float64, shape ``(r, u)``; 0 where a user does not count in a run.
    """

    runs: tuple[Run, ...]
    figures: NDArray[np.float64]
    users: NDArray[np.int32]
    influence: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Units:
    """A sample by unit of replication.

    Attributes:
        axis: What a unit is: a split, a model seed, or ``none`` where there is one.
        names: Seed of each unit, ascending.
        figures: float64, shape ``(c,)``.
        users: int32, shape ``(u,)``.
        influence: float64, shape ``(c, u)``.
    """

    axis: Axis
    names: tuple[int, ...]
    figures: NDArray[np.float64]
    users: NDArray[np.int32]
    influence: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Return the figure that stands on the board."""
        return float(self.figures.mean())


def sample(
    figures: Mapping[Run, float], per_user: "Mapping[Run, PerUser] | None" = None
) -> Sample:
    """Return the sample of one model and one metric.

    Args:
        figures: Each run's figure, as recorded.
        per_user: Each run's per-user values; None, or a run missing, where the
            metric describes all lists together: then no user counts.
    """
    runs = tuple(sorted(figures))
    values = np.array([figures[run] for run in runs], dtype=np.float64)
    tables = [(per_user or {}).get(run) for run in runs]
    known = [table for table in tables if table is not None]
    if len(known) < len(runs):
        known = []
    users = np.zeros(0, dtype=np.int32)
    if known:
        users = np.unique(np.concatenate([t.users[t.weights != 0] for t in known]))
    influence = np.zeros((len(runs), len(users)))
    for row, table in enumerate(known):
        _fill(influence[row], users, table)
    return Sample(runs=runs, figures=values, users=users, influence=influence)


def _fill(row: NDArray[np.float64], users: NDArray[np.int32], table: "PerUser") -> None:
    """Write the influence of each user of ``table`` into ``row``."""
    counts = table.weights != 0
    weights, values = table.weights[counts], table.values[counts]
    if not len(weights):
        return
    share = weights / weights.sum()
    mean = float(np.sum(share * values))
    part = share * (values - mean)
    if table.finish == "sqrt":
        part = part / (2 * np.sqrt(mean)) if mean > 0 else np.zeros_like(part)
    row[np.searchsorted(users, table.users[counts])] = part


def units(found: Sample) -> Units:
    """Average the runs of a split, or name the model seeds where there is one split."""
    splits = tuple(sorted({split for split, _ in found.runs}))
    if len(splits) > 1:
        groups = np.array([[split == s for split, _ in found.runs] for s in splits])
        share = groups / groups.sum(axis=1, keepdims=True)  # (splits, runs)
        return Units(
            axis="splits",
            names=splits,
            figures=share @ found.figures,
            users=found.users,
            influence=share @ found.influence,
        )
    return Units(
        axis="seeds" if len(found.runs) > 1 else "none",
        names=tuple(seed for _, seed in found.runs),
        figures=found.figures,
        users=found.users,
        influence=found.influence,
    )


def difference(a: Sample, b: Sample) -> Units | None:
    """Return ``a`` minus ``b`` on the splits that both have; None where none is shared.

    Users are matched by code and units by split seed, or by model seed where the one
    shared split has several. What is not shared is left out.
    """
    left, right = _shared(a, b)
    if left is None or right is None:
        return None
    ua, ub = units(left), units(right)
    if ua.axis != ub.axis or ua.names != ub.names:  # one split, other model seeds
        ua, ub = _pooled(ua), _pooled(ub)
    users, influence = _subtracted(ua, ub)
    return Units(
        axis=ua.axis,
        names=ua.names,
        figures=ua.figures - ub.figures,
        users=users,
        influence=influence,
    )


def _subtracted(a: Units, b: Units) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the users of both and the influence of each on the difference."""
    if not len(a.users) or not len(b.users):
        return np.zeros(0, dtype=np.int32), np.zeros((len(a.figures), 0))
    if np.array_equal(a.users, b.users):
        return a.users, a.influence - b.influence
    users = np.union1d(a.users, b.users)
    influence = np.zeros((len(a.figures), len(users)))
    influence[:, np.searchsorted(users, a.users)] += a.influence
    influence[:, np.searchsorted(users, b.users)] -= b.influence
    return users, influence


def _shared(a: Sample, b: Sample) -> tuple[Sample | None, Sample | None]:
    """Return both samples with the runs of their shared splits."""
    splits = {s for s, _ in a.runs} & {s for s, _ in b.runs}
    if not splits:
        return None, None
    if len(splits) == 1:
        both = {r for r in a.runs if r[0] in splits} & set(b.runs)
        if len(both) > 1:
            return _take(a, lambda r: r in both), _take(b, lambda r: r in both)
    return _take(a, lambda r: r[0] in splits), _take(b, lambda r: r[0] in splits)


def _take(found: Sample, keep: Callable[[Run], bool]) -> Sample:
    """Return the sample with some of its runs."""
    rows = [i for i, run in enumerate(found.runs) if keep(run)]
    return Sample(
        runs=tuple(found.runs[i] for i in rows),
        figures=found.figures[rows],
        users=found.users,
        influence=found.influence[rows],
    )


def _pooled(found: Units) -> Units:
    """Average over all units, leaving one."""
    return Units(
        axis="none",
        names=(0,),
        figures=found.figures.mean(keepdims=True),
        users=found.users,
        influence=found.influence.mean(axis=0, keepdims=True),
    )
