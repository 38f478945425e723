"""Nearest neighbours by users and by features (Pazzani and Billsus, 2007, combined).

The likeness of items ``i`` and ``j`` is ``(1 - s) c_ij + s f_ij``: the shrunk cosine of
their users and the cosine of their features. The ``k`` trained items most like ``j``
vote for it. A user without a past is scored by the mean of what the ``user_k`` users
with the most alike features had, weighed by that likeness.

With ``features=none`` items are alike by their users only.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, vstack

from recbench import FitContext, Interactions, Queries, load_fitted, save_fitted
from recbench_hybrid.known import Known
from recbench_hybrid.params import FeatureKNNParams

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]

BLOCK = 1024  # items or users compared with all others at once


def of_length_one(rows: csr_array) -> csr_array:
    """Return the rows, each of length 1; empty ones stay empty."""
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    scale = diags_array(1 / np.maximum(lengths, 1e-12))
    return csr_array((scale @ rows).astype(np.float32))


def largest(block: Scores, k: int) -> csr_array:
    """Return the ``k`` largest positive entries of each row."""
    n = block.shape[1]
    if k < n:
        cut = np.partition(block, n - k, axis=1)[:, n - k, None]
        block = np.where(block >= cut, block, 0)
    return csr_array(np.maximum(block, 0))


class FeatureKNN:
    """Items vote for items that are like them."""

    known: Known
    past: csr_array
    votes: csr_array
    peers: csr_array
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: FeatureKNNParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Find the neighbours of every item."""
        del context
        p, positives = self.params, train.positives()
        self.known = Known.of(train, positives, p.features)
        self.past = positives.csr()
        self.votes = csr_array(self._neighbours().T.tocsr())  # row: the item that votes
        self.peers = of_length_one(self.known.users.rows)
        self.n_parameters = self.votes.nnz

    def _neighbours(self) -> csr_array:
        """Return the likeness of each item, a row, to its neighbours."""
        p, by_item = self.params, csr_array(self.past.T.tocsr())
        counts = np.diff(by_item.indptr).astype(np.float32)
        features = of_length_one(self.known.items.rows)
        share = p.share if features.shape[1] else 0.0
        blocks = []
        for start in range(0, len(counts), BLOCK):
            part = slice(start, start + BLOCK)
            common = (by_item[part] @ self.past).toarray()
            size = np.sqrt(np.outer(counts[part], counts)) + np.float32(p.shrink)
            alike = (1 - share) * common / np.maximum(size, 1e-12)
            alike += share * (features[part] @ features.T).toarray()
            alike[:, ~self.known.items.trained] = 0
            rows = np.arange(len(alike))
            alike[rows, rows + start] = 0
            blocks.append(largest(alike.astype(np.float32), p.k))
        return csr_array(vstack(blocks, format="csr"))

    def _scores(self, past: csr_array, features: csr_array) -> Scores:
        """Score users by their items, or by users of like features."""
        scores: Scores = (past @ self.votes).toarray().astype(np.float32)
        bare = np.flatnonzero(np.diff(past.indptr) == 0)
        if len(bare) and features.shape[1]:
            alike = (of_length_one(features[bare]) @ self.peers.T).toarray()
            alike[:, ~self.known.users.trained] = 0
            near = largest(alike.astype(np.float32), self.params.user_k)
            total = np.maximum(np.asarray(near.sum(axis=1)).ravel(), 1e-12)
            scores[bare] = (near @ self.past).toarray() / total[:, None]
        return scores

    def score(self, users: Codes) -> Scores:
        """Return float32, shape ``(b, n_items)``."""
        return self._scores(self.past[users], self.known.users.rows[users])

    def score_queries(self, queries: Queries) -> Scores:
        """Return float32, shape ``(n, n_items)``: by history, or else by features."""
        return self._scores(self.known.histories(queries), self.known.asked(queries))
