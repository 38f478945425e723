"""What counts when a user has several interactions with one item."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recbench.errors import UsageError
from recbench.interactions import Interactions

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
    pairs = interactions.users.astype(np.int64) * interactions.n_items
    pairs += interactions.items
    order = _chronological(pairs, interactions.timestamps)
    ordered = pairs[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    if len(starts) == len(pairs):
        return interactions, everything
    ends = np.r_[starts[1:], len(ordered)] - 1
    chosen = order[starts if rule == "first" else ends]
    by_row = np.argsort(chosen)
    rows = chosen[by_row]
    kept = interactions.take(rows)
    if rule == "mean" and interactions.ratings is not None:
        sums = np.add.reduceat(interactions.ratings[order].astype(np.float64), starts)
        means = (sums / (ends - starts + 1)).astype(np.float32)
        kept = replace(kept, ratings=means[by_row])
    return kept, rows


def _chronological(
    pairs: NDArray[np.int64], times: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """Return the rows sorted by pair, then time, then row; int64."""
    keys = (pairs,) if times is None else (times, pairs)
    return np.lexsort(keys).astype(np.int64)


def count_repeats(
    users: NDArray[np.int32], items: NDArray[np.int32], n_items: int
) -> int:
    """Return how many rows repeat a user-item pair that another row holds."""
    pairs = users.astype(np.int64) * n_items + items
    pairs.sort()
    return int(np.count_nonzero(pairs[1:] == pairs[:-1]))
