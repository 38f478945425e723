"""From batches of raw columns to the interaction table, in bounded memory.

Ids become codes as they arrive, so that only 20 bytes a row are kept; at the end the
codes are renumbered by sorted raw id. No Python loop runs over rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recbench.datasets.codebook import BadRowError, Codebook
from recbench.datasets.dataset import Ids
from recbench.errors import DataError

MANY = 1000  # more distinct ratings than this are not counted any further
SECONDS_END = 10**11  # year 5138; a larger number counts something smaller
UNITS = ((10**11, 1, "s"), (10**14, 10**3, "ms"), (10**17, 10**6, "us"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawTable:
    """The columns of a table, coded.

    Attributes:
        users: int32 codes, in the order of ``user_ids``.
        items: int32 codes, in the order of ``item_ids``.
        ratings: float32, or None.
        timestamps: int64 seconds, or None.
        user_ids: Sorted raw ids.
        item_ids: Likewise.
        distinct: The distinct ratings, float32, ascending; at most ``MANY`` + 1.
        low: Smallest rating.
        high: Largest rating.
        whole: Whether all ratings are whole numbers.
        notes: What was changed on the way.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    ratings: NDArray[np.float32] | None
    timestamps: NDArray[np.int64] | None
    user_ids: Ids
    item_ids: Ids
    distinct: NDArray[np.float32]
    low: float
    high: float
    whole: bool
    notes: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True, eq=False)
class Ingest:
    """Collects batches and makes the table of them."""

    users: Codebook = field(default_factory=lambda: Codebook("user"))
    items: Codebook = field(default_factory=lambda: Codebook("item"))
    parts: dict[str, list[NDArray[np.generic]]] = field(default_factory=dict)
    distinct: pa.Array = field(default_factory=lambda: pa.array([], type=pa.float32()))
    low: float = np.inf
    high: float = -np.inf
    whole: bool = True

    def add(self, batch: Mapping[str, pa.Array]) -> None:
        """Take a batch: arrays by role (user, item, and rating, timestamp if any).

        Raises:
            BadRowError: If a row has no user, no item or no proper rating or time.
        """
        self._keep("user", self.users.encode(batch["user"]))
        self._keep("item", self.items.encode(batch["item"]))
        if "rating" in batch:
            values = _numbers(batch["rating"], "rating")
            self._look(values)
            self._keep("rating", values.astype(np.float32))
        if "timestamp" in batch:
            self._keep("timestamp", _times(batch["timestamp"]))

    def _keep(self, role: str, values: NDArray[np.generic]) -> None:
        self.parts.setdefault(role, []).append(values)

    def _look(self, values: NDArray[np.float64]) -> None:
        if not len(values):
            return
        self.low = min(self.low, float(values.min()))
        self.high = max(self.high, float(values.max()))
        self.whole = self.whole and bool((values == np.rint(values)).all())
        if len(self.distinct) <= MANY:
            new = pc.unique(pa.array(values.astype(np.float32)))
            self.distinct = pc.unique(pa.concat_arrays([self.distinct, new]))
            self.distinct = self.distinct.slice(0, MANY + 1)

    def _take(self, role: str) -> NDArray[np.generic] | None:
        """Return a column in one piece and let its pieces go."""
        parts = self.parts.pop(role, None)
        return None if parts is None else np.concatenate(parts)

    def finish(self) -> RawTable:
        """Return the table.

        Raises:
            DataError: If the times cannot be of one unit, or an id is none.
        """
        columns = {}
        notes: list[str] = []
        ids = {}
        for role, book in (("user", self.users), ("item", self.items)):
            ids[role], final, said = book.finish()
            codes = self._take(role)
            empty = np.zeros(0, dtype=np.int32)
            columns[role] = empty if codes is None else final[codes.astype(np.int32)]
            notes += said
        ratings, raw_times = self._take("rating"), self._take("timestamp")
        times = None
        if raw_times is not None:
            times, said_time = to_seconds(raw_times)  # type: ignore[arg-type]  # as _times made them
            notes += said_time
        return RawTable(
            users=columns["user"],
            items=columns["item"],
            ratings=None if ratings is None else ratings.astype(np.float32, copy=False),
            timestamps=times,
            user_ids=ids["user"],
            item_ids=ids["item"],
            distinct=np.sort(self.distinct.to_numpy(zero_copy_only=False)),
            low=self.low,
            high=self.high,
            whole=self.whole,
            notes=tuple(notes),
        )


def _numbers(column: pa.Array, role: str) -> NDArray[np.float64]:
    """Return a column as float64, all finite."""
    values = column.cast(pa.float64())
    if values.null_count:
        row = pc.index(pc.is_null(values), pa.scalar(value=True)).as_py()
        raise BadRowError(row, f"the {role} is missing")
    array = values.to_numpy(zero_copy_only=False)
    fine = np.isfinite(array)
    if not fine.all():
        row = int(np.argmin(fine))
        raise BadRowError(row, f"the {role} {array[row]} is not a finite number")
    return np.asarray(array, dtype=np.float64)


def _times(column: pa.Array) -> NDArray[np.int64] | NDArray[np.float64]:
    """Return times as int64 (dates: seconds) or float64, none missing."""
    kind = column.type
    if pa.types.is_date(kind):
        column = column.cast(pa.timestamp("s"))
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("s", tz=column.type.tz), safe=False)
        column = column.cast(pa.int64())
    if pa.types.is_integer(column.type) and not column.null_count:
        return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False))
    return _numbers(column, "timestamp")


def to_seconds(
    times: NDArray[np.int64] | NDArray[np.float64],
) -> tuple[NDArray[np.int64], list[str]]:
    """Return times as int64 seconds, and a note if their unit was a smaller one.

    The unit follows from the largest value. Small numbers (an order of events, days)
    stay as they are.

    Raises:
        DataError: If no single unit fits.
    """
    largest = float(np.abs(times).max()) if len(times) else 0.0
    factor, unit = next(
        ((factor, unit) for end, factor, unit in UNITS if largest < end), (10**9, "ns")
    )
    if factor == 1:
        whole = np.floor(times) if times.dtype.kind == "f" else times
        return whole.astype(np.int64, copy=False), []
    lost = np.flatnonzero((times > 0) & (times < SECONDS_END))
    if len(lost):
        small = times[lost[0]]
        msg = (
            f"timestamps mix units: {small:.0f} looks like seconds and "
            f"{largest:.0f} like {unit}; bring them to one unit"
        )
        raise DataError(msg)
    seconds = np.floor_divide(times, times.dtype.type(factor)).astype(np.int64)
    return seconds, [f"timestamps in {unit} were turned into seconds"]
