"""What users did, in order: known users and queries alike, as flat arrays."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recbench import Interactions, Queries

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sequences:
    """Sequences of items, oldest first, one after another in one array.

    Attributes:
        offsets: int64, shape ``(n + 1,)``; sequence ``s`` owns the events
            ``offsets[s]:offsets[s + 1]``.
        items: int64 item codes, shape ``(m,)``.
        times: int64, shape ``(m,)``, or None.
    """

    offsets: Integers
    items: Integers
    times: Integers | None

    @classmethod
    def of(cls, train: Interactions) -> Self:
        """Return the positive events of each user code, by time, then row."""
        groups = train.by_user()
        return cls._kept(
            groups.offsets,
            train.items[groups.rows],
            None if train.ratings is None else train.ratings[groups.rows],
            None if train.timestamps is None else train.timestamps[groups.rows],
            train.threshold,
        )

    @classmethod
    def of_queries(cls, queries: Queries, threshold: float | None) -> Self:
        """Return the positive events of each query, as training counts them."""
        return cls._kept(
            queries.offsets,
            queries.items,
            queries.ratings,
            queries.timestamps,
            threshold,
        )

    @classmethod
    def _kept(
        cls,
        offsets: Integers,
        items: NDArray[np.int32],
        ratings: NDArray[np.float32] | None,
        times: Integers | None,
        threshold: float | None,
    ) -> Self:
        """Leave out events below the threshold."""
        if threshold is None or ratings is None:
            return cls(offsets=offsets, items=items.astype(np.int64), times=times)
        kept = ratings >= np.float32(threshold)
        ends = np.zeros(len(kept) + 1, dtype=np.int64)
        np.cumsum(kept, out=ends[1:])
        return cls(
            offsets=ends[offsets],
            items=items[kept].astype(np.int64),
            times=None if times is None else times[kept],
        )

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.offsets) - 1

    def part(self, start: int, stop: int) -> Self:
        """Return the sequences from ``start`` up to ``stop``."""
        offsets = self.offsets[start : min(stop, len(self)) + 1]
        events = slice(offsets[0], offsets[-1])
        return replace(
            self,
            offsets=offsets - offsets[0],
            items=self.items[events],
            times=None if self.times is None else self.times[events],
        )

    @property
    def lengths(self) -> Integers:
        """Return the events of each sequence, shape ``(n,)``."""
        return np.diff(self.offsets)

    def owners(self) -> Integers:
        """Return the sequence of each event, shape ``(m,)``."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def ages(self) -> Integers:
        """Return how many events of its sequence follow each event, shape ``(m,)``."""
        return self.offsets[self.owners() + 1] - 1 - np.arange(len(self.items))

    def latest(self, count: int) -> tuple[Integers, Integers, Integers]:
        """Return the last events of all sequences.

        Args:
            count: Events of each sequence, at most.

        Returns:
            Sequence, item and age of each event kept.
        """
        ages = self.ages()
        kept = ages < count
        return self.owners()[kept], self.items[kept], ages[kept]

    def pairs(self, gap: int) -> tuple[Integers, Integers]:
        """Return the places of events and of those ``gap`` later in their sequence."""
        owners = self.owners()
        first = np.flatnonzero(owners[gap:] == owners[:-gap])
        return first, first + gap

    def padded(self, width: int, padding: int) -> tuple[Integers, Integers]:
        """Return the last items of each sequence, left-aligned.

        Args:
            width: Items of each row, at most; what is older is cut off.
            padding: Stands where a sequence is shorter.

        Returns:
            Items, shape ``(n, w)``, and how many there are, shape ``(n,)``; ``w`` is
            as small as the longest row allows.
        """
        owners, items, ages = self.latest(width)
        kept = np.minimum(self.lengths, width)
        rows = np.full((len(self), int(kept.max(initial=0))), padding, dtype=np.int64)
        rows[owners, kept[owners] - 1 - ages] = items
        return rows, kept
