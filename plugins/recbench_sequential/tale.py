"""TALE: a linear model of what follows, in closed form (Park et al., 2025).

Every event of training is a target ``T`` (one item), and the events before it are its
source ``S``, each weighted by how far back it lies: by events, and by the clock. Ridge
regression learns the items x items matrix ``B``::

    min |T - S B|^2 + reg |B|^2,   B = (S'S + reg I)^-1 S'T

and a history is scored by ``s B``, its events weighted by their age. Single-target
augmentation and the weights by the clock are the paper's; SLIST (Choi et al., 2021),
which it builds on, has many targets for each source and no clock.

Deviations. The paper weights sources by the clock alone; here position fades, too,
which lets the source end after ``TAIL * fade`` events, so that cost grows linearly with
the length of a history. The paper's trend-aware normalisation divides by the popularity
of recent days; ``popularity`` divides by that of all training, and is 0 by default,
since it did not help on validation. The item itself may predict its return.

Memory: two items x items matrices in float64, as EASE.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve
from scipy.sparse import csr_array

from recbench import FitContext, Interactions, Queries
from recbench_sequential.params import TALEParams
from recbench_sequential.sequences import Integers, Sequences

TAIL = 4  # a source weaker than exp(-TAIL) is left out
HOUR = 3600.0
ROWS = 1_000_000  # targets whose sources are expanded at once

Scores = NDArray[np.float32]


class TALE:
    """What the latest items lead to, all of them together."""

    def __init__(self, params: TALEParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Solve the regression."""
        del context
        past = Sequences.of(train)
        self.threshold = train.threshold
        n = train.n_items
        counts = np.maximum(np.bincount(past.items, minlength=n), 1)
        self.scale = (counts / counts.mean()) ** -self.params.popularity
        gram, hits = np.zeros((n, n)), np.zeros((n, n))
        for start in range(0, len(past.items), ROWS):
            source = self._sources(past, start)
            target = csr_array(
                (
                    np.ones(source.shape[0], dtype=np.float32),
                    past.items[start : start + ROWS],
                    np.arange(source.shape[0] + 1),
                ),
                shape=source.shape,
            )
            gram += (source.T @ source).toarray()
            hits += (source.T @ target).toarray()
        gram[np.arange(n), np.arange(n)] += self.params.reg
        weights = solve(gram, hits, assume_a="pos", overwrite_a=True, overwrite_b=True)
        self.weights = weights.astype(np.float32)
        self.faint = (1e-6 * counts / counts.max()).astype(np.float32)
        self.n_parameters = n * n

    def _sources(self, past: Sequences, start: int) -> csr_array:
        """Return the weighted sources of a block of targets, ``(b, n_items)``."""
        p = self.params
        stop = min(start + ROWS, len(past.items))
        targets = np.arange(start, stop)
        begin = past.offsets[np.searchsorted(past.offsets, targets, side="right") - 1]
        rows, places, weights = [], [], []
        for gap in range(1, max(1, round(TAIL * p.fade)) + 1):
            chosen = targets[targets - gap >= begin]
            weight = np.exp(-(gap - 1) / p.fade) * self._clock(past, chosen, gap)
            rows.append(chosen - start)
            places.append(chosen - gap)
            weights.append(weight * self.scale[past.items[chosen - gap]])
        items = past.items[np.concatenate(places)]
        data = np.concatenate(weights).astype(np.float32)
        shape = (stop - start, len(self.scale))
        return csr_array((data, (np.concatenate(rows), items)), shape=shape)

    def _clock(
        self, past: Sequences, targets: Integers, gap: int
    ) -> NDArray[np.float64]:
        """Return the weight that the time between source and target leaves."""
        p = self.params
        if past.times is None or p.hours == 0:
            return np.ones(len(targets))
        hours = (past.times[targets] - past.times[targets - gap]) / HOUR
        return np.maximum(np.exp(-hours / p.hours), p.floor)

    def score_queries(self, queries: Queries) -> Scores:
        """Return the scores of what comes next, float32, shape ``(n, n_items)``."""
        past = Sequences.of_queries(queries, self.threshold)
        width = max(1, round(3 * TAIL * self.params.fade_served))
        owners, items, ages = past.latest(width)
        weights = np.exp(-ages / self.params.fade_served) * self.scale[items]
        shape = (len(past), len(self.scale))
        latest = csr_array((weights.astype(np.float32), (owners, items)), shape=shape)
        return np.asarray(latest @ self.weights + self.faint, dtype=np.float32)
