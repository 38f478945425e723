"""What all lists together do with the catalogue: mostly one number for a system."""

import numpy as np
from numpy.typing import NDArray

from recbench.metrics.ranking import Values
from recbench.metrics.views import RankedLists


def _listings(lists: RankedLists, k: int) -> NDArray[np.int64]:
    """Return how often each item is listed, int64, shape ``(n_items,)``."""
    items = lists.items[:, :k]
    return np.bincount(items[items >= 0], minlength=lists.n_items)


def coverage(lists: RankedLists, k: int) -> float:
    """Share of the candidates that at least one list holds."""
    lists.training()
    listed = _listings(lists, k)[lists.candidates]
    return float((listed > 0).mean()) if len(listed) else float("nan")


def user_coverage(lists: RankedLists, k: int) -> Values:
    """1 where the user has a list at all, else 0."""
    return np.asarray((lists.items[:, :k] >= 0).any(axis=1), dtype=np.float64)


def filled(lists: RankedLists, k: int) -> Values:
    """Share of the ``k`` places that hold an item."""
    return np.asarray((lists.items[:, :k] >= 0).sum(axis=1) / k, dtype=np.float64)


def gini(lists: RankedLists, k: int) -> float:
    """Gini coefficient of how often each candidate is listed.

    0 where all candidates are listed equally often, near 1 where one item fills all
    lists. NaN where nothing is listed.
    """
    lists.training()
    counts = np.sort(_listings(lists, k)[lists.candidates])
    n, total = len(counts), counts.sum()
    if total == 0:
        return float("nan")
    ranks = np.arange(1, n + 1)
    return float(((2 * ranks - n - 1) * counts).sum() / (n * total))


def entropy(lists: RankedLists, k: int) -> float:
    """Shannon entropy, in bits, of the item of a random listing; NaN without one."""
    counts = _listings(lists, k)
    counts = counts[counts > 0]
    if not len(counts):
        return float("nan")
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def personalisation(lists: RankedLists, k: int) -> float:
    """Mean share of ``k`` places in which the lists of two users differ.

    1 minus the mean, over all pairs of users, of the items both lists hold divided by
    ``k``. NaN with fewer than two users.
    """
    n = len(lists.users)
    if n < 2:
        return float("nan")
    counts = _listings(lists, k).astype(np.float64)
    return float(1 - (counts * (counts - 1)).sum() / (k * n * (n - 1.0)))
