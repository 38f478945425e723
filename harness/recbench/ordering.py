"""Stable orders of integer columns, by sorting numbers and not positions.

``np.argsort`` follows positions all over the memory. Where a value and its position fit
into 63 bits together, sorting the two as one number is several times faster and gives
the same order.
"""

import numpy as np
from numpy.typing import NDArray


def stable_order(values: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the rows in ascending order of integer values, equal ones in row order.

    Args:
        values: Integers, shape ``(n,)``.

    Returns:
        int64, shape ``(n,)``: what ``np.argsort(values, kind="stable")`` returns.
    """
    n = len(values)
    if n == 0 or (values[1:] >= values[:-1]).all():
        return np.arange(n, dtype=np.int64)
    low, high = int(values.min()), int(values.max())
    bits = (n - 1).bit_length()
    if (high - low).bit_length() + bits > 63:
        return np.argsort(values, kind="stable").astype(np.int64, copy=False)
    keys = values.astype(np.int64)
    keys -= low
    keys <<= bits
    keys |= np.arange(n, dtype=np.int64)
    keys.sort()
    keys &= (1 << bits) - 1
    return keys


def order_by(*columns: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the rows sorted by several columns, the first counting most.

    Args:
        *columns: Integers, shape ``(n,)`` each, at least one.

    Returns:
        int64, shape ``(n,)``: what ``np.lexsort(columns[::-1])`` returns.
    """
    order = stable_order(columns[-1])
    for column in reversed(columns[:-1]):
        order = order[stable_order(column[order])]
    return order


def distinct(codes: NDArray[np.int32], n: int) -> NDArray[np.int32]:
    """Return the different codes, ascending, without sorting them.

    Args:
        codes: Codes in ``[0, n)``.
        n: Size of the code space.
    """
    there = np.zeros(n, dtype=np.bool_)
    there[codes] = True
    return np.flatnonzero(there).astype(np.int32)
