"""Which listed items are test items: a filter first, then a search of what passes it.

A binary search among millions of pairs misses the cache at every step, and nearly all
listed items are no test items. So a block of users at a time marks its pairs in a
table that a cache holds, by a hash of the pair; only what hits a mark is searched for,
among the pairs of the block. There is no users x items matrix.
"""

import numpy as np
from numpy.typing import NDArray

BITS = 21  # the table has 2**21 one-byte marks: what a second-level cache holds
MARKS = 2**16  # pairs marked at once, so that one look in 32 is a false alarm at most
LOOKS = 2**18  # places of lists looked up at once
MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio (Knuth, 1973)


def find(
    keys: NDArray[np.int64],
    offsets: NDArray[np.int64],
    owners: NDArray[np.int64],
    items: NDArray[np.int32],
    n_items: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the listed items among the pairs of their users.

    Args:
        keys: ``user * n_items + item`` of every pair, ascending, shape ``(m,)``.
        offsets: Row ``r`` of the lists owns ``keys[offsets[r]:offsets[r + 1]]``,
            shape ``(n + 1,)``.
        owners: User code of each row, ascending, shape ``(n,)``.
        items: The lists, shape ``(n, k)``, -1 where there is no item.
        n_items: Size of the item code space.

    Returns:
        Places in the flattened lists that hold an item of their user, ascending, and
        the position of each in ``keys``; int64, of one length.
    """
    n, k = items.shape
    marks = np.zeros(2**BITS, dtype=np.bool_)
    found: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    where: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    start = 0
    while start < n:
        low = int(offsets[start])
        full = int(np.searchsorted(offsets, low + MARKS, side="right")) - 1
        stop = min(n, max(start + 1, min(full, start + LOOKS // max(k, 1))))
        mine = keys[low : int(offsets[stop])]
        block = items[start:stop]
        wanted = (owners[start:stop, None] * n_items + block).ravel()
        slots = _slots(mine)
        marks[slots] = True
        places = np.flatnonzero(marks[_slots(wanted)])
        marks[slots] = False
        places = places[block.ravel()[places] >= 0]
        at = np.searchsorted(mine, wanted[places])
        at[at == len(mine)] = 0  # beyond the last pair: equal to none, if there is one
        hit = mine[at] == wanted[places]
        found.append(places[hit] + start * k)
        where.append(at[hit] + low)
        start = stop
    return np.concatenate(found), np.concatenate(where)


def _slots(keys: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the mark of each key: the upper bits of a product, as they mix best."""
    return np.asarray((keys.view(np.uint64) * MIXER) >> np.uint64(64 - BITS))
