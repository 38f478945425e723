"""iALS: weighted matrix factorization by alternating least squares.

(Hu, Koren and Volinsky, 2008), with the objective and the scaled penalty of (Rendle et
al., 2022, "Revisiting the performance of iALS on item recommendation benchmarks")::

    sum_{(u,i) in S} (<w_u, h_i> - 1)^2 + a sum_{u,i} <w_u, h_i>^2
        + reg (sum_u (|S_u| + a |I|)^nu |w_u|^2 + sum_i (|S_i| + a |U|)^nu |h_i|^2)

``S`` are the positive pairs and ``a`` is ``unobserved_weight``; ``|U|`` and ``|I|``
count those with a positive. Each half step solves all users (or items) exactly.

Deviations: a last half step over the users follows the last round, so that the vector
of a user is the closed-form answer to the final items, as it is for a new history.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import FitContext, Interactions, Queries
from recbench_baselines.histories import Histories
from recbench_baselines.params import IALSParams

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]

PADDED = 4_000_000  # numbers in a padded batch of vectors


def half_step(rows: csr_array, fixed: Scores, params: IALSParams) -> Scores:
    """Return the least-squares vector of each row, given the other side's vectors.

    Rows are sorted by length and solved in padded batches, so that a batch is one
    matrix product and one factorisation per row, all inside LAPACK.

    Args:
        rows: Positive pairs, 1 each, float32, shape ``(n, m)``.
        fixed: Vectors of the columns, float32, shape ``(m, d)``; zero for columns
            without a positive in training.
        params: Weights and penalties.

    Returns:
        float32, shape ``(n, d)``; zero for rows without a positive.
    """
    m, d = fixed.shape
    counts = np.diff(rows.indptr)
    everywhere = params.unobserved_weight * (fixed.T @ fixed)  # (d, d)
    breadth = params.unobserved_weight * np.count_nonzero(fixed.any(axis=1))
    penalty = params.reg * (counts + breadth) ** params.nu  # (n,)
    padded = np.vstack((fixed, np.zeros((1, d), dtype=np.float32)))
    out = np.zeros((len(counts), d), dtype=np.float32)
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    start = 0
    while start < len(order):
        longest = int(counts[order[start]])
        batch = order[start : start + max(1, PADDED // (longest * d))]
        start += len(batch)
        columns = np.arange(longest)
        inside = columns < counts[batch, None]  # (b, longest)
        places = np.where(inside, rows.indptr[batch, None] + columns, 0)
        vectors = padded[np.where(inside, rows.indices[places], m)]  # (b, longest, d)
        left = vectors.transpose(0, 2, 1) @ vectors + everywhere
        left[:, np.arange(d), np.arange(d)] += penalty[batch, None]
        right = vectors.sum(axis=1)
        out[batch] = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    return out


class IALS:
    """``score = <w_u, h_i>``."""

    def __init__(self, params: IALSParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Alternate between users and items."""
        p = self.params
        self.histories = Histories.of(train)
        rows = self.histories.matrix
        columns = csr_array(rows.T.tocsr())
        std = p.init_std / np.sqrt(p.embedding_dim)
        shape = (train.n_items, p.embedding_dim)
        self.items = context.rng.normal(0, std, shape).astype(np.float32)
        self.items[np.diff(columns.indptr) == 0] = 0
        for epoch in range(1, p.epochs + 1):
            self.users = half_step(rows, self.items, p)
            self.items = half_step(columns, self.users, p)
            context.report(epoch=epoch, epochs=p.epochs)
            if context.should_stop():
                break
        self.users = half_step(rows, self.items, p)
        self.n_parameters = self.users.size + self.items.size

    def user_vectors(self, users: Codes) -> Scores:
        """Return float32, shape ``(b, d)``."""
        return self.users[users]

    def item_vectors(self) -> Scores:
        """Return float32, shape ``(n_items, d)``."""
        return self.items

    def score_queries(self, queries: Queries) -> Scores:
        """Return float32, shape ``(n, n_items)``: one closed step per history."""
        rows = self.histories.of_queries(queries)
        return np.asarray(half_step(rows, self.items, self.params) @ self.items.T)
