"""What metrics read: lists with their hits, or ratings with their predictions.

Every metric takes one of these views, so a new metric is one short function and
cannot disagree with another about seen items, ties or padding.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recbench.errors import UsageError

if TYPE_CHECKING:
    from recbench.features import Features
    from recbench.interactions import Interactions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The test items of ``n`` users, one entry per user-item pair.

    Attributes:
        offsets: int64, shape ``(n + 1,)``; row ``r`` of the lists owns the entries
            ``offsets[r]:offsets[r + 1]``.
        items: int32, shape ``(m,)``, item codes, ascending within a user.
        gains: float64, shape ``(m,)``; the test rating, 1 where there are none. Of
            repeated pairs the largest rating counts.
        relevant: bool, shape ``(m,)``.
    """

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    gains: NDArray[np.float64]
    relevant: NDArray[np.bool_]

    def rows(self) -> NDArray[np.int64]:
        """Return the row of each entry, shape ``(m,)``."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def n_relevant(self) -> NDArray[np.int64]:
        """Return how many entries of each row are relevant, shape ``(n,)``."""
        if self.relevant.all():
            return np.diff(self.offsets)
        return np.bincount(
            self.rows()[self.relevant], minlength=len(self.offsets) - 1
        ).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Where the hits stand, one entry per hit, by row and then by rank.

    Attributes:
        rows: int64, shape ``(h,)``, row of the lists.
        ranks: int64, shape ``(h,)``, column of the lists: 0 is the top.
        numbers: int64, shape ``(h,)``, 1 for the first hit of a list, 2 for the
            second, and so on.
    """

    rows: NDArray[np.int64]
    ranks: NDArray[np.int64]
    numbers: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class RankedLists:
    """Top-k lists of ``n`` users, with what is relevant to each.

    Made by :func:`recbench.evaluation.lists.ranked_lists`. The derived views are
    computed once, when first read, and must not be written to.

    Attributes:
        users: int32, shape ``(n,)``, user codes; every test user with at least one
            relevant item, in ascending order.
        items: int32, shape ``(n, k)``, item codes, best first, padded with -1.
        hits: bool, shape ``(n, k)``; whether the item there is relevant.
        gains: float64, shape ``(n, k)``; the test rating of the item there (1 where
            there are no ratings), 0 where it is no test item of the user. Not
            limited to relevant items: graded metrics read every test rating.
        n_relevant: int64, shape ``(n,)``, at least 1: relevant items in the test
            part, in the list or not, candidates or not.
        truth: The users' test items.
        n_items: Size of the item code space.
        candidates: bool, shape ``(n_items,)``; what may be listed.
        popularity: int64, shape ``(n_items,)``; training interactions of each item.
        train: The training interactions; None where they are unknown.
        seen: Interactions whose items were never listed for their user, or None.
        item_features: Features of the items, or None.
        user_features: Features of the users, or None.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    hits: NDArray[np.bool_]
    gains: NDArray[np.float64]
    n_relevant: NDArray[np.int64]
    truth: Truth
    n_items: int
    candidates: NDArray[np.bool_]
    popularity: NDArray[np.int64]
    train: "Interactions | None" = None
    seen: "Interactions | None" = None
    item_features: "Features | None" = None
    user_features: "Features | None" = None

    def training(self) -> "Interactions":
        """Return the training interactions, for metrics that cannot do without.

        Raises:
            UsageError: If the lists were read without them.
        """
        if self.train is None:
            msg = (
                "this metric reads the training interactions, and none were given: "
                "leave it out, or score within a suite"
            )
            raise UsageError(msg)
        return self.train

    @cached_property
    def places(self) -> Places:
        """Where the hits stand: most metrics need nothing else."""
        k = self.hits.shape[1]
        flat = np.flatnonzero(self.hits)
        rows, ranks = np.divmod(flat, max(k, 1))
        starts = np.searchsorted(rows, np.arange(len(self.users)))
        numbers = np.arange(len(rows)) - starts[rows] + 1
        return Places(rows=rows, ranks=ranks, numbers=numbers)

    @cached_property
    def ideal(self) -> NDArray[np.float64]:
        """The users' test ratings, largest first, padded with 0, shape ``(n, k)``."""
        rows = self.truth.rows()
        order = np.lexsort((-self.truth.gains, rows))
        rank = np.arange(len(rows)) - self.truth.offsets[rows]
        kept = rank < self.items.shape[1]
        best = np.zeros(self.items.shape)
        best[rows[kept], rank[kept]] = self.truth.gains[order][kept]
        return best

    @cached_property
    def n_negatives(self) -> NDArray[np.int64]:
        """Candidates neither relevant to the user nor seen, int64, shape ``(n,)``."""
        relevant = self.truth.relevant
        taken = self.truth.rows()[relevant] * self.n_items + self.truth.items[relevant]
        if self.seen is not None:
            row_of = np.full(self.seen.n_users, -1, dtype=np.int64)
            row_of[self.users] = np.arange(len(self.users))
            rows = row_of[self.seen.users]
            seen = rows * self.n_items + self.seen.items
            taken = np.concatenate((taken, seen[rows >= 0]))
        taken = np.unique(taken)
        rows, items = np.divmod(taken, self.n_items)
        lost = np.bincount(rows[self.candidates[items]], minlength=len(self.users))
        return np.asarray(int(self.candidates.sum()) - lost, dtype=np.int64)


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
