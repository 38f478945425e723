"""What a split leaks: training events later than what is tested, repeated pairs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.duplicates import pair_keys
from recbench.interactions import Interactions
from recbench.ordering import distinct
from recbench.splits.split import Split

EARLIEST, LATEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def leakage(table: Interactions, split: Split) -> dict[str, Any]:
    """Count what a model could learn about the test part from training data.

    Histories of held-out users (``split.history``) count as training data, since the
    model is given them; validation does not.

    Args:
        table: The interactions that were split.
        split: Their parts.

    Returns:
        Name to ``{"count": int, "share": float}``, ready for JSON:

        - ``train_after_own_test``: training events later than a test event of the
          same user, of all training events;
        - ``train_after_any_test``: those later than the earliest test event of anyone;
        - ``test_before_own_train``: test events with a later training event of the
          same user, of all test events;
        - ``test_before_any_train``: those with a later training event of anyone;
        - ``repeated_pairs``: test events whose user-item pair is in training, too;
        - ``cold_users``, ``cold_items``: users and items of the test part, each once,
          without a training event;
        - ``cold_events``: test events of a cold user or a cold item.

        The first four are None where there are no timestamps.
    """
    train = np.concatenate((split.train, split.history))
    test = split.test
    return {
        **_later(table, train, test),
        "repeated_pairs": _repeated(table, train, test),
        **_cold(table, train, test),
    }


def _share(flags: NDArray[np.bool_]) -> dict[str, Any]:
    count = int(flags.sum())
    return {"count": count, "share": count / len(flags) if len(flags) else 0.0}


def _later(
    table: Interactions, train: NDArray[np.int64], test: NDArray[np.int64]
) -> dict[str, Any]:
    """Return the four counts along time."""
    names = (
        "train_after_own_test",
        "train_after_any_test",
        "test_before_own_train",
        "test_before_any_train",
    )
    if table.timestamps is None:
        return dict.fromkeys(names)
    learned, tested = table.timestamps[train], table.timestamps[test]
    first_test = np.full(table.n_users, LATEST)
    np.minimum.at(first_test, table.users[test], tested)
    last_train = np.full(table.n_users, EARLIEST)
    np.maximum.at(last_train, table.users[train], learned)
    flags = (
        learned > first_test[table.users[train]],
        learned > tested.min(),
        tested < last_train[table.users[test]],
        tested < learned.max(),
    )
    return {name: _share(flag) for name, flag in zip(names, flags, strict=True)}


def _repeated(
    table: Interactions, train: NDArray[np.int64], test: NDArray[np.int64]
) -> dict[str, Any]:
    """Count test events that repeat a pair of training, by two sorted columns."""
    learned = np.sort(pair_keys(table.users[train], table.items[train], table.n_items))
    tested = np.sort(pair_keys(table.users[test], table.items[test], table.n_items))
    if not len(learned):
        return _share(np.zeros(len(tested), dtype=np.bool_))
    at = np.searchsorted(learned, tested)
    at[at == len(learned)] = 0
    return _share(learned[at] == tested)


def _cold(
    table: Interactions, train: NDArray[np.int64], test: NDArray[np.int64]
) -> dict[str, Any]:
    """Return users and items that only the test part knows."""
    known_user = np.zeros(table.n_users, dtype=np.bool_)
    known_item = np.zeros(table.n_items, dtype=np.bool_)
    known_user[table.users[train]] = True
    known_item[table.items[train]] = True
    users, items = table.users[test], table.items[test]
    return {
        "cold_users": _share(~known_user[distinct(users, table.n_users)]),
        "cold_items": _share(~known_item[distinct(items, table.n_items)]),
        "cold_events": _share(~known_user[users] | ~known_item[items]),
    }


def sentences(leaks: dict[str, Any]) -> tuple[str, ...]:
    """Return what :func:`leakage` found, one line each, for people."""
    lines = []
    words = {
        "train_after_own_test": "training events are later than a test event of "
        "the same user",
        "train_after_any_test": "training events are later than the earliest test "
        "event",
        "repeated_pairs": "test events repeat a user-item pair of training",
        "cold_users": "test users have no training event",
        "cold_items": "test items have no training event",
    }
    for name, text in words.items():
        if leaks[name] is None:
            continue
        count, share = leaks[name]["count"], leaks[name]["share"]
        lines.append(f"{count:,} ({share:.1%}) {text}")
    if leaks["train_after_any_test"] is None:
        lines.append("no timestamps: whether training looks ahead cannot be said")
    return tuple(lines)
