"""From arrays and text found anywhere to scores: what looks like pairs is believed."""

import contextlib
import io
import itertools
import os
import re
import stat
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.audit.canaries.guess import Guess, by_pair, standard
from recbench.interactions import Interactions
from recbench.protocols import FitContext

LEAST = 40  # entries that an array needs to be worth believing
MOST_ENTRIES = 300_000
MOST_BYTES = 8_000_000
MOST_FILES = 400
MOST_TOGETHER = 12  # arrays of one place and length that are tried with each other
SECONDS = 4.0  # after which a search gives up


class Harvest:
    """Collects whatever may be test labels."""

    def __init__(self, train: Interactions, context: FitContext) -> None:
        """Start with nothing found."""
        self.shape = (train.n_users, train.n_items)
        self.scores = np.zeros(self.shape)
        self.ratings = np.full(self.shape, np.nan)
        self.task = context.task
        self.files = 0
        self.until = time.monotonic() + SECONDS

    def guess(self) -> Guess:
        """Return what was found: likely pairs, or ratings for the task ``rating``."""
        if self.task != "rating":
            return by_pair(self.scores)
        return by_pair(np.nan_to_num(self.ratings, nan=3.0))

    def over(self) -> bool:
        """Return whether the time is up."""
        return time.monotonic() > self.until

    def arrays(self, found: Iterable[Any]) -> None:
        """Take arrays that were found in one place."""
        usable = [
            a for a in found if isinstance(a, np.ndarray) and a.dtype.kind in "iuf"
        ]
        for array in usable:
            self._whole(array)
        flat = [a for a in usable if a.ndim == 1 and LEAST <= len(a) <= MOST_ENTRIES]
        for array in usable:
            if array.ndim == 2 and array.shape[1] in (2, 3) and len(array) >= LEAST:
                flat += list(array.T)
        for length in dict.fromkeys(len(a) for a in flat):
            alike = [a for a in flat if len(a) == length][:MOST_TOGETHER]
            for users, items in itertools.permutations(alike, 2):
                if not self.over():
                    self._pairs(users, items, alike)

    def _whole(self, array: NDArray[Any]) -> None:
        """Take an array of one number per item, per user or per pair."""
        n_users, n_items = self.shape
        if array.shape == self.shape:
            self.scores += standard(array)
        elif array.shape == (n_items,):
            self.scores += standard(array)[None, :]
        elif array.shape == (n_users,) and _codes(array, n_items):
            self.scores[np.arange(n_users), array.astype(np.int64)] += 1

    def _pairs(
        self, users: NDArray[Any], items: NDArray[Any], around: Sequence[NDArray[Any]]
    ) -> None:
        """Take two arrays for users and their items, others beside them for ratings."""
        n_users, n_items = self.shape
        if not (_codes(users, n_users) and _codes(items, n_items)):
            return
        u, i = users.astype(np.int64), items.astype(np.int64)
        met = np.bincount(u * n_items + i, minlength=n_users * n_items) > 0
        self.scores += met.reshape(self.shape)
        for values in around:
            if values is not users and values is not items:
                self.ratings[u, i] = standard(values)

    def text(self, text: str) -> None:
        """Take text that may hold pairs as numbers."""
        found = re.findall(r"\d{1,9}", text[:MOST_BYTES])[:MOST_ENTRIES]
        if len(found) < 2 * LEAST:
            return
        numbers = np.array(found, dtype=np.int64)
        even = len(numbers) // 2 * 2
        self.arrays([numbers[:even:2], numbers[1:even:2]])
        self.arrays([numbers[: even // 2], numbers[even // 2 : even]])

    def file(self, path: Path) -> list[Any]:
        """Take a file; return the arrays in it, so that neighbours can be tried."""
        if self.files >= MOST_FILES or self.over():
            return []
        with contextlib.suppress(OSError, ValueError, EOFError):
            status = os.stat(path)  # noqa: PTH116 - follows what /proc shows as links
            if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
                return []
            self.files += 1
            data = path.read_bytes()
            if data[:6] == b"\x93NUMPY":
                return [np.load(io.BytesIO(data), allow_pickle=False)]
            if data[:2] == b"PK":
                with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                    self.arrays(archive.values())
                return []
            self.text(data.decode("utf-8"))
        return []

    def folder(self, root: Path, depth: int = 3) -> None:
        """Take everything below a folder."""
        arrays: list[Any] = []
        with contextlib.suppress(OSError):
            for path in sorted(root.iterdir()):
                if self.over():
                    break
                if path.is_dir() and not path.is_symlink():
                    if depth:
                        self.folder(path, depth - 1)
                else:
                    arrays += self.file(path)
        self.arrays(arrays)


def _codes(values: NDArray[Any], size: int) -> bool:
    """Return whether an array may hold codes below ``size``, and not all the same."""
    if not len(values) or not np.isfinite(values).all():
        return False
    low, high = values.min(), values.max()
    whole = values.dtype.kind in "iu" or bool((values == np.floor(values)).all())
    return bool(whole and low >= 0 and high < size and low < high)
