"""The test pairs of users, each once and in order, with the keys to find them by."""

import numpy as np
from numpy.typing import NDArray

from recbench.interactions import Interactions
from recbench.metrics.views import Truth


def truth_of(
    test: Interactions, relevance: float | None
) -> tuple[Truth, NDArray[np.int64]]:
    """Return the distinct test pairs of every user code, and their sorted keys.

    The key of a pair is ``user * n_items + item``; of repeated pairs the largest
    rating counts.
    """
    users, items = test.users, test.items
    keys = users.astype(np.int64) * test.n_items + items
    gains = np.ones(len(keys))
    if test.ratings is not None:
        gains = test.ratings.astype(np.float64)
    if not (keys[1:] > keys[:-1]).all():
        order = np.argsort(keys, kind="stable")
        users, items, keys, gains = (
            users[order],
            items[order],
            keys[order],
            gains[order],
        )
        first = np.ones(len(keys), dtype=np.bool_)
        first[1:] = keys[1:] != keys[:-1]
        if not first.all():
            gains = np.maximum.reduceat(gains, np.flatnonzero(first))
            users, items, keys = users[first], items[first], keys[first]
    relevant = np.ones(len(keys), dtype=np.bool_)
    if relevance is not None and test.ratings is not None:
        relevant = gains >= np.float64(np.float32(relevance))
    offsets = np.zeros(test.n_users + 1, dtype=np.int64)
    np.cumsum(np.bincount(users, minlength=test.n_users), out=offsets[1:])
    return Truth(offsets=offsets, items=items, gains=gains, relevant=relevant), keys


def of_rows(
    truth: Truth, keys: NDArray[np.int64], kept: NDArray[np.bool_]
) -> tuple[Truth, NDArray[np.int64]]:
    """Return the pairs of some rows only, and their keys."""
    counts = np.diff(truth.offsets)
    mine = np.repeat(kept, counts)
    offsets = np.zeros(int(kept.sum()) + 1, dtype=np.int64)
    np.cumsum(counts[kept], out=offsets[1:])
    chosen = Truth(
        offsets=offsets,
        items=truth.items[mine],
        gains=truth.gains[mine],
        relevant=truth.relevant[mine],
    )
    return chosen, keys[mine]
