"""Nearest neighbours of the latest items, instead of all items of a user alike.

``item-knn`` of the whole history lets a film of last year vote as loudly as
yesterday's. Here the latest ``history`` items vote, the one of age ``a`` with weight
``decay ** a``, by the cosine of the items' users with a shrunk denominator.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from recbench import FitContext, Interactions, Queries
from recbench_sequential.params import LastItemKNNParams
from recbench_sequential.sequences import Sequences

BLOCK = 1024  # items whose similarities are dense at once


class LastItemKNN:
    """Items whose users are those of the user's latest items."""

    def __init__(self, params: LastItemKNNParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Compare each item's users with those of all others."""
        del context
        self.threshold = train.threshold
        users = csr_array(train.positives().csr().T.tocsr())  # (n_items, n_users)
        norms = np.sqrt(np.diff(users.indptr)).astype(np.float32)
        parts = []
        for start in range(0, train.n_items, BLOCK):
            chosen = slice(start, start + BLOCK)
            both = csr_array(users[chosen] @ users.T)
            rows = np.repeat(np.arange(both.shape[0]), np.diff(both.indptr)) + start
            scale = norms[rows] * norms[both.indices] + np.float32(self.params.shrink)
            both.data = np.where(rows == both.indices, 0, both.data / scale)
            parts.append(both)
        self.votes = csr_array(vstack(parts, format="csr", dtype=np.float32))
        self.n_parameters = int(self.votes.nnz)

    def score_queries(self, queries: Queries) -> NDArray[np.float32]:
        """Return the votes of the latest items, float32, shape ``(n, n_items)``."""
        past = Sequences.of_queries(queries, self.threshold)
        owners, items, ages = past.latest(self.params.history)
        weights = np.asarray(self.params.decay**ages, dtype=np.float32)
        shape = (len(past), self.votes.shape[0])
        latest = csr_array((weights, (owners, items)), shape=shape)
        return np.asarray((latest @ self.votes).toarray(), dtype=np.float32)
