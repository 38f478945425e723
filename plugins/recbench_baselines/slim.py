"""SLIM: sparse linear methods with feature selection (Ning and Karypis, 2011).

Objective, for the column ``w`` of each item ``t``, over its candidate neighbours::

    1/2 |x_t - X w|^2 + l2/2 |w|^2 + l1 |w|_1,   w >= 0, w_t = 0

Candidates are the ``k`` items nearest by cosine (the paper's fsSLIM); with ``k`` of
at least the catalogue it is plain SLIM. Coordinate descent runs on the Gram matrix,
one coordinate of all items at a time: each item has its own ``k`` coordinates, so a
step is one vector operation over items.

Deviations: at most ``sweeps`` passes, stopped earlier once no weight moves by 1e-4.
Memory: the Gram matrix in float32 and blocks of ``k x k`` matrices.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import FitContext, Interactions, Queries, load_fitted, save_fitted
from recbench_baselines.histories import Histories, as_scores
from recbench_baselines.linear import gram
from recbench_baselines.params import SLIMParams

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Places = NDArray[np.int64]

BLOCK_BYTES = 256 * 2**20  # of k x k matrices held at once
BLOCK = 1024  # rows of the Gram matrix sorted at once
STILL = 1e-4  # a sweep that moves no weight by more ends the descent


def candidates(products: Scores, k: int) -> Places:
    """Return the ``k`` nearest other items of each item by cosine, ``(n_items, k)``."""
    n = len(products)
    size = np.sqrt(np.maximum(np.diagonal(products), 1))
    near = np.empty((n, k), dtype=np.int64)
    for start in range(0, n, BLOCK):
        # the row's own size does not change its order
        block = products[start : start + BLOCK] / size
        local = np.arange(len(block))
        block[local, start + local] = -1
        near[start : start + BLOCK] = np.argpartition(-block, k - 1, axis=1)[:, :k]
    return near


def descend(inner: Scores, target: Scores, params: SLIMParams) -> Scores:
    """Minimise the objective of a batch of items by coordinate descent.

    Args:
        inner: Gram matrices of the candidates, float32, shape ``(k, b, k)``: first
            the coordinate, so that a step reads memory in order.
        target: Products of the candidates with the item, shape ``(b, k)``.
        params: The penalties and the number of sweeps.

    Returns:
        Weights, float32, shape ``(b, k)``.
    """
    weights = np.zeros_like(target)
    k = target.shape[1]
    own = np.einsum("kbk->kb", inner)
    for _ in range(params.sweeps):
        moved = 0.0
        for c in range(k):
            old = weights[:, c].copy()
            rest = target[:, c] - np.einsum("bk,bk->b", inner[c], weights)
            pull = rest + own[c] * old - np.float32(params.l1)
            new = np.maximum(pull, 0) / (own[c] + np.float32(params.l2))
            weights[:, c] = new
            moved = max(moved, float(np.abs(new - old).max()))
        if moved < STILL:
            break
    return weights


class SLIM:
    """``score = x W`` with sparse, non-negative ``W``."""

    histories: Histories
    weights: csr_array
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: SLIMParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Solve all items, a block of them at a time."""
        del context
        self.histories = Histories.of(train)
        products = gram(self.histories.matrix)
        n = train.n_items
        k = max(1, min(self.params.k, n - 1))
        near = candidates(products, k)  # (n_items, k)
        weights = np.empty((n, k), dtype=np.float32)
        size = max(1, BLOCK_BYTES // (4 * k * k))
        for start in range(0, n, size):
            part = slice(start, start + size)
            chosen = near[part]  # (b, k)
            inner = products[chosen.T[:, :, None], chosen[None, :, :]]  # (k, b, k)
            target: Scores = np.take_along_axis(products[part], chosen, axis=1)
            # the only item of a catalogue is no neighbour of itself
            target[chosen == np.arange(n)[part, None]] = 0
            weights[part] = descend(inner, target, self.params)
        rows, places = np.nonzero(weights)
        pairs = (near[rows, places], rows)  # row: the item that votes
        self.weights = csr_array((weights[rows, places], pairs), shape=(n, n))
        self.n_parameters = self.weights.nnz

    def score(self, users: Codes) -> Scores:
        """Return float32, shape ``(b, n_items)``."""
        return as_scores(self.histories.of_users(users) @ self.weights)

    def score_queries(self, queries: Queries) -> Scores:
        """Return float32, shape ``(n, n_items)``; any history will do."""
        return as_scores(self.histories.of_queries(queries) @ self.weights)
