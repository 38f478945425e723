"""The descent of Surprise's SVD++ with a block of a user's ratings in one step.

A step on the rating of item ``i`` by user ``u`` (Koren, 2008, section 4.2) leaves a
share ``keep = 1 - lr reg`` of all it touches and adds, with the error ``e``::

    w += 2 lr e q_i      b_u += lr e       w = p_u + |I_u|^-1/2 sum_j y_j
    q_i += lr e w        b_i += lr e       p_u += lr e q_i
    y_j += lr e q_i / |I_u|^1/2            for every item j of the user

so that each ``y_j`` of a user gets the same sum, once it is done with, and the errors
of a block solve a triangular system: that at ``t`` contains those before it, times
``lr keep^(t-1-s) (2 <q_t, q_s> + 1)``. Surprise adds to every ``y_j`` at every rating,
which costs the square of a user's ratings. Items of a user must be distinct: a second
rating of an item would meet what the first has changed.
"""

from collections.abc import Iterator

import numpy as np
import surprise
from numpy.typing import NDArray
from scipy.linalg.lapack import dtrtrs

Places = NDArray[np.int64]
Exact = NDArray[np.float64]

BLOCK = 64  # ratings of a user at once


def train(algorithm: surprise.SVDpp, trainset: surprise.Trainset) -> None:
    """Do what ``algorithm.fit`` does, with the same result up to rounding."""
    users = list(rated(trainset))
    if any(len(np.unique(items)) < len(items) for items, _ in users):
        algorithm.fit(trainset)
        return
    surprise.AlgoBase.fit(algorithm, trainset)
    descent = Descent(algorithm)
    for _ in range(algorithm.n_epochs):
        for user, (items, ratings) in enumerate(users):
            descent.visit(user, items, ratings)


def rated(trainset: surprise.Trainset) -> Iterator[tuple[Places, Exact]]:
    """Yield the items and ratings of each inner user, in the order of the rows."""
    for user in range(trainset.n_users):
        items, ratings = zip(*trainset.ur[user], strict=True)
        yield np.array(items, dtype=np.int64), np.array(ratings, dtype=np.float64)


class Descent:
    """Fresh parameters in a Surprise algorithm, and the steps that change them."""

    def __init__(self, algorithm: surprise.SVDpp) -> None:
        """Draw what Surprise draws, in its order."""
        trainset, width = algorithm.trainset, algorithm.n_factors
        rng = surprise.utils.get_rng(algorithm.random_state)
        algorithm.bu = self.user_bias = np.zeros(trainset.n_users)
        algorithm.bi = self.item_bias = np.zeros(trainset.n_items)
        algorithm.pu, algorithm.qi, algorithm.yj = (
            rng.normal(algorithm.init_mean, algorithm.init_std_dev, (n, width))
            for n in (trainset.n_users, trainset.n_items, trainset.n_items)
        )
        self.users, self.items = algorithm.pu, algorithm.qi
        self.implied, self.mean = algorithm.yj, trainset.global_mean
        rate, self.keep = algorithm.lr_pu, 1 - algorithm.lr_pu * algorithm.reg_pu
        steps = np.arange(BLOCK)
        self.left = self.keep ** np.arange(BLOCK + 1)
        since = steps[:, None] - steps - 1
        # what the step at s has become when that at t begins, (BLOCK, BLOCK)
        self.grown = np.tril(rate * self.left[np.maximum(since, 0)], -1)
        self.doubled, self.rate = 2 * self.grown, rate

    def visit(self, user: int, items: Places, ratings: Exact) -> None:
        """Take a step for each rating of a user."""
        root = np.sqrt(len(items))
        own, added = self.users[user], np.zeros_like(self.users[user])
        whole = own + self.implied[items].sum(axis=0) / root
        for start in range(0, len(items), BLOCK):
            part = slice(start, start + BLOCK)
            pull = self._block(user, items[part], ratings[part], whole)
            left = self.left[len(ratings[part])]
            whole = left * whole + 2 * pull
            added = left * added + pull
        left = self.keep ** len(items)
        self.users[user] = left * own + added
        self.implied[items] = left * self.implied[items] + added / root

    def _block(self, user: int, items: Places, ratings: Exact, whole: Exact) -> Exact:
        """Move items and biases; return what the ratings add to the user's factors.

        Args:
            user: Whose ratings they are.
            items: Distinct, shape ``(t,)``, at most ``BLOCK``.
            ratings: Shape ``(t,)``.
            whole: ``w`` before the first, shape ``(d,)``.
        """
        size = len(items)
        vectors, biases = self.items[items], self.item_bias[items]
        left, grown = self.left[:size], self.grown[:size, :size]
        doubled = self.doubled[:size, :size]
        known = vectors @ whole + self.user_bias[user]
        system = vectors @ vectors.T
        system *= doubled
        system += grown
        given = ratings - self.mean - biases - left * known
        # transposed, because LAPACK would copy what lies row by row
        errors, _ = dtrtrs(system.T, given, lower=0, trans=1, unitdiag=1)
        self.user_bias[user] = self.left[size] * self.user_bias[user]
        self.user_bias[user] += self.rate * (left[::-1] @ errors)
        self.item_bias[items] = self.keep * biases + self.rate * errors
        pulls = errors[:, None] * vectors
        passed = left[:, None] * whole + doubled @ pulls  # (t, d): w at each step
        moved = self.rate * errors[:, None] * passed
        self.items[items] = self.keep * vectors + moved
        return np.asarray(self.rate * (left[::-1] @ pulls))
