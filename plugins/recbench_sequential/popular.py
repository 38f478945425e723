"""Popularity of late (Ji et al., 2020): an event counts less the more followed it.

The score of an item is ``sum over its events of 2^-(events since / half_life)``, as it
stood at the moment of the query: nothing later counts, although other users' later
events may be in training. Queries without a moment see the end of training.

Deviations. Ji et al. count days; here age is the share of all events that came later,
so that any order of events will do, and a busy month weighs as a quiet year does.
Popularity is kept at a number of moments, and a query takes the last one before it.
"""

import numpy as np
from numpy.typing import NDArray

from recbench import FitContext, Interactions, Queries
from recbench_sequential.params import RecentPopularParams


class RecentPopular:
    """Everybody's list at one moment is the same."""

    def __init__(self, params: RecentPopularParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Add up the decayed events up to each moment."""
        del context
        items, times = _in_order(train)
        n, bins = len(items), max(1, min(self.params.moments, len(items)))
        ends = (np.arange(1, bins + 1) * n) // bins
        which = np.searchsorted(ends, np.arange(n), side="right")
        decay = 0.5 ** (1 / (self.params.half_life * max(n, 1)))
        weights = decay ** (ends[which] - 1 - np.arange(n))
        cells = which * train.n_items + items
        added = np.bincount(cells, weights, bins * train.n_items)
        sums = added.astype(np.float64).reshape(bins, train.n_items)
        steps = np.diff(ends, prepend=0)
        for b in range(1, bins):
            sums[b] += sums[b - 1] * decay ** steps[b]
        # relative to the largest: sums of tiny weights would be lost in float32
        sums /= np.maximum(sums.max(axis=1, keepdims=True), 1e-300)
        self.scores: NDArray[np.float32] = sums.astype(np.float32)
        self.closed = None if times is None else times[ends - 1]
        self.n_parameters = self.scores.size

    def score_queries(self, queries: Queries) -> NDArray[np.float32]:
        """Return the popularity before each query, float32, shape ``(n, n_items)``."""
        moments = np.full(len(queries), len(self.scores) - 1)
        if queries.times is not None and self.closed is not None:
            moments = np.searchsorted(self.closed, queries.times, side="right") - 1
            moments = np.maximum(moments, 0)  # nothing is known before the first one
        return np.asarray(self.scores[moments])


def _in_order(
    train: Interactions,
) -> tuple[NDArray[np.int32], NDArray[np.int64] | None]:
    """Return items and times of the positive events, by time, then row."""
    kept = np.arange(len(train))
    if train.threshold is not None and train.ratings is not None:
        kept = kept[train.ratings >= np.float32(train.threshold)]
    if train.timestamps is None:
        return train.items[kept], None
    kept = kept[np.argsort(train.timestamps[kept], kind="stable")]
    return train.items[kept], train.timestamps[kept]
