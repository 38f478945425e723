"""Accuracy of top-k lists: each metric is one value per user.

``n`` users, ``k`` the cut-off; ranks count from 1 in the formulas and from 0 in the
arrays. A list shorter than ``k`` misses at its empty places: an empty list scores 0.
Every user in the lists has something relevant, so no value here is ever NaN.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.metrics.views import RankedLists

Values = NDArray[np.float64]
PERSISTENCE = 0.8  # of rbp: the chance that a reader goes on to the next rank


def sum_at_hits(lists: RankedLists, k: int, weights: Values | None = None) -> Values:
    """Return, per user, the sum of ``weights`` over the hits in the first ``k`` places.

    Args:
        lists: The lists.
        k: Cut-off.
        weights: One per hit, aligned with ``lists.places``; None counts the hits.
    """
    within = lists.places.ranks < k
    return np.bincount(
        lists.places.rows[within],
        weights=None if weights is None else weights[within],
        minlength=len(lists.users),
    ).astype(np.float64)


def quotient(
    top: NDArray[Any], bottom: NDArray[Any], *, empty: float = np.nan
) -> Values:
    """Return ``top / bottom``, and ``empty`` where ``bottom`` is not positive."""
    out = np.full(top.shape, float(empty))
    np.divide(top, bottom, out=out, where=bottom > 0)
    return out


def discounts(k: int) -> Values:
    """Return ``1 / log2(rank + 1)`` for ranks 1 to ``k``."""
    return np.asarray(1 / np.log2(np.arange(k) + 2))


def precision(lists: RankedLists, k: int) -> Values:
    """Hits divided by ``k``, however short the list."""
    return sum_at_hits(lists, k) / k


def recall(lists: RankedLists, k: int) -> Values:
    """Hits divided by the number of relevant items."""
    return sum_at_hits(lists, k) / lists.n_relevant


def recall_capped(lists: RankedLists, k: int) -> Values:
    """Hits divided by the most that ``k`` places could hold."""
    return sum_at_hits(lists, k) / np.minimum(lists.n_relevant, k)


def f1(lists: RankedLists, k: int) -> Values:
    """Harmonic mean of precision and recall: ``2 hits / (k + n_relevant)``."""
    return 2 * sum_at_hits(lists, k) / (k + lists.n_relevant)


def hit_rate(lists: RankedLists, k: int) -> Values:
    """1 where the list holds a hit, else 0."""
    return (sum_at_hits(lists, k) > 0).astype(np.float64)


def mrr(lists: RankedLists, k: int) -> Values:
    """Reciprocal rank of the first hit; 0 without one."""
    first = (lists.places.numbers == 1).astype(np.float64)
    return sum_at_hits(lists, k, first / (lists.places.ranks + 1))


def r_precision(lists: RankedLists, k: int) -> Values:
    """Precision at as many places as there are relevant items, ``k`` at most."""
    cut = np.minimum(lists.n_relevant, k)
    early = lists.places.ranks < cut[lists.places.rows]
    return sum_at_hits(lists, k, early.astype(np.float64)) / cut


def _precision_sums(lists: RankedLists, k: int) -> Values:
    return sum_at_hits(lists, k, lists.places.numbers / (lists.places.ranks + 1))


def average_precision(lists: RankedLists, k: int) -> Values:
    """Sum of the precisions at the hits, divided by ``min(k, n_relevant)``."""
    return _precision_sums(lists, k) / np.minimum(lists.n_relevant, k)


def average_precision_full(lists: RankedLists, k: int) -> Values:
    """Sum of the precisions at the hits, divided by ``n_relevant``."""
    return _precision_sums(lists, k) / lists.n_relevant


def dcg(lists: RankedLists, k: int) -> Values:
    """Discounted cumulative gain: the sum of ``1 / log2(rank + 1)`` over the hits."""
    return sum_at_hits(lists, k, discounts(lists.items.shape[1])[lists.places.ranks])


def ndcg(lists: RankedLists, k: int) -> Values:
    """DCG divided by that of the best list of ``k`` (Järvelin and Kekäläinen, 2002)."""
    best = np.cumsum(discounts(k))[np.minimum(lists.n_relevant, k) - 1]
    return quotient(dcg(lists, k), best)


def _graded(gains: Values, ideal: Values) -> Values:
    """Return the discounted sums of both, divided; 0 where the ideal one is 0."""
    discount = discounts(gains.shape[1])
    best = (ideal * discount).sum(axis=1)
    found = (gains * discount).sum(axis=1)
    return quotient(found, best, empty=0)


def ndcg_linear(lists: RankedLists, k: int) -> Values:
    """NDCG whose gain is the test rating itself, negative ratings counting as 0."""
    gains, ideal = lists.gains[:, :k], lists.ideal[:, :k]
    return _graded(np.maximum(gains, 0), np.maximum(ideal, 0))


def ndcg_graded(lists: RankedLists, k: int) -> Values:
    """NDCG whose gain is ``2^rating - 1`` (Burges et al., 2005).

    Negative ratings count as 0. Both sums are scaled by ``2^-largest rating``, which
    changes no quotient and keeps large counts from overflowing.
    """
    gains, ideal = lists.gains[:, :k], lists.ideal[:, :k]
    top = np.maximum(lists.ideal[:, :1], 0)  # (n, 1)
    base = np.exp2(-top)
    return _graded(
        np.exp2(np.maximum(gains, 0) - top) - base,
        np.exp2(np.maximum(ideal, 0) - top) - base,
    )


def rbp(lists: RankedLists, k: int) -> Values:
    """Rank-biased precision with persistence 0.8 (Moffat and Zobel, 2008)."""
    weights = (1 - PERSISTENCE) * PERSISTENCE ** lists.places.ranks.astype(np.float64)
    return sum_at_hits(lists, k, weights)


def auc(lists: RankedLists, k: int) -> Values:
    """Chance that a relevant item stands above another candidate.

    What the first ``k`` places do not hold counts as ranked below them in random
    order. 1 where every candidate is relevant or seen.
    """
    lists.training()  # without it nobody knows what the other candidates are
    hits = sum_at_hits(lists, k)
    # a hit at rank r (from 0), the j-th of its list, has r - (j - 1) misses above it
    above = (lists.places.ranks - lists.places.numbers + 1).astype(np.float64)
    misses = (lists.items[:, :k] >= 0).sum(axis=1) - hits
    negatives = lists.n_negatives
    unlisted = (lists.n_relevant - hits) * (negatives - misses) / 2
    won = hits * negatives - sum_at_hits(lists, k, above) + unlisted
    return quotient(won, lists.n_relevant * negatives, empty=1)
