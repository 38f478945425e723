"""Training windows and served histories as dense rows of tokens.

A token is an item code or one of two marks. ``START`` stands before the first item of
a history, so that an empty history is a row like any other, and fills rows on the
right, where a causal model never looks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recbench_sequential.sequences import Integers, Sequences

MARKS = 2  # START and MASK, after the items


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Windows of one batch.

    Attributes:
        tokens: int64, shape ``(b, w)``, filled with START on the right.
        targets: int64, shape ``(b, w)``: the token that follows, -1 where none does.
        lengths: int64, shape ``(b,)``: tokens of each row.
    """

    tokens: Tensor
    targets: Tensor
    lengths: Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows:
    """Histories with START in front, to be cut into windows epoch by epoch.

    Attributes:
        tokens: All histories one after another.
        offsets: Where each begins; shape ``(n + 1,)``.
        start: The START token, which is the number of items.
        width: Tokens of a window, at most.
    """

    tokens: Integers
    offsets: Integers
    start: int
    width: int

    @classmethod
    def of(cls, past: Sequences, n_items: int, width: int) -> Self:
        """Put START before each sequence; empty ones keep it alone."""
        offsets = past.offsets + np.arange(len(past.offsets))
        tokens = np.full(offsets[-1], n_items, dtype=np.int64)
        tokens[np.arange(len(past.items)) + past.owners() + 1] = past.items
        return cls(tokens=tokens, offsets=offsets, start=n_items, width=width)

    def cut(self, rng: np.random.Generator) -> tuple[Integers, Integers]:
        """Cut every history into windows that follow each other.

        A history longer than a window is cut at a random place first, and then every
        ``width`` tokens, so that in the long run each item is met at each position.

        Returns:
            First token and number of tokens of each window. The last token of a
            window is its last target, and the first token of the next.
        """
        steps = np.diff(self.offsets) - 1  # targets of each history
        long = steps > self.width
        first = np.where(long, rng.integers(1, self.width + 1, len(steps)), steps)
        more = -(-(steps - first) // self.width)
        counts = np.where(steps > 0, 1 + more, 0)
        owner = np.repeat(np.arange(len(steps)), counts)
        number = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        begin = np.where(number > 0, first[owner] + (number - 1) * self.width, 0)
        end = np.minimum(first[owner] + number * self.width, steps[owner])
        return self.offsets[owner] + begin, end - begin

    def steps(self, size: int) -> int:
        """Return how many batches of ``size`` windows an epoch has, about."""
        steps = np.diff(self.offsets) - 1
        return max(1, int((-(-steps // self.width)).sum()) // size)

    def batches(self, size: int, rng: np.random.Generator) -> Iterator[Batch]:
        """Yield one epoch of batches of windows of like length, in random order.

        Args:
            size: Windows of a batch.
            rng: Draws the cuts and the order.
        """
        begins, lengths = self.cut(rng)
        # like lengths side by side: sorted by length with noise, then cut
        order = np.argsort(lengths * (1 + 0.1 * rng.random(len(lengths))))
        starts = np.arange(0, len(order), size)
        for start in rng.permutation(starts):
            rows = order[start : start + size]
            yield self._batch(begins[rows], lengths[rows])

    def _batch(self, begins: Integers, lengths: Integers) -> Batch:
        places = np.arange(lengths.max())
        inside = places < lengths[:, None]
        at = np.where(inside, begins[:, None] + places, 0)
        return Batch(
            tokens=torch.from_numpy(np.where(inside, self.tokens[at], self.start)),
            targets=torch.from_numpy(np.where(inside, self.tokens[at + 1], -1)),
            lengths=torch.from_numpy(lengths),
        )


def latest(past: Sequences, start: int, width: int) -> tuple[Tensor, Tensor]:
    """Return the last tokens of histories, START first where all of one fits.

    Args:
        past: Histories; some may be empty.
        start: The START token.
        width: Tokens of a row, at most.

    Returns:
        Tokens, int64, shape ``(n, w)``, filled on the right, and how many count.
    """
    rows, kept = past.padded(width, start)
    whole = past.lengths < width  # START fits in
    marked = np.full((len(rows), min(rows.shape[1] + 1, width)), start)
    marked[:, : rows.shape[1]] = rows
    shifted = rows[whole][:, : marked.shape[1] - 1]
    marked[whole, 1:] = shifted
    marked[whole, 0] = start
    return torch.from_numpy(marked), torch.from_numpy(kept + whole)


def counts_of(past: Sequences, n_items: int) -> NDArray[np.int64]:
    """Return how often each item occurs."""
    return np.bincount(past.items, minlength=n_items)
