"""The part of a rating that needs no interaction: mean, user offset, item offset."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recbench.errors import DataError
from recbench.interactions import Interactions

ROUNDS = 10  # the offsets move by less than 1e-4 after it on every set tried


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offsets:
    """``mean + user[u] + item[i]``; 0 for whoever has no training rating.

    Attributes:
        mean: Mean training rating.
        user: float32, shape ``(n_users,)``.
        item: float32, shape ``(n_items,)``.
    """

    mean: float
    user: NDArray[np.float32]
    item: NDArray[np.float32]

    @classmethod
    def fit(
        cls, train: Interactions, *, user_shrink: float = 7.0, item_shrink: float = 3.0
    ) -> Self:
        """Fit the offsets by alternating ridge regression.

        Args:
            train: Training ratings.
            user_shrink: Ratings at the mean that every user is given beforehand.
            item_shrink: Ratings at the mean that every item is given beforehand.

        Raises:
            DataError: If there are no ratings.
        """
        if train.ratings is None or not len(train):
            msg = "offsets need ratings, and the training part has none"
            raise DataError(msg)
        users, items = train.users, train.items
        n_of_user = np.bincount(users, minlength=train.n_users) + user_shrink
        n_of_item = np.bincount(items, minlength=train.n_items) + item_shrink
        mean = float(train.ratings.mean(dtype=np.float64))
        rest = train.ratings.astype(np.float64) - mean
        user = np.zeros(train.n_users)
        for _ in range(ROUNDS):
            item = np.bincount(items, rest - user[users], train.n_items) / n_of_item
            user = np.bincount(users, rest - item[items], train.n_users) / n_of_user
        return cls(
            mean=mean, user=user.astype(np.float32), item=item.astype(np.float32)
        )

    @classmethod
    def none(cls, train: Interactions) -> Self:
        """Return offsets that are all 0."""
        return cls(
            mean=0.0,
            user=np.zeros(train.n_users, dtype=np.float32),
            item=np.zeros(train.n_items, dtype=np.float32),
        )

    def at(
        self, users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Return the offsets' prediction of pairs, shape ``(n,)``."""
        total = self.user[users] + self.item[items]
        return np.asarray(total + np.float32(self.mean), dtype=np.float32)
