"""Neighbourhood models (Sarwar et al., 2001; Herlocker et al., 1999).

Ranking. ``item-knn`` scores an item by the sum of its similarities to the user's
items, over the ``k`` nearest neighbours of the *scored* item; ``user-knn`` by the sum
of similarities of the ``k`` nearest users who have it (Deshpande and Karypis, 2004).
Similarities are cosine or Jaccard with a shrunk denominator.

Rating. On the residuals ``e`` of a bias model (Koren, 2008, section 2.2)::

    r_hat = b_ui + sum_j s_ij e_uj / (damping + sum_j |s_ij|)

Deviations: cosine runs over all residuals, 0 where there is no rating, and not over
co-rated pairs only; the ``k`` neighbours are those of the item (or user) in all of
training, fixed once, and not the nearest among those the user rated; ``damping``
pulls thin neighbourhoods to the bias; negative similarities count. The bias model has
the penalties of ``bias[preset=tuned]``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import FitContext, Interactions, Queries, load_fitted, save_fitted
from recbench_baselines.bias import Biases, solve
from recbench_baselines.histories import Histories, as_scores
from recbench_baselines.params import (
    TUNED_BIAS,
    BiasParams,
    ItemKNNParams,
    UserKNNParams,
)
from recbench_baselines.similarity import (
    Weighting,
    neighbours,
    normalised,
    squared_norms,
    strongest,
)

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]

PAIRS = 1_000_000  # predicted at once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residuals:
    """Ratings less their bias, and the neighbourhoods that explain them.

    Attributes:
        biases: The bias model.
        errors: csr float32, shape ``(n, m)``: what the bias leaves of each rating.
            One row per entity that votes in a neighbourhood's place (user for
            ``item-knn``), one column per neighbour.
        similar: csr float32, shape ``(m, m)``: similarities to the neighbours.
        damping: Added to the denominator.
    """

    biases: Biases
    errors: csr_array
    similar: csr_array
    damping: float

    @classmethod
    def of(
        cls, train: Interactions, params: ItemKNNParams | UserKNNParams, *, items: bool
    ) -> "Residuals":
        """Fit biases and neighbourhoods, of the items or of the users."""
        biases = solve(train, BiasParams(**TUNED_BIAS))
        shape = (train.n_users, train.n_items)
        left = np.asarray(train.ratings) - biases.of(train.users, train.items)
        pairs = (train.users, train.items)
        errors = csr_array((left.astype(np.float32), pairs), shape=shape)
        errors.data /= train.csr().data  # repeated pairs: the mean of their errors
        voters, others = (errors, errors.T) if items else (errors.T, errors)
        similar = neighbours(
            csr_array(others.tocsr()),
            k=params.k,
            similarity="cosine",
            shrink=params.shrink,
        )
        return cls(
            biases=biases,
            errors=csr_array(voters.tocsr()),
            similar=similar,
            damping=params.damping,
        )

    @property
    def n_parameters(self) -> int:
        """How many numbers were learned."""
        biases = self.biases.user.size + self.biases.item.size + 1
        return int(biases + self.similar.nnz)

    def vote(self, voters: Codes, targets: Codes) -> NDArray[np.float64]:
        """Return the weighted mean error of each target's neighbours.

        Args:
            voters: Rows of ``errors``, shape ``(n,)``.
            targets: Rows of ``similar``, shape ``(n,)``.
        """
        out = np.empty(len(voters))
        known = csr_array(
            (np.ones_like(self.errors.data), self.errors.indices, self.errors.indptr),
            shape=self.errors.shape,
        )
        for start in range(0, len(voters), PAIRS):
            part = slice(start, start + PAIRS)
            weights = self.similar[targets[part]]  # (p, m)
            sums = weights.multiply(self.errors[voters[part]]).sum(axis=1)
            sizes = abs(weights).multiply(known[voters[part]]).sum(axis=1)
            out[part] = sums / (sizes + self.damping + 1e-12)
        return out


class ItemKNN:
    """Items near to those the user had."""

    residuals: Residuals
    histories: Histories
    votes: csr_array
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: ItemKNNParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Find the neighbours of each item."""
        p = self.params
        if context.task == "rating":
            self.residuals = Residuals.of(train, p, items=True)
            self.n_parameters = self.residuals.n_parameters
            return
        self.histories = Histories.of(train)
        by_item = csr_array(self.histories.matrix.T.tocsr())
        similar = neighbours(
            Weighting.of(by_item, p.weighting)(by_item),
            k=p.k,
            similarity=p.similarity,
            shrink=p.shrink,
        )
        self.votes = csr_array(similar.T.tocsr())  # row: the item that votes
        self.n_parameters = self.votes.nnz

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return predictions, float32, shape ``(n,)``."""
        votes = self.residuals.vote(users, items)
        return (self.residuals.biases.of(users, items) + votes).astype(np.float32)

    def score(self, users: Codes) -> Scores:
        """Return float32, shape ``(b, n_items)``."""
        return as_scores(self.histories.of_users(users) @ self.votes)

    def score_queries(self, queries: Queries) -> Scores:
        """Return float32, shape ``(n, n_items)``; any history will do."""
        return as_scores(self.histories.of_queries(queries) @ self.votes)


class UserKNN:
    """Items of users with a like past. Ranking learns nothing ahead of time."""

    residuals: Residuals
    histories: Histories
    weighting: Weighting
    norms: Scores
    columns: csr_array
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: UserKNNParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Keep the weighted histories, or find the neighbours for ``rating``."""
        if context.task == "rating":
            self.residuals = Residuals.of(train, self.params, items=False)
            self.n_parameters = self.residuals.n_parameters
            return
        self.histories = Histories.of(train)
        matrix = self.histories.matrix
        self.weighting = Weighting.of(matrix, self.params.weighting)
        weights = self.weighting(matrix)
        self.norms = squared_norms(weights)
        self.columns = csr_array(weights.T.tocsr())  # (n_items, n_users)
        self.n_parameters = weights.nnz

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return predictions, float32, shape ``(n,)``."""
        votes = self.residuals.vote(items, users)
        return (self.residuals.biases.of(users, items) + votes).astype(np.float32)

    def score(self, users: Codes) -> Scores:
        """Return float32, shape ``(b, n_items)``."""
        return self._scores(self.histories.of_users(users), users)

    def score_queries(self, queries: Queries) -> Scores:
        """Return float32, shape ``(n, n_items)``; any history will do."""
        return self._scores(self.histories.of_queries(queries), queries.users)

    def _scores(self, rows: csr_array, users: Codes) -> Scores:
        """Score histories; a known user is no neighbour of itself."""
        weights = self.weighting(rows)
        block = (weights @ self.columns).toarray()  # (b, n_users)
        block = normalised(
            block,
            squared_norms(weights),
            self.norms,
            similarity=self.params.similarity,
            shrink=self.params.shrink,
        )
        known = np.flatnonzero(users >= 0)
        block[known, users[known]] = 0
        return as_scores(strongest(block, self.params.k) @ self.histories.matrix)
