"""What metrics read: lists with their hits, or ratings with their predictions.

Every metric takes one of these two views, so a new metric is one short function and
cannot disagree with another about seen items, ties or padding.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from recbench.features import Features
    from recbench.interactions import Interactions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankedLists:
    """Top-k lists of ``n`` users, with what is relevant to each.

    Attributes:
        users: int32, shape ``(n,)``, user codes; every test user with at least one
            relevant item, in ascending order.
        items: int32, shape ``(n, k)``, item codes, best first, padded with -1.
        hits: bool, shape ``(n, k)``; whether the item there is relevant.
        gains: float64, shape ``(n, k)``; the test rating of the item there (1 where
            there are no ratings), 0 where it is no test item of the user. Not
            limited to relevant items: graded metrics read every test rating.
        n_relevant: int64, shape ``(n,)``, at least 1: relevant items in the test
            part, in the list or not.
        ideal: float64, shape ``(n, k)``: the user's test ratings, largest first,
            padded with 0.
        n_items: Size of the item code space.
        candidates: bool, shape ``(n_items,)``; what may be listed.
        popularity: int64, shape ``(n_items,)``; training interactions of each item.
        train: The training interactions.
        item_features: Features of the items, or None.
        user_features: Features of the users, or None.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    hits: NDArray[np.bool_]
    gains: NDArray[np.float64]
    n_relevant: NDArray[np.int64]
    ideal: NDArray[np.float64]
    n_items: int
    candidates: NDArray[np.bool_]
    popularity: NDArray[np.int64]
    train: "Interactions | None" = None
    item_features: "Features | None" = None
    user_features: "Features | None" = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RatedPairs:
    """Test ratings beside their predictions, one entry per pair.

    Attributes:
        users: int32, shape ``(n,)``, user codes.
        ratings: float64, shape ``(n,)``, the true ratings.
        predictions: float64, shape ``(n,)``, clipped to the scale.
        n_users: Size of the user code space.
    """

    users: NDArray[np.int32]
    ratings: NDArray[np.float64]
    predictions: NDArray[np.float64]
    n_users: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PerUser:
    """The values of one metric, one per user.

    The figure of the metric is ``finish(sum(weights * values) / sum(weights))``.

    Attributes:
        users: int32, shape ``(n,)``.
        values: float64, shape ``(n,)``, finite where the weight is not 0.
        weights: float64, shape ``(n,)``; 0 where the metric is undefined.
        finish: ``mean`` or ``sqrt``.
    """

    users: NDArray[np.int32]
    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    finish: str = "mean"

    def figure(self) -> float:
        """Return the figure that stands on the board; NaN where no user counts."""
        total = self.weights.sum()
        if total == 0:
            return float("nan")
        mean = float(np.dot(self.weights, np.nan_to_num(self.values)) / total)
        return float(np.sqrt(mean)) if self.finish == "sqrt" else mean
