"""Splits that draw interactions at random, ignoring time."""

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.dataset import Dataset
from recbench.errors import UsageError
from recbench.splits.shares import (
    built,
    lottery,
    rounded,
    share,
    shares,
    smallest,
    times,
    whole,
)
from recbench.splits.split import Split


def random(
    dataset: Dataset, *, seed: int, validation: float = 0.15, test: float = 0.15
) -> Split:
    """Draw test and validation interactions at random from all.

    Args:
        dataset: The data.
        seed: Seed of the draw.
        validation: Share of all interactions, 0 for no validation part.
        test: Share of all interactions.
    """
    part = shares(validation=validation, test=test)
    n = len(dataset.interactions)
    drawn, held = smallest(
        lottery(n, seed), rounded(part["test"], n), rounded(part["validation"], n)
    )
    return built(n, test=drawn, validation=held)


def random_per_user(
    dataset: Dataset, *, seed: int, validation: float = 0.15, test: float = 0.15
) -> Split:
    """Draw the same share of every user's interactions.

    A user of ``c`` interactions gives ``test * c`` of them to the test part and
    ``validation * c`` to the validation part, halves rounded up, but keeps one for
    training: then the validation part gives way first. Users of few interactions so
    have no test part.

    Args:
        dataset: The data.
        seed: Seed of the draw.
        validation: Share of each user's interactions.
        test: Share of each user's interactions.
    """
    part = shares(validation=validation, test=test)
    table = dataset.interactions
    n = len(table)
    order = np.lexsort((lottery(n, seed), table.users))
    counts = np.bincount(table.users, minlength=table.n_users)
    starts = np.cumsum(counts) - counts
    owner = table.users[order]
    place = np.arange(n) - starts[owner]
    spare = np.maximum(counts - 1, 0)
    n_test = np.minimum(np.floor(part["test"] * counts + 0.5), spare)
    wanted = np.floor(part["validation"] * counts + 0.5)
    n_both = np.minimum(n_test + wanted, spare)
    in_test = place < n_test[owner]
    in_validation = ~in_test & (place < n_both[owner])
    return built(
        n, test=np.sort(order[in_test]), validation=np.sort(order[in_validation])
    )


def k_fold(
    dataset: Dataset, *, seed: int, k: int = 5, fold: int = 0, validation: float = 0.1
) -> Split:
    """Take one of ``k`` random folds of equal size as the test part.

    The folds of one seed share no interaction and hold all of them together.

    Args:
        dataset: The data.
        seed: Seed of the draw; keep it while ``fold`` runs from 0 to ``k - 1``.
        k: Number of folds, at least 2.
        fold: Which fold is the test part, from 0.
        validation: Share of the rest that is validation.
    """
    whole("k", k, low=2)
    whole("fold", fold, low=0, high=k - 1)
    held = share("validation", validation)
    n = len(dataset.interactions)
    order = np.argsort(lottery(n, seed), kind="stable")
    start, stop = fold * n // k, (fold + 1) * n // k
    others = np.concatenate((order[stop:], order[:start]))
    return built(
        n,
        test=np.sort(order[start:stop]),
        validation=np.sort(others[: rounded(held, len(others))]),
    )


def surprise_k_fold(
    dataset: Dataset, *, seed: int, k: int = 5, fold: int = 0, validation: float = 0.0
) -> Split:
    """Reproduce a fold of scikit-surprise's ``KFold(n_splits=k, random_state=seed)``.

    Published tables of Surprise use seed 0. The rows are the same; only the order
    within the training part differs (ascending here, shuffled there).

    Args:
        dataset: The data, in the order of the original file.
        seed: The ``random_state``.
        k: Number of folds, at least 2.
        fold: Which fold is the test part, from 0.
        validation: Share of the rest that is validation; 0 as in Surprise.
    """
    whole("k", k, low=2)
    whole("fold", fold, low=0, high=k - 1)
    whole("seed", seed, low=0, high=2**32 - 1)
    held = share("validation", validation)
    n = len(dataset.interactions)
    order = np.arange(n)
    np.random.RandomState(seed).shuffle(order)
    size, extra = divmod(n, k)
    start = fold * size + min(fold, extra)
    stop = start + size + (fold < extra)
    others = np.concatenate((order[stop:], order[:start]))
    return built(
        n,
        test=np.sort(order[start:stop]),
        validation=np.sort(others[: rounded(held, len(others))]),
    )


def strong_generalisation(
    dataset: Dataset,
    *,
    seed: int,
    validation: float = 0.1,
    test: float = 0.1,
    history: float = 0.8,
    by: str = "random",
) -> Split:
    """Hold users out of training, and give part of their interactions as history.

    ``Split.history`` holds the given part of validation users and of test users; the
    rest of their interactions is ``validation`` or ``test``. Only users of two or more
    interactions are held out, and each keeps at least one on either side.

    Args:
        dataset: The data.
        seed: Seed of the draw.
        validation: Share of the users whose interactions validate.
        test: Share of the users whose interactions test.
        history: Share of a held-out user's interactions that is given.
        by: ``random``, or ``time`` for the earliest (needs timestamps).
    """
    part = shares(validation=validation, test=test)
    given = share("history", history, positive=True)
    table = dataset.interactions
    n = len(table)
    counts = np.bincount(table.users, minlength=table.n_users)
    able = np.flatnonzero(counts >= 2)
    drawn, held = smallest(
        lottery(len(able), seed),
        rounded(part["test"], len(able)),
        rounded(part["validation"], len(able)),
    )
    order = _order_within_users(dataset, seed=seed, by=by)
    owner = table.users[order]
    place = np.arange(n) - (np.cumsum(counts) - counts)[owner]
    n_given = np.clip(np.floor(given * counts + 0.5), 1, np.maximum(counts - 1, 1))
    early = place < n_given[owner]
    role = np.zeros(table.n_users, dtype=np.int8)  # 0 trains, 1 tests, 2 validates
    role[able[drawn]], role[able[held]] = 1, 2
    return built(
        n,
        test=np.sort(order[~early & (role[owner] == 1)]),
        validation=np.sort(order[~early & (role[owner] == 2)]),
        history=np.sort(order[early & (role[owner] > 0)]),
    )


def _order_within_users(dataset: Dataset, *, seed: int, by: str) -> NDArray[np.int64]:
    """Return the rows grouped by user, within a user at random or by time."""
    table = dataset.interactions
    if by == "time":
        times(dataset, "strong-generalisation[by=time]")
        return table.by_user().rows
    if by != "random":
        msg = f"split parameter by={by!r} must be 'random' or 'time'"
        raise UsageError(msg)
    # another stream than that of the users, which the seed itself starts
    numbers = lottery(len(table) + table.n_users, seed)[table.n_users :]
    return np.lexsort((numbers, table.users))
