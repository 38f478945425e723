"""Exact top-k from blocks of scores, with one tie rule for every model.

Order: larger score first; among equal scores, the smaller tie key first. Tie keys
come from a hash of the suite's seed and the raw item id, so neither the order of
items in a file nor the block size nor the model decides a tie.
"""

import numpy as np
from numpy.typing import NDArray

GROUP = 32  # columns a coarse maximum spans; 16 to 64 time alike


def tie_keys(
    item_ids: NDArray[np.int64] | NDArray[np.str_], seed: int
) -> NDArray[np.uint64]:
    """Return one pseudo-random key per item, from its raw id and ``seed``.

    Args:
        item_ids: Raw ids, int64 or str, shape ``(n_items,)``.
        seed: Seed of the suite's tie order.

    Returns:
        uint64, shape ``(n_items,)``.
    """
    if item_ids.dtype.kind == "U":
        from pandas.util import hash_array  # pandas costs 0.3 s, so only on demand

        raw = np.asarray(hash_array(item_ids.astype(object)), dtype=np.uint64)
    else:
        raw = item_ids.astype(np.int64).view(np.uint64)
    with np.errstate(over="ignore"):
        mixed = raw + np.uint64(seed + 1) * np.uint64(0x9E3779B97F4A7C15)
        # the finaliser of splitmix64 (Steele, Lea and Flood, 2014)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def group_size(n: int, k: int) -> int:
    """Return how many columns a coarse maximum spans, so that k groups are enough."""
    return max(1, min(GROUP, n // (2 * k)))


def padded(b: int, n: int, k: int) -> NDArray[np.float32]:
    """Return a block of ``b`` rows for ``n`` scores, its last columns at -inf.

    Its width is a multiple of the group size.
    """
    group = group_size(n, k)
    block = np.empty((b, -(-n // group) * group), dtype=np.float32)
    block[:, n:] = -np.inf
    return block


def finalists(
    block: NDArray[np.float32],
    n: int,
    k: int,
    margin: NDArray[np.float64] | float = 0.0,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every entry that may be in the top-k of its row, ties at the cut included.

    The maxima of disjoint groups of columns are entries of the row, so at least k
    entries reach the k-th largest maximum: whatever is smaller by more than
    ``margin`` cannot be in the top-k. Only groups whose maximum reaches that bound
    are looked into, so the block is read once.

    Args:
        block: float32, from :func:`padded`, without NaN; -inf where masked.
        n: Number of items.
        k: Length of the lists, at least 1.
        margin: How far scores may be off, shape ``(b,)`` or one for all.

    Returns:
        Rows, ascending, and columns of the finalists, int64.
    """
    b, width = block.shape
    size = group_size(n, k)
    groups = width // size
    cube = block.reshape(b, size, groups)  # group g holds columns g, g + groups, ...
    maxima = cube[:, 0].copy()  # (b, groups)
    for member in range(1, size):  # five times as fast as `max` where groups are few
        np.maximum(maxima, cube[:, member], out=maxima)
    bound = np.full(b, -np.inf)
    if groups >= k:
        bound = np.partition(maxima, groups - k, axis=1)[:, groups - k] - margin
    # the least float32 at or above the bound would do; the next one below is safe
    low = np.nextafter(bound.astype(np.float32), np.float32(-np.inf))
    low = np.maximum(low, np.finfo(np.float32).min)[:, None]  # never what is masked
    rows, where = np.nonzero(maxima >= low)
    members = cube[rows, :, where]  # (found, group size)
    found, place = np.nonzero(members >= low[rows])
    return rows[found], place * groups + where[found]


def select(
    *,
    rows: NDArray[np.int64],
    items: NDArray[np.int64],
    values: NDArray[np.float64] | NDArray[np.float32],
    keys: NDArray[np.uint64],
    n_rows: int,
    k: int,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the best ``k`` of each row among given candidates.

    Args:
        rows: Row of each candidate, shape ``(c,)``.
        items: Item code of each candidate, shape ``(c,)``.
        values: Score of each candidate, shape ``(c,)``, finite.
        keys: Tie key per item code, shape ``(n_items,)``.
        n_rows: Number of rows.
        k: Length of the lists.

    Returns:
        Item codes int32 ``(n_rows, k)`` padded with -1, and their scores float64,
        padded with NaN.
    """
    order = np.lexsort((keys[items], -values, rows))
    rows, items, values = rows[order], items[order], values[order]
    starts = np.searchsorted(rows, np.arange(n_rows))
    rank = np.arange(len(rows)) - starts[rows]
    kept = rank < k
    lists = np.full((n_rows, k), -1, dtype=np.int32)
    scores = np.full((n_rows, k), np.nan)
    lists[rows[kept], rank[kept]] = items[kept]
    scores[rows[kept], rank[kept]] = values[kept]
    return lists, scores


def top_k(
    block: NDArray[np.float32], n: int, keys: NDArray[np.uint64], k: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the exact top-k of each row; entries of -inf are never listed.

    Args:
        block: float32, from :func:`padded`, without NaN; -inf where masked.
        n: Number of items.
        keys: Tie key per item, shape ``(n,)``.
        k: Length of the lists.

    Returns:
        Item codes int32 ``(b, k)`` padded with -1, and scores float64 ``(b, k)``
        padded with NaN.
    """
    rows, items = finalists(block, n, k)
    values = block[rows, items]
    return select(
        rows=rows, items=items, values=values, keys=keys, n_rows=len(block), k=k
    )
