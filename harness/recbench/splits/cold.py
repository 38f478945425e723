"""Splits that hide users or items from training altogether."""

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.dataset import Dataset
from recbench.splits.shares import built, lottery, rounded, shares, smallest
from recbench.splits.split import Split


def cold_items(
    dataset: Dataset, *, seed: int, validation: float = 0.1, test: float = 0.15
) -> Split:
    """Hide items from training: all their interactions validate or test.

    Args:
        dataset: The data.
        seed: Seed of the draw.
        validation: Share of the items with an interaction whose interactions validate.
        test: Share of those items whose interactions test.
    """
    table = dataset.interactions
    return _hidden(
        table.items, table.n_items, seed=seed, validation=validation, test=test
    )


def cold_users(
    dataset: Dataset, *, seed: int, validation: float = 0.1, test: float = 0.15
) -> Split:
    """Hide users from training: all their interactions validate or test.

    Nothing of them is given as history; ``strong_generalisation`` gives a part.

    Args:
        dataset: The data.
        seed: Seed of the draw.
        validation: Share of the users with an interaction whose interactions validate.
        test: Share of those users whose interactions test.
    """
    table = dataset.interactions
    return _hidden(
        table.users, table.n_users, seed=seed, validation=validation, test=test
    )


def _hidden(
    codes: NDArray[np.int32], n: int, *, seed: int, validation: float, test: float
) -> Split:
    """Return the split that draws codes, and puts every row of one into one part."""
    part = shares(validation=validation, test=test)
    there = np.flatnonzero(np.bincount(codes, minlength=n))
    drawn, held = smallest(
        lottery(len(there), seed),
        rounded(part["test"], len(there)),
        rounded(part["validation"], len(there)),
    )
    role = np.zeros(n, dtype=np.int8)  # 0 trains, 1 tests, 2 validates
    role[there[drawn]], role[there[held]] = 1, 2
    return built(
        len(codes),
        test=np.flatnonzero(role[codes] == 1),
        validation=np.flatnonzero(role[codes] == 2),
    )
