"""A Markov chain of items, and its wider form, sequential rules.

``p(j | i)`` is how often ``j`` followed ``i``, over how often anything did. With
``reach`` above 1 an item ``d`` steps later counts ``1 / d`` (sequential rules; Ludewig
and Jannach, 2018), and with ``history`` above 1 the latest items vote together, the
one of age ``a`` with weight ``decay ** a``.

Deviation: ``shrink`` is added to the denominator, so that an item seen once does not
outvote the others, and what is never led to is ordered by popularity.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import FitContext, Interactions, Queries
from recbench_sequential.params import MarkovChainParams
from recbench_sequential.sequences import Sequences

FAINT = 1e-4  # weight of popularity, below any transition that matters


class MarkovChain:
    """The items that followed the user's latest ones."""

    def __init__(self, params: MarkovChainParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Count the steps from item to item."""
        del context
        past = Sequences.of(train)
        self.threshold = train.threshold
        shape = (train.n_items, train.n_items)
        self.steps = csr_array(shape, dtype=np.float32)
        for gap in range(1, self.params.reach + 1):
            first, then = past.pairs(gap)
            weight = np.full(len(first), 1 / gap, dtype=np.float32)
            where = (past.items[first], past.items[then])
            self.steps = csr_array(self.steps + csr_array((weight, where), shape=shape))
        leads = np.asarray(self.steps.sum(axis=1)) + self.params.shrink
        rows = np.repeat(np.arange(train.n_items), np.diff(self.steps.indptr))
        self.steps.data /= np.maximum(leads[rows], 1e-12).astype(np.float32)
        counts = np.bincount(past.items, minlength=train.n_items)
        self.faint = (FAINT * counts / max(counts.max(), 1)).astype(np.float32)
        self.n_parameters = int(self.steps.nnz) + train.n_items

    def score_queries(self, queries: Queries) -> NDArray[np.float32]:
        """Return the votes of the latest items, float32, shape ``(n, n_items)``."""
        past = Sequences.of_queries(queries, self.threshold)
        owners, items, ages = past.latest(self.params.history)
        weights = np.asarray(self.params.decay**ages, dtype=np.float32)
        shape = (len(past), len(self.faint))
        votes = csr_array((weights, (owners, items)), shape=shape) @ self.steps
        return np.asarray(votes.toarray() + self.faint, dtype=np.float32)
