"""What the listed items are like, by the categories among their features.

All columns of categories together describe an item (for MovieLens: its genres);
numbers and text are left out, since their units would decide. An item without
categories resembles nothing, itself included.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recbench.errors import DataError
from recbench.features import Categories
from recbench.metrics.ranking import Values, quotient
from recbench.metrics.views import RankedLists

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SMOOTHING = 0.01  # of calibration: how much of the profile is mixed into the list


def _categories(lists: RankedLists) -> "csr_array":
    """Return items by categories, 0 or 1, float64, shape ``(n_items, width)``."""
    columns = {} if lists.item_features is None else lists.item_features.columns
    names = tuple(n for n, c in columns.items() if isinstance(c, Categories))
    if lists.item_features is None or not names:
        msg = (
            "this metric reads categories of items, and the data set has none: "
            "leave it out"
        )
        raise DataError(msg)
    matrix = lists.item_features.matrix(names).astype(np.float64)
    matrix.data[:] = 1
    return matrix


def _listed(lists: RankedLists, k: int) -> "csr_array":
    """Return lists by items, 1 where listed, float64, shape ``(n, n_items)``."""
    from scipy.sparse import csr_array

    items = lists.items[:, :k]
    filled = items >= 0
    offsets = np.concatenate(([0], np.cumsum(filled.sum(axis=1))))
    ones = np.ones(int(offsets[-1]))
    shape = (len(items), lists.n_items)
    return csr_array((ones, items[filled], offsets), shape=shape)


def _profiles(lists: RankedLists) -> "csr_array":
    """Return users by the items they trained on, each once, float64."""
    profiles = lists.training().csr()[lists.users].astype(np.float64)
    profiles.data[:] = 1
    return profiles


def _scaled(matrix: "csr_array", sizes: NDArray[np.float64]) -> "csr_array":
    """Return the matrix with each row divided by its size; rows of size 0 stay."""
    from scipy.sparse import csr_array, diags_array

    factors = np.divide(1, sizes, out=np.ones(len(sizes)), where=sizes > 0)
    return csr_array(diags_array(factors) @ matrix)


def _unit_rows(matrix: "csr_array") -> "csr_array":
    return _scaled(matrix, np.sqrt(_row_sums(matrix.multiply(matrix).tocsr())))


def _row_sums(matrix: "csr_array") -> NDArray[np.float64]:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64)


def diversity(lists: RankedLists, k: int) -> Values:
    """Mean of 1 minus cosine over all pairs of listed items (Ziegler et al., 2005).

    NaN where the list holds fewer than two items.
    """
    listed = _listed(lists, k)
    unit = _unit_rows(_categories(lists))
    sums = listed @ unit  # (n, width)
    selves = listed @ _row_sums(unit.multiply(unit).tocsr())  # (n,)
    m = _row_sums(listed)
    both = _row_sums(sums.multiply(sums).tocsr()) - selves
    return 1 - quotient(both, m * (m - 1))


def surprise(lists: RankedLists, k: int) -> Values:
    """Mean of 1 minus cosine between listed items and the user's training items.

    (Kaminskas and Bridge, 2014, by content, averaged.) NaN where the list or the
    user's training part is empty.
    """
    listed, profiles = _listed(lists, k), _profiles(lists)
    unit = _unit_rows(_categories(lists))
    products = (listed @ unit).multiply(profiles @ unit).tocsr()
    pairs = _row_sums(listed) * _row_sums(profiles)
    return 1 - quotient(_row_sums(products), pairs)


def calibration(lists: RankedLists, k: int) -> Values:
    """Divergence of the list's categories from those of the profile (Steck, 2018).

    Kullback-Leibler divergence, natural logarithm, of the profile's distribution
    from the list's, the latter mixed with 1 % of the former. An item spreads its
    weight evenly over its categories. An empty list scores ``ln 100``, the worst;
    NaN where the profile has no categories.
    """
    categories = _categories(lists)
    spread = _scaled(categories, _row_sums(categories))
    wanted, given = _profiles(lists) @ spread, _listed(lists, k) @ spread
    p = _scaled(wanted, _row_sums(wanted))
    q = _scaled(given, _row_sums(given))
    ratio = ((1 - SMOOTHING) * q + SMOOTHING * p).tocsr()
    ratio.data = np.log(ratio.data)
    logs = p.copy()
    logs.data = np.log(logs.data)
    divergence = _row_sums((p.multiply(logs) - p.multiply(ratio)).tocsr())
    known = _row_sums(p) > 0
    return np.where(known, np.maximum(divergence, 0), np.nan)
