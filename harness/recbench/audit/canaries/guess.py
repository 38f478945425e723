"""What a look yields: a function from users to scores of all items."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.interactions import Interactions
from recbench.protocols import FitContext

Scores = NDArray[np.float64]
Guess = Callable[[NDArray[np.int32]], Scores]
Look = Callable[[Interactions, FitContext], Guess]


def by_item(values: NDArray[Any], n_items: int) -> Guess:
    """Return the guess that scores items alike for everybody."""
    scores = standard(values)

    def guess(users: NDArray[np.int32]) -> Scores:
        return np.broadcast_to(scores, (len(users), n_items))

    return guess


def by_pair(scores: Scores) -> Guess:
    """Return the guess from a table, shape ``(n_users, n_items)``."""
    return lambda users: scores[users]


def standard(values: NDArray[Any]) -> Scores:
    """Return values with mean 0 and deviation 1; unknown and constant ones are 0."""
    found = np.asarray(values, dtype=np.float64)
    found = np.where(np.isfinite(found), found, np.nan)
    if not np.isfinite(found).any():
        return np.zeros(found.shape)
    centred = np.nan_to_num(found - np.nanmean(found))
    spread = float(centred.std())
    return centred / spread if spread > 0 else np.zeros(found.shape)
