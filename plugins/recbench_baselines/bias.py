"""Biases of users and items (Koren, 2008, section 2.1), solved exactly.

Objective, over the training ratings and with ``mu`` their mean::

    sum (r_ui - mu - b_u - b_i)^2 + reg_user sum_u b_u^2 + reg_item sum_i b_i^2

The objective is quadratic, so its normal equations are solved by conjugate gradients
to machine precision; Koren's alternating averages stop after some rounds on the way.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, cg

from recbench import FitContext, Interactions, load_fitted, save_fitted
from recbench_baselines.params import BiasParams

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]

TOLERANCE = 1e-12  # residual, relative to the right-hand side
LONGEST = 1000  # iterations; a connected data set needs some tens


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Biases:
    """A fitted bias model.

    Attributes:
        mean: Mean of the training ratings.
        user: float64, shape ``(n_users,)``; 0 for users without training rows.
        item: float64, shape ``(n_items,)``; likewise.
    """

    mean: float
    user: NDArray[np.float64]
    item: NDArray[np.float64]

    def of(self, users: Codes, items: Codes) -> NDArray[np.float64]:
        """Return ``mu + b_u + b_i`` of pairs, float64, shape ``(n,)``."""
        return np.asarray(self.mean + self.user[users] + self.item[items])


def solve(train: Interactions, params: BiasParams) -> Biases:
    """Return the biases that minimise the objective.

    Args:
        train: Interactions with ratings.
        params: The two penalties; where one is 0, codes without rows stay at 0.
    """
    users, items, n_users = train.users, train.items, train.n_users
    size = n_users + train.n_items
    ratings = np.asarray(train.ratings, dtype=np.float64)
    mean = float(ratings.mean())

    def summed(values: NDArray[np.float64] | None) -> NDArray[np.float64]:
        by_user = np.bincount(users, values, minlength=n_users)
        by_item = np.bincount(items, values, minlength=train.n_items)
        return np.concatenate((by_user, by_item)).astype(np.float64)

    penalty = np.repeat([params.reg_user, params.reg_item], [n_users, train.n_items])
    diagonal = summed(None) + penalty
    diagonal[diagonal == 0] = 1  # no row and no penalty: any value fits, 0 is taken

    def normal(biases: NDArray[np.float64]) -> NDArray[np.float64]:
        crossed = np.concatenate(
            (
                np.bincount(users, biases[n_users + items], minlength=n_users),
                np.bincount(items, biases[users], minlength=train.n_items),
            )
        )
        return np.asarray(diagonal * biases + crossed)

    shape = (size, size)
    biases, _ = cg(
        LinearOperator(shape, matvec=normal, dtype=np.float64),
        summed(ratings - mean),
        rtol=TOLERANCE,
        maxiter=LONGEST,
        M=LinearOperator(shape, matvec=lambda x: x / diagonal, dtype=np.float64),
    )
    return Biases(mean=mean, user=biases[:n_users], item=biases[n_users:])


class Bias:
    """``r_hat = mu + b_u + b_i``."""

    biases: Biases
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: BiasParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Solve the normal equations."""
        del context
        self.biases = solve(train, self.params)
        self.n_parameters = train.n_users + train.n_items + 1

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return predictions, float32, shape ``(n,)``."""
        return self.biases.of(users, items).astype(np.float32)
