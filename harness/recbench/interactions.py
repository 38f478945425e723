"""The interaction table: aligned columns, and the views every model needs."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from recbench.errors import DataError
from recbench.ordering import order_by, stable_order

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from recbench.features import Features


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ByUser:
    """Interactions grouped by user, each group in time order (then row order).

    Attributes:
        offsets: int64, shape ``(n_users + 1,)``; user ``u`` owns
            ``rows[offsets[u]:offsets[u + 1]]``.
        rows: int64, shape ``(n,)``, positions in the interaction table.
    """

    offsets: NDArray[np.int64]
    rows: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Interactions:
    """User-item interactions as aligned columns, one entry per interaction.

    Users and items are codes, not raw identifiers: row ``u`` of any score matrix is
    user code ``u``, column ``i`` is item code ``i``. Train, validation and test share
    one code space, so ``n_users`` counts users with no row here too. The derived
    views are computed once and must not be written to.

    Attributes:
        users: User codes, int32, shape ``(n,)``, in ``[0, n_users)``.
        items: Item codes, int32, shape ``(n,)``, in ``[0, n_items)``.
        ratings: In the data set's own scale, float32, shape ``(n,)``; None where the
            data set has none.
        timestamps: Seconds since the Unix epoch (UTC) or any other order of events,
            int64, shape ``(n,)``; None where the source records no time.
        n_users: Size of the user code space.
        n_items: Size of the item code space.
        scale: Smallest and largest possible rating, or None.
        threshold: Ratings at or above it are positive feedback; None means that
            every interaction is.
        user_features: One row per user code, or None.
        item_features: One row per item code, or None.

    Raises:
        DataError: If columns differ in length or a code is out of range.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    ratings: NDArray[np.float32] | None = None
    timestamps: NDArray[np.int64] | None = None
    n_users: int
    n_items: int
    scale: tuple[float, float] | None = None
    threshold: float | None = None
    user_features: "Features | None" = field(default=None, repr=False)
    item_features: "Features | None" = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Reject a table whose columns disagree."""
        n = len(self.users)
        for name in ("items", "ratings", "timestamps"):
            column = getattr(self, name)
            if column is not None and len(column) != n:
                msg = f"{name} has {len(column)} rows but users has {n}"
                raise DataError(msg)
        for name, codes, size in (
            ("users", self.users, self.n_users),
            ("items", self.items, self.n_items),
        ):
            if n and not (codes.min() >= 0 and codes.max() < size):
                msg = f"{name} holds codes outside [0, {size})"
                raise DataError(msg)

    def __len__(self) -> int:
        """Return the number of interactions."""
        return len(self.users)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Self:
        """Return the interactions at ``rows`` (positions or a mask), in that order."""
        return replace(
            self,
            users=self.users[rows],
            items=self.items[rows],
            ratings=None if self.ratings is None else self.ratings[rows],
            timestamps=None if self.timestamps is None else self.timestamps[rows],
        )

    def positives(self) -> Self:
        """Return the positive interactions, one per user-item pair, sorted by both.

        The suite's threshold decides what is positive. Of repeated pairs the last
        row stays.
        """
        return self._positives

    @cached_property
    def _positives(self) -> Self:
        keep = np.ones(len(self), dtype=np.bool_)
        if self.threshold is not None and self.ratings is not None:
            keep = self.ratings >= np.float32(self.threshold)
        rows = np.flatnonzero(keep)
        pairs = self.users[rows].astype(np.int64)
        pairs *= self.n_items
        pairs += self.items[rows]
        order = stable_order(pairs)
        pairs = pairs[order]
        last = np.ones(len(pairs), dtype=np.bool_)
        last[:-1] = pairs[1:] != pairs[:-1]
        return self.take(rows[order[last]])

    def csr(self, *, values: str = "ones") -> "csr_array":
        """Return the user-item matrix, shape ``(n_users, n_items)``, float32.

        Repeated pairs are summed; columns are sorted within a row. The matrix is
        shared between calls: copy it before writing to it.

        Args:
            values: ``ones`` or ``ratings``.

        Raises:
            DataError: If ratings are asked of a data set that has none.
        """
        if values == "ratings":
            if self.ratings is None:
                msg = "this data set has no ratings: use csr(values='ones')"
                raise DataError(msg)
            return self._csr_ratings
        return self._csr_ones

    @cached_property
    def _csr_ones(self) -> "csr_array":
        return self._matrix(np.ones(len(self), dtype=np.float32))

    @cached_property
    def _csr_ratings(self) -> "csr_array":
        return self._matrix(np.asarray(self.ratings, dtype=np.float32))

    def _matrix(self, data: NDArray[np.float32]) -> "csr_array":
        from scipy.sparse import coo_array  # scipy costs 0.2 s, so only on demand

        shape = (self.n_users, self.n_items)
        matrix = coo_array((data, (self.users, self.items)), shape=shape).tocsr()
        matrix.sum_duplicates()
        return matrix

    def items_by_user(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return each user's distinct items, ascending: offsets and item codes.

        The items of user ``u`` are ``items[offsets[u] : offsets[u + 1]]``, as in
        ``csr()``, without what the import of SciPy costs.
        """
        return self._items_by_user

    @cached_property
    def _items_by_user(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        pairs = self.users.astype(np.int64)
        pairs *= self.n_items
        pairs += self.items
        pairs.sort()
        first = np.ones(len(pairs), dtype=np.bool_)
        np.not_equal(pairs[1:], pairs[:-1], out=first[1:])
        users, items = np.divmod(pairs[first], max(1, self.n_items))
        offsets = np.zeros(self.n_users + 1, dtype=np.int64)
        np.cumsum(np.bincount(users, minlength=self.n_users), out=offsets[1:])
        return offsets, items.astype(np.int32)

    def by_user(self) -> ByUser:
        """Return the rows grouped by user, in time order within a user."""
        return self._by_user

    @cached_property
    def _by_user(self) -> ByUser:
        if self.timestamps is None:
            rows = stable_order(self.users)
        else:
            rows = order_by(self.users, self.timestamps)
        counts = np.bincount(self.users, minlength=self.n_users)
        offsets = np.zeros(self.n_users + 1, dtype=np.int64)
        np.cumsum(counts, out=offsets[1:])
        return ByUser(offsets=offsets, rows=rows)
