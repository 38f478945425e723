"""What a model is asked, and against what the answer is measured.

The task ``next-item`` asks for one event of a user: the first that is held out, given
the user's events before it. Its split has to be one along time, user by user.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recbench.errors import DataError, UsageError
from recbench.interactions import Interactions
from recbench.ordering import distinct
from recbench.splits.split import Split

NO_ITEMS = np.zeros(0, dtype=np.int32)
NO_TIMES = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """The questions about one part of a split.

    Attributes:
        users: int32: users to rank for, ascending, or the users of the pairs.
        items: int32: items of the pairs to predict; empty when ranking.
        times: int64: for ``next-item`` the moment of each question; empty otherwise,
            and where there are no timestamps.
        truth: What the answers are measured against.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    times: NDArray[np.int64]
    truth: Interactions


def asked(task: str, part: Interactions, relevance: float | None) -> Asked:
    """Return what a task asks about a part; ``users`` may be empty when ranking.

    Args:
        task: ``rating``, ``top-n`` or ``next-item``.
        part: Validation or test interactions.
        relevance: Smallest relevant rating, or None.
    """
    if task == "rating":
        return Asked(users=part.users, items=part.items, times=NO_TIMES, truth=part)
    truth = part.take(first_events(part)) if task == "next-item" else part
    wanted = relevant(truth, relevance)
    users = distinct(wanted.users, wanted.n_users)
    times = NO_TIMES
    if task == "next-item" and wanted.timestamps is not None:
        _, rows = np.unique(wanted.users, return_index=True)
        times = wanted.timestamps[rows]
    return Asked(users=users, items=NO_ITEMS, times=times, truth=truth)


def relevant(table: Interactions, relevance: float | None) -> Interactions:
    """Return the interactions that count as relevant."""
    if relevance is None or table.ratings is None:
        return table
    return table.take(table.ratings >= np.float32(relevance))


def first_events(table: Interactions) -> NDArray[np.int64]:
    """Return the row of each user's first event, by time, then row; ascending."""
    groups = table.by_user()
    starts = groups.offsets[:-1][np.diff(groups.offsets) > 0]
    return np.sort(groups.rows[starts])


def aimed(table: Interactions, split: Split, name: str) -> Split:
    """Return the split with each user's first test event as the whole test part.

    Args:
        table: The interactions that were split.
        split: Their parts.
        name: Name of the split, for the error.

    Raises:
        UsageError: If some user's training or validation events are not all earlier
            than that event, so that there is no history "before" it.
        DataError: If the test part is empty.
    """
    first = split.test[first_events(table.take(split.test))]
    if not len(first):
        msg = f"the split {name!r} leaves no test event"
        raise DataError(msg)
    place = np.empty(len(table), dtype=np.int64)  # in order of user, time and row
    place[table.by_user().rows] = np.arange(len(table))
    limit = np.full(table.n_users, len(table))
    limit[table.users[first]] = place[first]
    known = np.concatenate((split.train, split.validation, split.history))
    late = int((place[known] > limit[table.users[known]]).sum())
    if late:
        msg = (
            f"the split {name!r} puts {late:,} events into training or validation that "
            "are later than the same user's test event: a next-item suite needs a "
            "split along time, such as 'leave-last-out' or 'global-time'"
        )
        raise UsageError(msg)
    return dataclasses.replace(split, test=first)
