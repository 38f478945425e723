"""Splits along time: what is tested happened after what is learned."""

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.dataset import Dataset
from recbench.errors import UsageError
from recbench.splits.shares import (
    NOTHING,
    built,
    rounded,
    share,
    shares,
    times,
    whole,
)
from recbench.splits.split import Split


def leave_last_out(
    dataset: Dataset, *, seed: int, n: int = 1, validation: int = 1
) -> Split:
    """Take each user's last interactions as the test part, those before to validate.

    Last by time, then by row. A user with fewer than ``n + validation + 1``
    interactions stays in training whole.

    Args:
        dataset: The data.
        seed: Not used: nothing is random here.
        n: Test interactions per user, at least 1.
        validation: Validation interactions per user.
    """
    whole("seed", seed, low=0)
    whole("n", n, low=1)
    whole("validation", validation, low=0)
    times(dataset, "leave-last-out")
    table = dataset.interactions
    groups = table.by_user()
    owner = table.users[groups.rows]
    from_end = groups.offsets[owner.astype(np.int64) + 1] - np.arange(len(table)) - 1
    enough = np.diff(groups.offsets)[owner] > n + validation
    in_test = enough & (from_end < n)
    in_validation = enough & (from_end >= n) & (from_end < n + validation)
    return built(
        len(table),
        test=np.sort(groups.rows[in_test]),
        validation=np.sort(groups.rows[in_validation]),
    )


def border(stamps: NDArray[np.int64], n_after: int) -> int:
    """Return the time from which at least ``n_after`` events happened.

    Events at that very moment belong to the later side, so more than ``n_after`` may
    stand there; ``n_after`` of 0 puts everything on the earlier side, and more than
    there are puts everything on the later one.
    """
    if n_after == 0:
        return int(stamps.max()) + 1
    place = max(0, len(stamps) - n_after)
    return int(np.partition(stamps, place)[place])


def global_time(
    dataset: Dataset,
    *,
    seed: int,
    validation: float = 0.1,
    test: float = 0.1,
    validation_from: int | None = None,
    test_from: int | None = None,
) -> Split:
    """Cut all interactions at two moments: train, then validation, then test.

    Interactions at the moment of a cut belong to the later part, so nothing in
    training is as late as anything tested.

    Args:
        dataset: The data.
        seed: Not used: nothing is random here.
        validation: Share of all interactions, before the test part.
        test: Share of all interactions, the latest.
        validation_from: Moment at which validation starts, in place of the share.
        test_from: Moment at which the test part starts, in place of the share.
    """
    whole("seed", seed, low=0)
    part = shares(validation=validation, test=test)
    moments = {"validation_from": validation_from, "test_from": test_from}
    for name, moment in moments.items():
        if moment is not None:
            whole(name, moment, low=-(2**63))
    stamps = times(dataset, "global-time")
    n = len(stamps)
    starts = test_from
    if starts is None:
        starts = border(stamps, rounded(part["test"], n))
    n_later = int((stamps >= starts).sum())
    held_from = validation_from
    if held_from is None:
        wanted = rounded(part["validation"], n)
        held_from = border(stamps, n_later + wanted) if wanted else starts
    if held_from > starts:
        msg = (
            f"split parameter validation_from={held_from} is later than "
            f"test_from={starts}: validation comes first"
        )
        raise UsageError(msg)
    return built(
        n,
        test=np.flatnonzero(stamps >= starts),
        validation=np.flatnonzero((stamps >= held_from) & (stamps < starts)),
    )


def rolling_window(
    dataset: Dataset,
    *,
    seed: int,
    windows: int = 3,
    window: int = 0,
    test: float = 0.1,
    validation: float = 0.1,
    train: float | None = None,
) -> Split:
    """Test on one of several windows of time that follow each other.

    The last ``windows * test`` of the interactions are cut into equal windows.
    Window ``w`` is tested by models trained on what came before it, all of it or the
    latest share; what comes later is in no part.

    Args:
        dataset: The data.
        seed: Not used: nothing is random here.
        windows: Number of windows, at least 1.
        window: Which one is tested, 0 being the earliest.
        test: Share of all interactions in each window.
        validation: Share of all interactions, just before the window.
        train: Share of all interactions, just before validation; None for all.
    """
    whole("seed", seed, low=0)
    whole("windows", windows, low=1)
    whole("window", window, low=0, high=windows - 1)
    size = share("test", test, positive=True)
    held = share("validation", validation)
    kept = None if train is None else share("train", train, positive=True)
    if windows * size + held + (kept or 0) > 1 or windows * size + held >= 1:
        msg = (
            f"split parameters windows={windows}, test={size:g}, validation={held:g}"
            f"{'' if kept is None else f', train={kept:g}'} reach back further than "
            "there are interactions: lower one"
        )
        raise UsageError(msg)
    stamps = times(dataset, "rolling-window")
    n = len(stamps)
    later = windows - window  # windows from this one to the end
    start = border(stamps, rounded(later * size, n))
    stop = border(stamps, rounded((later - 1) * size, n))
    held_from = border(stamps, rounded(later * size + held, n)) if held else start
    begin = int(stamps.min())
    if kept is not None:
        begin = border(stamps, rounded(later * size + held + kept, n))
    return Split(
        train=np.flatnonzero((stamps >= begin) & (stamps < held_from)),
        validation=np.flatnonzero((stamps >= held_from) & (stamps < start)),
        test=np.flatnonzero((stamps >= start) & (stamps < stop)),
        history=NOTHING,
    )
