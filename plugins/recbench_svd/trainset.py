"""From recbench's columns to a Surprise ``Trainset``, without its DataFrame path.

Inner ids follow the first appearance in the rows, as Surprise assigns them itself, so
that a model comes out bit for bit as if Surprise had read the same rows.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from surprise import Trainset

from recbench import Interactions

Codes = NDArray[np.int32]
Inner = NDArray[np.int64]
Lists = defaultdict[int, list[tuple[int, float]]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What Surprise knows: the way from codes to its inner ids.

    Attributes:
        users: Inner id of each user code, int64, shape ``(n_users,)``; -1 for users
            without a training row, whom Surprise does not know.
        items: Inner id of each item code, likewise.
        mean: Mean of the training ratings.
    """

    users: Inner
    items: Inner
    mean: float

    @classmethod
    def of(cls, train: Interactions, multiplier: int = 1) -> tuple[Self, Trainset]:
        """Build the trainset that Surprise's algorithms are fitted on.

        Args:
            train: Interactions with ratings.
            multiplier: What ratings are multiplied by; see ``whole``.
        """
        users, n_users = first_seen(train.users, train.n_users)
        items, n_items = first_seen(train.items, train.n_items)
        ratings = np.asarray(train.ratings, dtype=np.float64) * multiplier
        if multiplier > 1:
            ratings = np.round(ratings)
        low, high = train.scale or (ratings.min(), ratings.max())
        trainset = Trainset(
            grouped(users[train.users], items[train.items], ratings, n_users),
            grouped(items[train.items], users[train.users], ratings, n_items),
            n_users,
            n_items,
            len(train),
            (low * multiplier, high * multiplier),
            dict(
                zip(
                    np.flatnonzero(users >= 0).tolist(),
                    users[users >= 0].tolist(),
                    strict=True,
                )
            ),
            dict(
                zip(
                    np.flatnonzero(items >= 0).tolist(),
                    items[items >= 0].tolist(),
                    strict=True,
                )
            ),
        )
        return cls(users=users, items=items, mean=trainset.global_mean), trainset

    def both(self, users: Codes, items: Codes) -> NDArray[np.bool_]:
        """Return for which pairs both sides have training rows."""
        return np.asarray((self.users[users] >= 0) & (self.items[items] >= 0))


def first_seen(codes: Codes, n: int) -> tuple[Inner, int]:
    """Number the codes that occur in the order of their first row.

    Returns:
        The number of each code, -1 where it does not occur, int64 ``(n,)``; and how
        many occur.
    """
    known, first = np.unique(codes, return_index=True)
    inner = np.full(n, -1, dtype=np.int64)
    inner[known[np.argsort(first)]] = np.arange(len(known))
    return inner, len(known)


def grouped(
    owners: Inner, others: Inner, ratings: NDArray[np.float64], n: int
) -> Lists:
    """Return Surprise's ``ur`` or ``ir``: (other, rating) of each, in row order."""
    order = np.argsort(owners, kind="stable")
    pairs = list(zip(others[order].tolist(), ratings[order].tolist(), strict=True))
    ends = np.cumsum(np.bincount(owners, minlength=n)).tolist()
    starts = [0, *ends[:-1]]
    groups = (
        (o, pairs[a:b]) for o, (a, b) in enumerate(zip(starts, ends, strict=True))
    )
    return defaultdict(list, groups)


def whole(ratings: NDArray[np.float32] | None) -> int:
    """Return a factor that makes all ratings whole numbers, 1000 at most.

    Surprise's slope one and co-clustering hold ratings in C integers: 3.5 becomes 3
    without a word. Both are linear in the ratings, so they can be fitted on
    multiples and their answers divided. Where even thousandths are not whole,
    ratings are rounded to them.
    """
    values = np.asarray(ratings, dtype=np.float64)
    for factor in (1, 2, 4, 5, 10, 20, 100):
        multiple = values * factor
        if np.allclose(multiple, np.round(multiple), rtol=0, atol=1e-4):
            return factor
    return 1000


def spread(values: NDArray[np.float64], inner: Inner) -> NDArray[np.float64]:
    """Return rows of inner ids as rows of codes; zero for codes Surprise lacks."""
    out = np.zeros((len(inner), *values.shape[1:]))
    known = inner >= 0
    out[known] = values[inner[known]]
    return out
