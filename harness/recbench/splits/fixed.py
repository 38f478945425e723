"""Splits that others published: the rows of a data set's folds."""

import numpy as np

from recbench.datasets.dataset import Dataset
from recbench.errors import UsageError, unknown_name
from recbench.splits.shares import built, lottery, rest, rounded, share, smallest
from recbench.splits.split import Split


def fixed(
    dataset: Dataset,
    *,
    seed: int,
    fold: str = "",
    validation: float = 0.1,
    validation_fold: str = "",
) -> Split:
    """Take a published fold as the test part.

    What is in no fold trains, except a random share that validates, or a published
    validation fold.

    Args:
        dataset: The data with its ``folds``.
        seed: Seed of the draw of the validation part.
        fold: Name of the fold that is the test part.
        validation: Share of the other interactions that validates.
        validation_fold: Name of the fold that validates, in place of the share.

    Raises:
        UsageError: If the data set has no such fold.
    """
    held = share("validation", validation)
    if not dataset.folds:
        msg = (
            f"split 'fixed' needs published folds, and data set {dataset.name!r} as it "
            "was loaded has none: use another split, or give the original files"
        )
        raise UsageError(msg)
    for name in (fold, validation_fold) if validation_fold else (fold,):
        if name not in dataset.folds:
            raise unknown_name(f"fold of {dataset.name}", name, dataset.folds)
    n = len(dataset.interactions)
    test = np.sort(dataset.folds[fold])
    if validation_fold:
        return built(n, test=test, validation=np.sort(dataset.folds[validation_fold]))
    others = rest(n, test)
    (drawn,) = smallest(lottery(len(others), seed), rounded(held, len(others)))
    return built(n, test=test, validation=others[drawn])
