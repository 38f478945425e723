"""Rating metrics: each turns pairs into one value and one weight per user.

``sum(weights * values) / sum(weights)``, finished by the card's ``finish``, is the
figure over all pairs, exactly: the per-user values serve intervals and tests.
"""

import numpy as np
from numpy.typing import NDArray

from recbench.metrics.views import RatedPairs

PerUserTotals = tuple[NDArray[np.float64], NDArray[np.float64]]


def _mean_by_user(pairs: RatedPairs, losses: NDArray[np.float64]) -> PerUserTotals:
    """Return each user's mean loss and number of pairs, both ``(n_users,)``."""
    counts = np.bincount(pairs.users, minlength=pairs.n_users).astype(np.float64)
    sums = np.bincount(pairs.users, weights=losses, minlength=pairs.n_users)
    return sums / np.maximum(counts, 1), counts


def mse(pairs: RatedPairs) -> PerUserTotals:
    """Mean squared error; its square root over all pairs is the RMSE."""
    return _mean_by_user(pairs, (pairs.predictions - pairs.ratings) ** 2)


def mae(pairs: RatedPairs) -> PerUserTotals:
    """Mean absolute error."""
    return _mean_by_user(pairs, np.abs(pairs.predictions - pairs.ratings))


def mean_error(pairs: RatedPairs) -> PerUserTotals:
    """Mean of prediction minus rating: positive where a model promises too much."""
    return _mean_by_user(pairs, pairs.predictions - pairs.ratings)


def rmse_per_user(pairs: RatedPairs) -> PerUserTotals:
    """Root mean squared error of each user; every user weighs the same."""
    means, counts = mse(pairs)
    return np.sqrt(means), (counts > 0).astype(np.float64)


def mae_per_user(pairs: RatedPairs) -> PerUserTotals:
    """Mean absolute error of each user; every user weighs the same."""
    means, counts = mae(pairs)
    return means, (counts > 0).astype(np.float64)


def r2(pairs: RatedPairs) -> PerUserTotals:
    """Coefficient of determination over all pairs.

    A user's value is 1 minus his mean squared error divided by the variance of all
    test ratings, so that the mean weighted by pairs is the usual R². Undefined where
    the ratings do not vary.
    """
    means, counts = mse(pairs)
    variance = float(np.var(pairs.ratings)) if len(pairs.ratings) else 0.0
    if variance == 0:
        return np.zeros(pairs.n_users), np.zeros(pairs.n_users)
    return 1 - means / variance, counts


def fcp(pairs: RatedPairs) -> PerUserTotals:
    """Fraction of concordant pairs of ratings (Koren and Sill, 2013).

    Among a user's pairs of items with different ratings, the share whose predictions
    stand in the same order; equal predictions are discordant. The weight is the
    number of such pairs, so the figure is their share over all users.
    """
    order = np.lexsort((pairs.predictions, pairs.users))
    users, ratings = pairs.users[order], pairs.ratings[order]
    # rows of one user with equal predictions share a run: only rows before the
    # run have a smaller prediction
    predictions = pairs.predictions[order]
    fresh = np.ones(len(users), dtype=np.bool_)
    fresh[1:] = (np.diff(users) != 0) | (np.diff(predictions) != 0)
    run_start = np.flatnonzero(fresh)[np.cumsum(fresh) - 1]
    concordant = np.zeros(len(users))
    comparable = np.zeros(len(users))
    n_of_user = np.bincount(users, minlength=pairs.n_users)
    user_start = (np.cumsum(n_of_user) - n_of_user)[users]
    for level in np.unique(ratings):  # a few levels, each one pass over the pairs
        lower = np.concatenate(([0], np.cumsum(ratings < level)))
        here = ratings == level
        begin = user_start[here]
        concordant[here] = lower[run_start[here]] - lower[begin]
        comparable[here] = lower[begin + n_of_user[users[here]]] - lower[begin]
    weights = np.bincount(users, weights=comparable, minlength=pairs.n_users)
    sums = np.bincount(users, weights=concordant, minlength=pairs.n_users)
    return sums / np.maximum(weights, 1), weights.astype(np.float64)
