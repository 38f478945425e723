"""How lists given by scores are ordered, tie by tie as each library does it."""

import numpy as np
from numpy.typing import NDArray

from recbench.dialects.choices import Order

BY_SCORE = (Order.TREC, Order.UNSTABLE, Order.SCORE)  # these libraries know no rank
SMALL = 15  # numba sorts parts of up to so many places by insertion, which is stable


def by_rank(ranks: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the order of list rows: user by user, smallest rank first."""
    return np.lexsort((ranks, rows))


def by_score(scores: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the order: user by user, best score first, equal ones as in the file."""
    return np.lexsort((-scores, rows))  # stable


def by_trec(
    scores: NDArray[np.float64],
    rows: NDArray[np.int64],
    items: NDArray[np.int64],
    item_names: NDArray[np.object_],
) -> NDArray[np.int64]:
    """Return trec_eval's order: score in single precision, then name, both falling."""
    with np.errstate(over="ignore"):  # a score beyond single precision is infinite
        single = scores.astype(np.float32)
    place = np.empty(len(item_names), dtype=np.int64)
    place[np.argsort(item_names.astype(str))] = np.arange(len(item_names))
    return np.lexsort((-place[items], -single, rows))


def by_ranx(
    scores: NDArray[np.float64],
    rows: NDArray[np.int64],
    listed: NDArray[np.int64],
    *,
    times: int,
) -> NDArray[np.int64]:
    """Return ranx's order: best score first, ties as its sort leaves them.

    ranx sorts by numba's quicksort, which is stable up to ``SMALL`` places; where lists
    and truth differ in their users, its ``make_comparable`` sorts them once more.

    Args:
        scores: Shape ``(m,)``.
        rows: The user of each row, int64, shape ``(m,)``.
        listed: Rows of each user, int64, shape ``(n,)``.
        times: How often ranx sorts.
    """
    stable = by_score(scores, rows)
    starts = np.cumsum(listed) - listed
    tied = np.flatnonzero(np.diff(scores[stable]) == 0)
    tied = tied[rows[stable[tied]] == rows[stable[tied + 1]]]
    users = np.unique(rows[stable[tied]])
    out = stable.copy()
    in_file = np.lexsort((np.arange(len(rows)), rows))
    for user in users[listed[users] > SMALL]:  # only long lists that hold a tie
        part = slice(starts[user], starts[user] + listed[user])
        members = in_file[part]
        for _ in range(times):
            members = members[_numba_argsort((-scores[members]).tolist())]
        out[part] = members
    return out


def _numba_argsort(keys: list[float]) -> NDArray[np.int64]:
    """Return the order in which numba's quicksort leaves the keys, ascending.

    Median of three, Hoare's partition, the larger part later, insertion for small
    parts: with equal keys each of these decides, so none can be replaced.
    """
    index = list(range(len(keys)))
    stack = [(0, len(keys) - 1)]
    while stack:
        low, high = stack.pop()
        while high - low >= SMALL:
            middle = _partition(keys, index, low, high)
            if high - middle > middle - low:
                stack.append((middle + 1, high))
                high = middle - 1
            else:
                stack.append((low, middle - 1))
                low = middle + 1
        index[low : high + 1] = sorted(index[low : high + 1], key=keys.__getitem__)
    return np.array(index, dtype=np.int64)


def _partition(keys: list[float], index: list[int], low: int, high: int) -> int:
    """Partition ``index[low:high + 1]`` in place; return where the pivot went."""

    def swap_if_less(a: int, b: int) -> None:
        if keys[index[a]] < keys[index[b]]:
            index[a], index[b] = index[b], index[a]

    middle = (low + high) >> 1
    swap_if_less(middle, low)
    swap_if_less(high, middle)
    swap_if_less(middle, low)
    pivot = keys[index[middle]]
    index[high], index[middle] = index[middle], index[high]
    i, j = low, high - 1
    while True:
        while i < high and keys[index[i]] < pivot:
            i += 1
        while j >= low and pivot < keys[index[j]]:
            j -= 1
        if i >= j:
            break
        index[i], index[j] = index[j], index[i]
        i, j = i + 1, j - 1
    index[i], index[high] = index[high], index[i]
    return i
