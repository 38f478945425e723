"""Reference points that learn next to nothing: chance, popularity, the mean.

``random`` draws from a hash of seed, user and item, so that a score does not depend
on who is asked beside whom. As a predictor it draws from the training ratings, where
(Hug, 2020) draws from a normal distribution fitted to them.
"""

import numpy as np
from numpy.typing import NDArray

from recbench import FitContext, Interactions, Queries, load_fitted, save_fitted

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Keys = NDArray[np.uint64]

GOLDEN = 0x9E3779B97F4A7C15


def mixed(keys: Keys) -> Keys:
    """Scramble 64-bit keys by the finaliser of splitmix64 (Steele et al., 2014)."""
    with np.errstate(over="ignore"):
        keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def numbered(codes: NDArray[np.int32] | NDArray[np.int64]) -> Keys:
    """Return a key of each code."""
    with np.errstate(over="ignore"):
        return mixed((codes.astype(np.uint64) + np.uint64(1)) * np.uint64(GOLDEN))


def uniform(keys: Keys) -> Scores:
    """Return numbers in [0, 1) with 24 random bits each."""
    return (mixed(keys) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


class Random:
    """Chance: every item scores a number drawn for the user and the item."""

    seed: Keys
    items: Keys
    ratings: Scores

    save, load = save_fitted, load_fitted

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Remember the size of the catalogue and the ratings to draw from."""
        # a key of the seed's own, so that seed and user cannot cancel out
        self.seed = mixed(np.array([context.seed + 1], dtype=np.uint64))
        self.items = numbered(np.arange(train.n_items))
        if train.ratings is not None:
            self.ratings = np.sort(train.ratings)

    def score(self, users: Codes) -> Scores:
        """Return float32 in [0, 1), shape ``(b, n_items)``."""
        return self._drawn(numbered(users))

    def score_queries(self, queries: Queries) -> Scores:
        """Score known users as ``score`` does, strangers by a hash of their past."""
        with np.errstate(over="ignore"):
            sums = np.concatenate(
                (np.zeros(1, np.uint64), np.cumsum(self.items[queries.items]))
            )
            past = sums[queries.offsets[1:]] - sums[queries.offsets[:-1]]
        known = numbered(np.maximum(queries.users, 0))
        return self._drawn(np.where(queries.users >= 0, known, mixed(past)))

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return a random training rating for each pair, float32 ``(n,)``."""
        drawn = uniform(numbered(users) ^ self.seed ^ self.items[items])
        places = (drawn.astype(np.float64) * len(self.ratings)).astype(np.int64)
        return np.asarray(self.ratings[places], dtype=np.float32)

    def _drawn(self, owners: Keys) -> Scores:
        return uniform((owners ^ self.seed)[:, None] ^ self.items)


class MostPopular:
    """Everybody's list is the same: items by their number of positives."""

    counts: Scores
    n_parameters: int

    save, load = save_fitted, load_fitted

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Count the positive users of each item."""
        del context
        positives = train.positives()
        counts = np.bincount(positives.items, minlength=train.n_items)
        self.counts = counts.astype(np.float32)
        self.n_parameters = train.n_items

    def score(self, users: Codes) -> Scores:
        """Return the counts, shape ``(b, n_items)``."""
        return np.broadcast_to(self.counts, (len(users), len(self.counts)))

    def score_queries(self, queries: Queries) -> Scores:
        """Return the counts, shape ``(n, n_items)``."""
        return self.score(queries.users)


class GlobalMean:
    """Every rating is the mean of the training ratings."""

    mean: float
    n_parameters: int

    save, load = save_fitted, load_fitted

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Average the training ratings."""
        del context
        self.mean = float(np.asarray(train.ratings, dtype=np.float64).mean())
        self.n_parameters = 1

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return the mean, shape ``(n,)``."""
        del items
        return np.full(len(users), self.mean, dtype=np.float32)
