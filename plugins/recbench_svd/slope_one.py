"""``slope-one`` of Surprise (Lemire and Maclachlan, 2005).

``r_hat = mean_u + mean over the user's items j of dev(i, j)``, where ``dev`` is the
average difference of the ratings of ``i`` and ``j`` by common users; items without a
common user do not count.

Deviations: deviations are Surprise's own, which deal in whole ratings only, so they
are computed on a multiple of the ratings and divided (``trainset.whole``). A user who
rated the item itself counts it with a deviation of 0, as in Surprise.
"""

import numpy as np
import surprise
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import FitContext, Interactions, load_fitted, save_fitted
from recbench_svd.trainset import Known, whole

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Exact = NDArray[np.float64]

BLOCK = 512  # users predicted at once


class SlopeOne:
    """Average differences between items."""

    known: Known
    factor: int
    met: Exact
    deviation: Exact
    mean: Exact
    rated: csr_array
    n_parameters: int

    save, load = save_fitted, load_fitted

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Let Surprise compute the deviations."""
        del context
        factor = whole(train.ratings)
        known, trainset = Known.of(train, factor)
        algorithm = surprise.SlopeOne()
        with np.errstate(invalid="ignore", divide="ignore"):
            algorithm.fit(trainset)
        self.known, self.factor = known, factor
        met = algorithm.freq > 0
        self.met = np.ascontiguousarray(met.T, dtype=np.float64)
        # 0 / 0 where two items never met
        self.deviation = np.ascontiguousarray(np.where(met, algorithm.dev, 0).T)
        self.mean = np.asarray(algorithm.user_mean, dtype=np.float64)
        rows, columns = known.users[train.users], known.items[train.items]
        shape = (trainset.n_users, trainset.n_items)
        ones = np.ones(len(train))
        self.rated = csr_array((ones, (rows, columns)), shape=shape)
        self.n_parameters = algorithm.dev.size

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return predictions, float32, shape ``(n,)``."""
        return self.estimate(users, items).astype(np.float32)

    def estimate(self, users: Codes, items: Codes) -> Exact:
        """Return predictions, float64, shape ``(n,)``."""
        values = np.full(len(users), self.known.mean)
        both = np.flatnonzero(self.known.both(users, items))
        u, i = self.known.users[users[both]], self.known.items[items[both]]
        asked, row = np.unique(u, return_inverse=True)
        order = np.argsort(row, kind="stable")
        for start in range(0, len(asked), BLOCK):
            rated = self.rated[asked[start : start + BLOCK]]
            sums = np.asarray(rated @ self.deviation)  # (b, n_items)
            counts = np.asarray(rated @ self.met)
            low, high = np.searchsorted(row[order], (start, start + BLOCK))
            pairs = order[low:high]
            at = row[pairs] - start, i[pairs]
            mean = np.divide(
                sums[at], counts[at], out=np.zeros(len(pairs)), where=counts[at] > 0
            )
            values[both[pairs]] = self.mean[u[pairs]] + mean
        return np.asarray(values / self.factor)
