"""What counts when a user has several interactions with one item."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recbench.errors import UsageError
from recbench.interactions import Interactions
from recbench.ordering import order_by

Rule = Literal["last", "first", "mean", "keep"]
RULES = ("last", "first", "mean", "keep")


def deduplicate(
    interactions: Interactions, rule: Rule = "last"
) -> tuple[Interactions, NDArray[np.int64]]:
    """Leave one interaction per user-item pair.

    Of a pair's rows, "first" and "last" go by time where there is one and by row where
    there is none or times are equal. "mean" keeps the last row with the mean of all the
    pair's ratings.

    Args:
        interactions: The table; not changed.
        rule: ``last``, ``first``, ``mean`` or ``keep`` (all rows stay).

    Returns:
        The interactions left, in their original order, and their int64 row numbers in
        the given table, ascending.

    Raises:
        UsageError: If there is no such rule.
    """
    if rule not in RULES:
        msg = f"unknown duplicate rule {rule!r}: use {', '.join(RULES)}"
        raise UsageError(msg)
    everything = np.arange(len(interactions), dtype=np.int64)
    if rule == "keep" or not len(interactions):
        return interactions, everything
    again = repeated_rows(interactions)
    if not len(again):
        return interactions, everything
    table = interactions.take(again)
    pairs = pair_keys(table.users, table.items, table.n_items)
    order = _chronological(pairs, table.timestamps)
    ordered = pairs[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    ends = np.r_[starts[1:], len(ordered)] - 1
    chosen = order[starts if rule == "first" else ends]
    left = np.ones(len(interactions), dtype=np.bool_)
    left[again] = False
    left[again[chosen]] = True
    rows = everything[left]
    kept = interactions.take(rows)
    if rule == "mean" and kept.ratings is not None and table.ratings is not None:
        sums = np.add.reduceat(table.ratings[order].astype(np.float64), starts)
        ratings = kept.ratings.copy()
        ratings[np.searchsorted(rows, again[chosen])] = sums / (ends - starts + 1)
        kept = replace(kept, ratings=ratings)
    return kept, rows


def pair_keys(
    users: NDArray[np.int32], items: NDArray[np.int32], n_items: int
) -> NDArray[np.int64]:
    """Return one number for each row's user-item pair, int64, shape ``(n,)``."""
    keys = users.astype(np.int64)
    keys *= n_items
    keys += items
    return keys


def repeated_rows(table: Interactions) -> NDArray[np.int64]:
    """Return the rows whose user-item pair stands in another row too, ascending.

    One sort of one column; most tables have none, and then nothing else is needed.
    """
    keys = pair_keys(table.users, table.items, table.n_items)
    if (keys[1:] > keys[:-1]).all():
        return np.zeros(0, dtype=np.int64)
    ordered = np.sort(keys)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return np.zeros(0, dtype=np.int64)
    at = np.searchsorted(twice, keys)
    at[at == len(twice)] = 0
    return np.flatnonzero(twice[at] == keys)


def _chronological(
    pairs: NDArray[np.int64], times: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """Return the rows sorted by pair, then time, then row; int64."""
    return order_by(pairs) if times is None else order_by(pairs, times)


def count_repeats(
    users: NDArray[np.int32], items: NDArray[np.int32], n_items: int
) -> int:
    """Return how many rows repeat a user-item pair that another row holds."""
    pairs = pair_keys(users, items, n_items)
    if (pairs[1:] > pairs[:-1]).all():
        return 0
    pairs.sort()
    return int(np.count_nonzero(pairs[1:] == pairs[:-1]))
