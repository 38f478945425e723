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


def lower_bound(scores: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """Return, per row, a value that at least ``k`` entries reach (or -inf).

    The maxima of disjoint groups of columns are entries of the row, so the k-th
    largest of them is reached at least k times. It costs one pass over the block.

    Args:
        scores: float32, shape ``(b, n)``, without NaN.
        k: At least 1.

    Returns:
        float32, shape ``(b,)``.
    """
    b, n = scores.shape
    width = n // GROUP
    if width < 2 * k:
        if n <= k:
            return np.full(b, -np.inf, dtype=np.float32)
        return np.asarray(np.partition(scores, n - k, axis=1)[:, n - k])
    body = scores[:, : width * GROUP].reshape(b, GROUP, width)
    maxima = body.max(axis=1)  # (b, width): group g holds columns g, g + width, ...
    return np.asarray(np.partition(maxima, width - k, axis=1)[:, width - k])


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
    scores: NDArray[np.float32], keys: NDArray[np.uint64], k: int
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the exact top-k of each row; entries of -inf are never listed.

    Args:
        scores: float32, shape ``(b, n_items)``, without NaN; -inf where masked.
        keys: Tie key per item, shape ``(n_items,)``.
        k: Length of the lists.

    Returns:
        Item codes int32 ``(b, k)`` padded with -1, and scores float64 ``(b, k)``
        padded with NaN.
    """
    bound = lower_bound(scores, k)
    rows, items = np.nonzero((scores >= bound[:, None]) & (scores > -np.inf))
    return select(
        rows=rows,
        items=items,
        values=scores[rows, items],
        keys=keys,
        n_rows=len(scores),
        k=k,
    )
