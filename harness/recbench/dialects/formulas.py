"""The arithmetic of every choice: one value and one weight per user.

``n`` users, ``w`` places. Nothing here knows a library; a dialect is a rule of
``choices`` and these functions carry it out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recbench.dialects.choices import (
    AveragePrecision,
    Count,
    Cutoff,
    Discount,
    Gain,
    HitRate,
    Ideal,
    Ndcg,
    Precision,
    Ranks,
    ReciprocalRank,
    Relevance,
    Rule,
    Share,
    Summed,
    Users,
)
from recbench.dialects.judged import Judged

Values = NDArray[np.float64]
FROM = {Relevance.FROM_ZERO: 0.0, Relevance.FROM_ONE: 1.0, Relevance.FROM_FOUR: 4.0}
ENOUGH_RATED = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relevant:
    """Judged lists under one rule of relevance.

    Attributes:
        judged: The lists.
        hits: bool, shape ``(n, w)``.
        ratings: float64, shape ``(n, w)``, as the library reads them; NaN elsewhere.
        n_relevant: int64, shape ``(n,)``.
        n_truth: int64, shape ``(n,)``.
        ideal: float64, shape ``(n, w)``: ratings of the user's relevant items, largest
            first; NaN beyond.
        ideal_rated: The same over all truth items.
    """

    judged: Judged
    hits: NDArray[np.bool_]
    ratings: Values
    n_relevant: NDArray[np.int64]
    n_truth: NDArray[np.int64]
    ideal: Values
    ideal_rated: Values


def relevant(judged: Judged, rule: Relevance) -> Relevant:
    """Apply a rule of relevance to the lists and their truth."""
    n, w = judged.ratings.shape
    ratings, truth = judged.ratings, judged.truth_ratings
    if rule is Relevance.WHOLE_FROM_ONE:
        ratings, truth = np.trunc(ratings), np.trunc(truth)
    counted = _counts(truth, rule, rated=judged.rated)
    rows = judged.truth_rows
    n_truth = np.bincount(rows, minlength=n)
    return Relevant(
        judged=judged,
        hits=_counts(ratings, rule, rated=judged.rated),
        ratings=ratings,
        n_relevant=np.bincount(rows[counted], minlength=n),
        n_truth=n_truth,
        ideal=_leading(rows[counted], truth[counted], (n, w)),
        ideal_rated=_leading(rows, truth, (n, w)),
    )


def _counts(ratings: Values, rule: Relevance, *, rated: bool) -> NDArray[np.bool_]:
    """Return which ratings are relevant; NaN never is."""
    if rule is Relevance.EVERY or (rule is Relevance.FROM_FOUR and not rated):
        return ~np.isnan(ratings)
    if rule is Relevance.ABOVE_ZERO:
        return ratings > 0
    return ratings >= FROM.get(rule, 1.0)


def _leading(rows: NDArray[np.int64], values: Values, shape: tuple[int, int]) -> Values:
    """Lay out values that are grouped by row and largest first, NaN beyond."""
    counts = np.bincount(rows, minlength=shape[0])
    place = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    out = np.full(shape, np.nan)
    inside = place < shape[1]
    out[rows[inside], place[inside]] = values[inside]
    return out


def weights(rule: Rule, data: Relevant, k: int) -> Values:
    """Return what each user weighs in the mean, shape ``(n,)``."""
    counted = data.n_relevant > 0
    if rule.users is Users.TRUTH:
        counted = np.ones_like(counted)
    elif rule.users is Users.LISTED:
        counted &= data.judged.listed > 0
    elif rule.users is Users.RATED_FIVE:
        counted &= data.n_truth >= ENOUGH_RATED
    weight = counted.astype(np.float64)
    if isinstance(rule, Precision) and rule.share is Share.POOLED:
        weight *= np.minimum(data.n_relevant, k)
    return weight


def values(rule: Rule, data: Relevant, k: int) -> Values:
    """Return each user's value, shape ``(n,)``; NaN where the library would fail."""
    as_written = rule.ranks is Ranks.AS_WRITTEN
    ranks = data.judged.written if as_written else data.judged.ranks
    if isinstance(rule, ReciprocalRank):
        return _reciprocal_rank(rule, data, ranks, k)
    hits = data.hits & (ranks <= k)
    if isinstance(rule, Ndcg):
        return _ndcg(rule, data, ranks, hits, k)
    if isinstance(rule, AveragePrecision):
        return _average_precision(rule, data, ranks, hits, k)
    found = hits.sum(axis=1)
    if isinstance(rule, HitRate):
        return np.asarray(found > 0 if rule.count is Count.ANY else found).astype(
            np.float64
        )
    return _shared(found, rule.share, data, found, k)


def _shared(
    total: NDArray[np.generic],
    share: Share,
    data: Relevant,
    found: NDArray[np.int64],
    k: int,
) -> Values:
    """Divide a sum over hits; 0 where there is nothing to divide by."""
    listed = np.minimum(data.judged.listed, k)
    below = {
        Share.K: np.full_like(found, k),
        Share.RELEVANT: data.n_relevant,
        Share.CAPPED: np.minimum(data.n_relevant, k),
        Share.POOLED: np.minimum(data.n_relevant, k),
        Share.LISTED: listed,
        Share.CAPPED_BY_LIST: np.minimum(data.n_relevant, listed),
        Share.HITS: found,
    }[share]
    out = np.zeros(len(found))
    np.divide(total, below, out=out, where=below > 0)
    return out


def _average_precision(
    rule: AveragePrecision,
    data: Relevant,
    ranks: NDArray[np.int64],
    hits: NDArray[np.bool_],
    k: int,
) -> Values:
    found = np.cumsum(hits, axis=1)
    if rule.summed is Summed.AT_EVERY_RANK:
        total = (found[:, :k] / np.arange(1, k + 1)).sum(axis=1)
    else:
        total = np.where(hits, found / ranks, 0.0).sum(axis=1)
    return _shared(total, rule.share, data, hits.sum(axis=1), k)


def _reciprocal_rank(
    rule: ReciprocalRank, data: Relevant, ranks: NDArray[np.int64], k: int
) -> Values:
    whole = rule.cutoff is Cutoff.NONE_OR_FAIL
    hits = data.hits if whole else data.hits & (ranks <= k)
    best = np.where(hits, 1 / ranks, 0.0).max(axis=1)
    return np.where(best > 0, best, np.nan) if whole else best


def _gains(ratings: Values, gain: Gain) -> Values:
    """Return the gain of each rating, 0 for NaN; huge ratings overflow to infinity."""
    rating = np.nan_to_num(ratings)
    with np.errstate(over="ignore"):
        if gain is Gain.ONE:
            gained = np.ones_like(rating)
        elif gain is Gain.LINEAR:
            gained = rating
        elif gain is Gain.BURGES:
            gained = np.exp2(rating) - 1
        else:
            gained = np.exp2(rating + 1) - 1
    return np.where(np.isnan(ratings), 0.0, gained)


def _discounts(ranks: NDArray[np.int64], rule: Discount) -> Values:
    if rule is Discount.CLIPPED:
        return np.asarray(1 / np.log2(np.maximum(ranks, 2)))
    return np.asarray(1 / np.log2(ranks + 1.0))


def _ndcg(
    rule: Ndcg,
    data: Relevant,
    ranks: NDArray[np.int64],
    hits: NDArray[np.bool_],
    k: int,
) -> Values:
    every_rated = rule.gain is Gain.BURGES
    if every_rated:
        hits = ~np.isnan(data.ratings) & (ranks <= k)
    gained = np.where(hits, _gains(data.ratings, rule.gain), 0.0)
    found = (gained * _discounts(ranks, rule.discount)).sum(axis=1)
    places = np.arange(1, k + 1)
    if rule.ideal is Ideal.BEST:
        ideal = (data.ideal_rated if every_rated else data.ideal)[:, :k]
        best = _gains(ideal, rule.gain)
    elif rule.ideal is Ideal.K_HITS:
        best = np.ones((len(found), k))
    else:
        best = (places <= hits.sum(axis=1)[:, None]).astype(np.float64)
    bottom = best @ _discounts(places, rule.discount)
    out = np.zeros(len(found))
    with np.errstate(invalid="ignore"):  # infinity over infinity is the NaN to report
        np.divide(found, bottom, out=out, where=bottom > 0)
    return out
