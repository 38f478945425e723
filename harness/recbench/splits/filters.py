"""What is taken out of a data set before it is split, and a note of it.

Filters count interactions; a user-item pair that stands twice counts twice, unless
the suite's duplicate rule ran first.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recbench.errors import DataError, UsageError
from recbench.interactions import Interactions
from recbench.splits.shares import lottery, smallest, whole

SAMPLE_SEED = 20  # fixed, so that every split seed divides the same users


class Kept(NamedTuple):
    """What a filter kept.

    Attributes:
        rows: int64, ascending: the rows that stay.
        note: What was removed, in one line for people.
    """

    rows: NDArray[np.int64]
    note: str


def k_core(table: Interactions, *, users: int = 5, items: int = 5) -> Kept:
    """Keep the largest part in which all users and items have enough interactions.

    Removing an item can leave a user with too few, and so on: repeated until nothing
    changes.

    Args:
        table: The interactions.
        users: Interactions that each user must have.
        items: Interactions that each item must have.
    """
    least = (whole("users", users, low=0), whole("items", items, low=0))
    rows = np.arange(len(table))
    while True:
        keep = _enough(table, rows, *least)
        if keep.all():
            return _kept(table, rows, f"k-core (users >= {users}, items >= {items})")
        rows = rows[keep]


def min_interactions(table: Interactions, *, users: int = 5, items: int = 0) -> Kept:
    """Keep users and items that have enough interactions to begin with: one pass.

    Args:
        table: The interactions.
        users: Interactions that each user must have.
        items: Interactions that each item must have.
    """
    least = (whole("users", users, low=0), whole("items", items, low=0))
    rows = np.arange(len(table))
    rows = rows[_enough(table, rows, *least)]
    return _kept(table, rows, f"min-interactions (users >= {users}, items >= {items})")


def min_rating(table: Interactions, *, rating: float = 4.0) -> Kept:
    """Keep interactions rated at least ``rating``.

    Raises:
        UsageError: If the data has no ratings, or ``rating`` is no number.
    """
    if isinstance(rating, bool) or not isinstance(rating, (int, float)):
        msg = f"filter parameter rating={rating!r} must be a number"
        raise UsageError(msg)
    if table.ratings is None:
        msg = "filter 'min-rating' needs ratings, and this data set has none"
        raise UsageError(msg)
    rows = np.flatnonzero(table.ratings >= np.float32(rating))
    return _kept(table, rows, f"min-rating (rating >= {rating:g})")


def sample_users(table: Interactions, *, n: int = 150) -> Kept:
    """Keep the interactions of ``n`` users, drawn at random but always the same.

    Args:
        table: The interactions.
        n: How many users stay; all do where there are no more.
    """
    wanted = whole("n", n, low=1)
    users = np.unique(table.users)
    numbers = lottery(len(users), SAMPLE_SEED)
    (drawn,) = smallest(numbers, min(wanted, len(users)))
    rows = np.flatnonzero(np.isin(table.users, users[drawn]))
    return _kept(table, rows, f"sample-users (n = {n})")


def _enough(
    table: Interactions, rows: NDArray[np.int64], users: int, items: int
) -> NDArray[np.bool_]:
    """Return which of the rows belong to a user and an item with enough of them."""
    owners, wanted = table.users[rows], table.items[rows]
    of_users = np.bincount(owners, minlength=table.n_users)[owners]
    of_items = np.bincount(wanted, minlength=table.n_items)[wanted]
    return np.asarray((of_users >= users) & (of_items >= items))


def _kept(table: Interactions, rows: NDArray[np.int64], what: str) -> Kept:
    """Return the rows with a note; refuse to keep nothing."""
    if not len(rows):
        msg = f"filter {what} leaves no interaction of {len(table):,}: use a milder one"
        raise DataError(msg)
    lost_users = len(np.unique(table.users)) - len(np.unique(table.users[rows]))
    lost_items = len(np.unique(table.items)) - len(np.unique(table.items[rows]))
    note = (
        f"{what} removed {len(table) - len(rows):,} of {len(table):,} interactions, "
        f"{lost_users:,} users and {lost_items:,} items"
    )
    return Kept(rows=rows, note=note)


FILTERS: dict[str, Callable[..., Kept]] = {
    "k-core": k_core,
    "min-interactions": min_interactions,
    "min-rating": min_rating,
    "sample-users": sample_users,
}
