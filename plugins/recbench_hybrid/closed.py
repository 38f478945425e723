"""EASE with features (Jeunen, Van Balen and Goethals, 2020), in closed form.

``X`` holds 1 for each positive pair, ``T`` the features of items, one row a feature.

- ``collective`` (their CEASE): ``|X - XB|^2 + w |T - TB|^2 + reg |B|^2`` with a zero
  diagonal: each feature of items is one more user, who had the items that have it.
- ``added`` (their add-EASE): ``(1 - s) B_X + s B_T``, each fitted alone.

Deviations, of ours. To an item without a training interaction the empty column of ``X``
would say that nobody wants it; such a column is fitted to the features alone,
``w |t_j - T b|^2 + reg |b|^2`` over the trained items. Features of users, which the
paper has not, are a regression of their own, ``|X - U W|^2 + user_reg |W|^2``, whose
answer is added with ``user_weight``; ``U`` has a column of ones beside the features. A
user without a past is so scored by the features alone.

With ``features=none`` this is EASE (Steck, 2019) itself.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from recbench import FitContext, Interactions, Queries, load_fitted, save_fitted
from recbench_hybrid.known import Known
from recbench_hybrid.params import FeatureEASEParams

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Matrix = NDArray[np.float64]


def gram(rows: csr_array) -> Matrix:
    """Return ``X'X``, dense, float64."""
    return np.asarray((rows.T @ rows).toarray(), dtype=np.float64)


def solved(products: Matrix, reg: float) -> Matrix:
    """Return the minimiser with a zero diagonal, from the Gram matrix (overwritten)."""
    at = np.arange(len(products))
    products[at, at] += reg
    inverse = np.linalg.inv(products)
    weights = inverse / -inverse[at, at]  # divides column j
    weights[at, at] = 0
    return np.asarray(weights)


def from_features(
    features: csr_array, trained: NDArray[np.bool_], reg: float
) -> Matrix:
    """Return the weights from trained items to the others, by features alone.

    Args:
        features: One row per item, shape ``(n_items, width)``.
        trained: bool, shape ``(n_items,)``.
        reg: Penalty of the weights, as a multiple of the features' weight.

    Returns:
        float64, shape ``(n_trained, n_items - n_trained)``.
    """
    known, new = features[trained], features[~trained]
    products = gram(known)  # (width, width): fewer than there are items
    at = np.arange(len(products))
    products[at, at] += reg
    return np.asarray(known @ np.linalg.solve(products, new.T.toarray()))


class FeatureEASE:
    """``score = x B + v u W``: the user's items and features vote for items."""

    known: Known
    past: csr_array
    weights: Scores
    user_weights: Scores
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: FeatureEASEParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Invert the regularised Gram matrices."""
        del context
        p, positives = self.params, train.positives()
        self.known = Known.of(train, positives, p.features)
        self.past = positives.csr()
        self.weights = self._of_items().astype(np.float32)
        self.user_weights = self._of_users().astype(np.float32)
        learned = self.weights.size - train.n_items
        self.n_parameters = learned + self.user_weights.size

    def _of_items(self) -> Matrix:
        """Return ``B``, shape ``(n_items, n_items)``."""
        p, features = self.params, self.known.items.rows
        products = gram(self.past)
        if not features.shape[1]:
            return solved(products, p.reg)
        of_features = gram(csr_array(features.T.tocsr()))
        if p.variant == "collective":
            weights = solved(products + p.item_weight * of_features, p.reg)
        else:
            weights = (1 - p.share) * solved(products, p.reg)
            weights += p.share * solved(of_features, p.reg)
        trained = self.known.items.trained
        if p.item_weight > 0:
            new = from_features(features, trained, p.reg / p.item_weight)
            weights[np.ix_(trained, ~trained)] = new
        return weights

    def _of_users(self) -> Matrix:
        """Return ``W``, shape ``(width + 1, n_items)``; nothing without features."""
        p, users = self.params, self.known.users
        if not users.rows.shape[1]:
            return np.zeros((0, self.past.shape[1]))
        features = self._with_ones(users.rows)[users.trained]
        products = gram(features)
        at = np.arange(len(products))
        products[at, at] += p.user_reg
        right = (features.T @ self.past[users.trained]).toarray()
        return np.asarray(np.linalg.solve(products, right))

    def _with_ones(self, features: csr_array) -> csr_array:
        """Return features of users with a column of ones; nothing without any."""
        if not features.shape[1]:
            return features
        ones = csr_array(np.ones((features.shape[0], 1), dtype=np.float32))
        return csr_array(hstack((features, ones), format="csr"))

    def _scores(self, past: csr_array, features: csr_array) -> Scores:
        own = past @ self.weights
        asked = self._with_ones(features) @ self.user_weights
        scores = own + np.float32(self.params.user_weight) * asked
        return np.asarray(scores, dtype=np.float32)

    def score(self, users: Codes) -> Scores:
        """Return float32, shape ``(b, n_items)``."""
        return self._scores(self.past[users], self.known.users.rows[users])

    def score_queries(self, queries: Queries) -> Scores:
        """Return float32, shape ``(n, n_items)``: by history and features."""
        return self._scores(self.known.histories(queries), self.known.asked(queries))
