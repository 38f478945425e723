"""Checked parameters and reproducible order: what the split functions share."""

import math

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.dataset import Dataset
from recbench.errors import DataError, UsageError
from recbench.splits.split import Split

NOTHING = np.zeros(0, dtype=np.int64)


def share(name: str, value: object, *, positive: bool = False) -> float:
    """Return a share in ``[0, 1)``, or refuse it.

    Raises:
        UsageError: If it is no number or out of range.
    """
    low = "(0" if positive else "[0"
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= float(str(value)) < 1 or (positive and value == 0):
        msg = f"split parameter {name}={value!r} must be a share in {low}, 1)"
        raise UsageError(msg)
    return float(str(value))


def shares(**given: object) -> dict[str, float]:
    """Return several shares that leave something for training; ``test`` is positive.

    Raises:
        UsageError: If one is out of range, or they add up to 1 or more.
    """
    checked = {n: share(n, v, positive=n == "test") for n, v in given.items()}
    if math.fsum(checked.values()) >= 1:
        text = " + ".join(f"{n}={v:g}" for n, v in checked.items())
        msg = f"split parameters {text} leave nothing for training: lower one"
        raise UsageError(msg)
    return checked


def whole(name: str, value: object, *, low: int, high: int | None = None) -> int:
    """Return an integer in ``[low, high]``, or refuse it.

    Raises:
        UsageError: If it is no integer or out of range.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        msg = f"split parameter {name}={value!r} must be an integer of at least {low}"
        raise UsageError(msg)
    if high is not None and value > high:
        msg = f"split parameter {name}={value!r} must be at most {high}"
        raise UsageError(msg)
    return value


def lottery(n: int, seed: int) -> NDArray[np.uint64]:
    """Return one pseudo-random number per row; the smallest are drawn first.

    The raw stream of PCG64, which NumPy promises never to change: the same on every
    platform and in every version. ``Generator.permutation`` has no such promise.

    Args:
        n: Number of rows.
        seed: Not negative.

    Returns:
        uint64, shape ``(n,)``.
    """
    whole("seed", seed, low=0)
    return np.asarray(np.random.PCG64(seed).random_raw(n), dtype=np.uint64)


def rounded(part: float, n: int) -> int:
    """Return the share of ``n`` as a count, halves rounded up."""
    return math.floor(part * n + 0.5)


def smallest(numbers: NDArray[np.uint64], *sizes: int) -> list[NDArray[np.int64]]:
    """Return rows in groups: those of the smallest numbers, the next smallest, ...

    Args:
        numbers: One per row.
        sizes: Size of each group.

    Returns:
        Each group's rows, ascending.
    """
    cuts = np.cumsum(sizes)
    parts = _by_threshold(numbers, cuts, sizes)
    if parts is not None:
        return parts
    inner = cuts[(cuts > 0) & (cuts < len(numbers))]
    order = np.argpartition(numbers, inner) if len(inner) else np.arange(len(numbers))
    return [np.sort(order[cut - n : cut]) for cut, n in zip(cuts, sizes, strict=True)]


def _by_threshold(
    numbers: NDArray[np.uint64], cuts: NDArray[np.int64], sizes: tuple[int, ...]
) -> list[NDArray[np.int64]] | None:
    """Return the same groups by comparing with the numbers at the cuts.

    Much faster than following an order through memory, but it cannot divide equal
    numbers (which 64 bits make all but impossible): None then, or without numbers.
    """
    if not len(numbers):
        return None
    last = np.clip(cuts - 1, 0, len(numbers) - 1)
    limits = np.partition(numbers, np.unique(last))[last]
    parts: list[NDArray[np.int64]] = []
    taken = np.zeros(len(numbers), dtype=np.bool_)
    for cut, limit in zip(cuts, limits, strict=True):
        below = numbers <= limit if cut > 0 else np.zeros_like(taken)
        parts.append(np.flatnonzero(below & ~taken))
        taken = below
    if [len(part) for part in parts] != list(sizes):
        return None
    return parts


def rest(n: int, *parts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows below ``n`` that are in none of the parts, ascending."""
    left = np.ones(n, dtype=np.bool_)
    for part in parts:
        left[part] = False
    return np.flatnonzero(left)


def built(
    n: int,
    *,
    test: NDArray[np.int64],
    validation: NDArray[np.int64] = NOTHING,
    history: NDArray[np.int64] = NOTHING,
) -> Split:
    """Return the split whose training part is every row in no other part."""
    return Split(
        train=rest(n, test, validation, history),
        validation=validation,
        test=test,
        history=history,
    )


def times(dataset: Dataset, split: str) -> NDArray[np.int64]:
    """Return the timestamps of a data set.

    Raises:
        UsageError: If it has none.
        DataError: If it has no interactions at all.
    """
    stamps = dataset.interactions.timestamps
    if stamps is None:
        msg = (
            f"split {split!r} needs timestamps, and data set {dataset.name!r} has "
            "none: use a split at random"
        )
        raise UsageError(msg)
    if not len(stamps):
        msg = f"data set {dataset.name!r} has no interactions to split"
        raise DataError(msg)
    return stamps
