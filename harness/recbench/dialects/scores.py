"""Score lists in a dialect: the way in for scripts and the command line."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.dialects import formulas, read
from recbench.dialects.choices import Cutoff, Lacking, ReciprocalRank
from recbench.dialects.declared import DIALECTS, METRICS
from recbench.dialects.dialect import Dialect
from recbench.dialects.judged import Judged, Matched, judge, match
from recbench.errors import UsageError, unknown_name
from recbench.metrics.views import PerUser

CUTOFFS = (5, 10, 20)
NAME = re.compile(r"([a-z-]+)(?:@([1-9][0-9]{0,6}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One metric of the lists.

    Attributes:
        mean: The figure; None where the dialect has none.
        definition: One sentence: how the dialect defines it, against recbench.
        per_user: Values and weights by position in ``Scores.users``; None with mean.
    """

    mean: float | None
    definition: str
    per_user: PerUser | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """What a dialect makes of the lists.

    Attributes:
        dialect: Its name.
        library: The library and version it stands for.
        metrics: By name with cut-off, such as ``ndcg@10``.
        users: The truth's users, shape ``(n,)``.
        users_without_list: How many of them have no row in the lists.
        users_without_truth: Users of the lists that the truth does not know; ignored.
        seen_removed: Rows of the lists dropped because the user had seen the item.
    """

    dialect: str
    library: str
    metrics: dict[str, Score]
    users: NDArray[np.object_]
    users_without_list: int
    users_without_truth: int
    seen_removed: int

    def to_dict(self) -> dict[str, Any]:
        """Return what ``recbench score --format json`` prints."""
        return {
            "dialect": self.dialect,
            "library": self.library,
            "users": len(self.users),
            "users_without_list": self.users_without_list,
            "users_without_truth": self.users_without_truth,
            "seen_removed": self.seen_removed,
            "metrics": {
                name: {"mean": score.mean, "definition": score.definition}
                for name, score in self.metrics.items()
            },
        }


def score(
    lists: read.Source,
    truth: read.Source,
    *,
    seen: read.Source | None = None,
    dialect: str = "recbench",
    metrics: Iterable[str] = METRICS,
    k: Iterable[int] = CUTOFFS,
) -> Scores:
    """Score any recommender's lists as a library would.

    Args:
        lists: Path, table or mapping of columns: user, item, and rank (from 1) or
            score (higher is better).
        truth: The same with user, item and, if there is one, rating. A user without
            rows in ``lists`` has an empty list.
        seen: Pairs that are dropped from the lists first, or None.
        dialect: One of ``declared.DIALECTS``.
        metrics: Names of ``declared.METRICS``, with a cut-off (``ndcg@10``) or without.
        k: Cut-offs of the metrics named without one.

    Raises:
        UsageError: For an unknown dialect, metric or cut-off.
        DataError: For lists or a truth that cannot be scored.
    """
    return in_dialects(lists, truth, [dialect], seen=seen, metrics=metrics, k=k)[0]


def in_dialects(
    lists: read.Source,
    truth: read.Source,
    names: Iterable[str],
    *,
    seen: read.Source | None = None,
    metrics: Iterable[str] = METRICS,
    k: Iterable[int] = CUTOFFS,
) -> list[Scores]:
    """Score the same lists in several dialects, reading them once; see ``score``."""
    chosen = [find(name) for name in names]
    wanted = _wanted(metrics, k)
    matched = match(
        read.lists(lists), read.truth(truth), None if seen is None else read.seen(seen)
    )
    return [_scored(matched, dialect, wanted) for dialect in chosen]


def find(name: str) -> Dialect:
    """Return a dialect by its name.

    Raises:
        UsageError: If there is none, with the nearest ones.
    """
    if name not in DIALECTS:
        raise unknown_name("dialect", name, DIALECTS)
    return DIALECTS[name]


def _wanted(metrics: Iterable[str], k: Iterable[int]) -> list[tuple[str, int]]:
    """Return metric and cut-off of every figure asked for, each once, in order."""
    cutoffs = list(k)
    if any(cutoff < 1 for cutoff in cutoffs):
        msg = f"cut-off {min(cutoffs)} is below 1: a list has at least one place"
        raise UsageError(msg)
    wanted: dict[tuple[str, int], None] = {}
    for name in metrics:
        parsed = NAME.fullmatch(name)
        if parsed is None or parsed[1] not in METRICS:
            raise unknown_name("metric", name.partition("@")[0], METRICS)
        own = cutoffs if parsed[2] is None else [int(parsed[2])]
        wanted.update(dict.fromkeys((parsed[1], cutoff) for cutoff in own))
    if not wanted:
        msg = "no metric to compute: name one, such as ndcg@10"
        raise UsageError(msg)
    return list(wanted)


def _scored(
    matched: Matched, dialect: Dialect, wanted: list[tuple[str, int]]
) -> Scores:
    whole = any(_reads_all(dialect, metric) for metric, _ in wanted)
    judged = judge(matched, dialect.order, max(k for _, k in wanted), whole=whole)
    data = formulas.relevant(judged, dialect.relevance)
    return Scores(
        dialect=dialect.name,
        library=dialect.library,
        metrics={
            f"{metric}@{k}": _one(dialect, data, metric, k) for metric, k in wanted
        },
        users=judged.labels,
        users_without_list=int((judged.listed == 0).sum()),
        users_without_truth=matched.strangers,
        seen_removed=matched.seen_removed,
    )


def _reads_all(dialect: Dialect, metric: str) -> bool:
    rule = dialect.rules[metric]
    return isinstance(rule, ReciprocalRank) and rule.cutoff is Cutoff.NONE_OR_FAIL


def _one(dialect: Dialect, data: formulas.Relevant, metric: str, k: int) -> Score:
    rule, definition = dialect.rules[metric], dialect.sentence(metric)
    if isinstance(rule, Lacking):
        return Score(mean=None, definition=definition, per_user=None)
    weights = formulas.weights(rule, data, k)
    values = formulas.values(rule, data, k)
    failed = int(np.isnan(values[weights > 0]).sum())
    if failed or not weights.any():
        why = _undefined(dialect, metric, data.judged, failed)
        definition = f"{definition[:-1]}; {why}."
        return Score(mean=None, definition=definition, per_user=None)
    per_user = PerUser(
        users=np.arange(len(values), dtype=np.int32), values=values, weights=weights
    )
    return Score(mean=_mean(values, weights), definition=definition, per_user=per_user)


def _mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the weighted mean, correctly rounded whatever the order of the users."""
    return math.fsum(weights * values) / math.fsum(weights)


def _undefined(dialect: Dialect, metric: str, judged: Judged, failed: int) -> str:
    """Return the clause that says why there is no figure."""
    if not failed:
        return "no user of this truth counts, so there is no figure"
    if _reads_all(dialect, metric):
        return f"it fails here, as lists without a match: {failed:,}"
    largest = judged.truth_ratings.max()
    return f"2^rating overflows for a rating of {largest:g}, so there is no figure"
