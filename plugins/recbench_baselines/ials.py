"""iALS: weighted matrix factorization by alternating least squares.

(Hu, Koren and Volinsky, 2008), with the objective and the scaled penalty of (Rendle et
al., 2022, "Revisiting the performance of iALS on item recommendation benchmarks")::

    sum_{(u,i) in S} (<w_u, h_i> - 1)^2 + a sum_{u,i} <w_u, h_i>^2
        + reg (sum_u (|S_u| + a |I|)^nu |w_u|^2 + sum_i (|S_i| + a |U|)^nu |h_i|^2)

``S`` are the positive pairs and ``a`` is ``unobserved_weight``; ``|U|`` and ``|I|``
count those with a positive. Each half step solves the least squares of all users (or
items): by conjugate gradients from the vectors of the round before, to a thousandth of
the residual, where numba is installed, and directly where it is not.

Deviations: a last half step over the users, solved to single precision, follows the
last round, so that the vector of a user is the closed-form answer to the final items,
as it is for a new history.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits

from recbench import FitContext, Interactions, Queries, load_fitted, save_fitted
from recbench_baselines.compiled import available, kernels_for
from recbench_baselines.histories import Histories
from recbench_baselines.params import IALSParams

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Effort = tuple[int, float]
Step = Callable[[csr_array, Scores, Scores, Effort], Scores]

PADDED = 4_000_000  # numbers in a padded batch of vectors
PARTS = 64  # that the threads share out, of about as many positives each
ROUND = (16, 1e-3)  # steps at most, and tolerance, within a round
LAST = (64, 1e-6)  # of the last half step


def penalties(counts: NDArray[np.int64], fixed: Scores, params: IALSParams) -> Scores:
    """Return the penalty of each row, float32, shape ``(n,)``."""
    breadth = params.unobserved_weight * np.count_nonzero(fixed.any(axis=1))
    return (params.reg * (counts + breadth) ** params.nu).astype(np.float32)


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
    penalty = penalties(counts, fixed, params)
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


class Stepper:
    """Half steps by conjugate gradients, compiled, shared out among threads.

    Vectors are turned so that what all pairs contribute is diagonal, and with it the
    preconditioner. Every row is solved by itself, and products are to run on one
    thread, so that the number of threads changes nothing.
    """

    def __init__(
        self, params: IALSParams, context: FitContext, pool: ThreadPoolExecutor
    ) -> None:
        """Load or compile the loop; ``pool`` holds the threads."""
        self.params = params
        self.pool = pool
        (self.solve,) = kernels_for(("least_squares",), context.log)

    def __call__(
        self, rows: csr_array, fixed: Scores, near: Scores, effort: Effort
    ) -> Scores:
        """Return what ``half_step`` returns, nearly.

        Args:
            rows: Positive pairs, as for ``half_step``.
            fixed: Vectors of the columns, likewise.
            near: Where to start, float32, shape ``(n, d)``.
            effort: Most steps, and the tolerance.
        """
        counts = np.diff(rows.indptr)
        values, axes = np.linalg.eigh((fixed.T @ fixed).astype(np.float64))
        turn = axes.astype(np.float32)
        weight = self.params.unobserved_weight
        table = (
            rows.indptr.astype(np.int64),
            rows.indices.astype(np.int32),
            np.ascontiguousarray(fixed @ turn),
            (weight * np.maximum(values, 0)).astype(np.float32),
            penalties(counts, fixed, self.params),
        )
        out = np.ascontiguousarray(near @ turn)
        shares = np.linspace(0, rows.nnz, PARTS + 1)[1:-1]
        cuts = [0, *np.searchsorted(rows.indptr, shares).tolist(), len(counts)]

        def solve(first: int, last: int) -> None:
            steps, tolerance = effort
            self.solve(first, last, *table, steps, np.float32(tolerance), out)

        list(self.pool.map(solve, cuts[:-1], cuts[1:]))
        return np.asarray(out @ turn.T)


def directly(params: IALSParams) -> Step:
    """Return ``half_step`` under the arguments of a ``Stepper``."""
    return lambda rows, fixed, _near, _effort: half_step(rows, fixed, params)


class IALS:
    """``score = <w_u, h_i>``."""

    histories: Histories
    users: Scores
    items: Scores
    n_parameters: int

    save, load = save_fitted, load_fitted

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
        self.users = np.zeros((train.n_users, p.embedding_dim), dtype=np.float32)
        if not available():
            self._alternate(directly(p), rows, columns, context)
            return
        threads = max(1, context.threads)
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
            self._alternate(Stepper(p, context, pool), rows, columns, context)

    def _alternate(
        self, step: Step, rows: csr_array, columns: csr_array, context: FitContext
    ) -> None:
        p = self.params
        for epoch in range(1, p.epochs + 1):
            self.users = step(rows, self.items, self.users, ROUND)
            self.items = step(columns, self.users, self.items, ROUND)
            context.report(epoch=epoch, epochs=p.epochs)
            if context.should_stop():
                break
        self.users = step(rows, self.items, self.users, LAST)
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
