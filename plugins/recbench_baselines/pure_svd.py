"""PureSVD (Cremonesi, Koren and Turrin, 2010): the user's row on singular vectors.

``X ~ U S V'`` for the matrix of positives with 0 for all other pairs, and
``score = x V V'``. Deviations: ``item_power`` scales columns by ``count ** (p / 2)``
before the factorization and back after it (EigenRec, Nikolakopoulos et al., 2019);
0 is PureSVD itself.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from recbench import FitContext, Interactions, Queries, load_fitted, save_fitted
from recbench_baselines.histories import Histories
from recbench_baselines.params import PureSVDParams

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]


def right_vectors(matrix: csr_array, d: int) -> NDArray[np.float64]:
    """Return the ``d`` leading right singular vectors, shape ``(m, d)``.

    The start vector is fixed, so the answer is always the same. Where the matrix has
    no ``d`` singular values for the iteration to find, all are computed densely.
    """
    if not matrix.nnz:
        return np.zeros((matrix.shape[1], d))
    if d < min(matrix.shape):
        start = np.ones(min(matrix.shape))
        _, _, right = svds(matrix.astype(np.float64), k=d, v0=start, solver="arpack")
        return np.asarray(right[::-1].T)
    _, _, right = np.linalg.svd(
        matrix.toarray().astype(np.float64), full_matrices=False
    )
    return np.asarray(right[:d].T)


class PureSVD:
    """``score = (x S) V V' S^-1``, where ``S`` scales items by popularity."""

    histories: Histories
    inward: Scores
    outward: Scores
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: PureSVDParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Factorise the matrix of positives."""
        del context
        self.histories = Histories.of(train)
        matrix = self.histories.matrix
        counts = np.bincount(matrix.indices, minlength=train.n_items)
        scale = np.maximum(counts, 1) ** (self.params.item_power / 2)
        data = matrix.data * scale[matrix.indices]
        scaled = csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)
        vectors = right_vectors(scaled, self.params.embedding_dim)
        self.inward = (scale[:, None] * vectors).astype(np.float32)  # (n_items, d)
        self.outward = (vectors / scale[:, None]).astype(np.float32)
        self.n_parameters = vectors.size

    def user_vectors(self, users: Codes) -> Scores:
        """Return float32, shape ``(b, d)``."""
        return np.asarray(self.histories.of_users(users) @ self.inward)

    def item_vectors(self) -> Scores:
        """Return float32, shape ``(n_items, d)``."""
        return self.outward

    def score_queries(self, queries: Queries) -> Scores:
        """Return float32, shape ``(n, n_items)``; any history will do."""
        rows = self.histories.of_queries(queries)
        return np.asarray((rows @ self.inward) @ self.outward.T)
