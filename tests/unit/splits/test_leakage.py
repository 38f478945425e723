"""Leakage of a split, by hand and against a slow loop."""

import random

import numpy as np
import pytest

from recbench.interactions import Interactions
from recbench.splits.leakage import leakage, sentences
from recbench.splits.split import Split


def split_of(train, test, *, validation=(), history=()):
    parts = {"train": train, "validation": validation, "test": test}
    parts["history"] = history
    return Split(**{n: np.array(sorted(p), dtype=np.int64) for n, p in parts.items()})


def table(rows):
    users, items, stamps = zip(*rows, strict=True)
    return Interactions(
        users=np.array(users, dtype=np.int32),
        items=np.array(items, dtype=np.int32),
        timestamps=None if stamps[0] is None else np.array(stamps, dtype=np.int64),
        n_users=max(users) + 2,
        n_items=max(items) + 2,
    )


def slow(rows, train, test):
    """Loop over every pair of a training and a test event."""

    def later(a, b, *, own):
        return rows[a][2] > rows[b][2] and (not own or rows[a][0] == rows[b][0])

    def count(some, others, condition):
        return sum(any(condition(a, b) for b in others) for a in some)

    users, items = ({rows[r][c] for r in train} for c in (0, 1))
    test_users, test_items = ({rows[r][c] for r in test} for c in (0, 1))
    known = {rows[r][:2] for r in train}
    return {
        "train_after_own_test": count(train, test, lambda a, b: later(a, b, own=True)),
        "train_after_any_test": count(train, test, lambda a, b: later(a, b, own=False)),
        "test_before_own_train": count(test, train, lambda a, b: later(b, a, own=True)),
        "test_before_any_train": count(
            test, train, lambda a, b: later(b, a, own=False)
        ),
        "repeated_pairs": sum(rows[r][:2] in known for r in test),
        "cold_users": len(test_users - users),
        "cold_items": len(test_items - items),
        "cold_events": sum(
            rows[r][0] not in users or rows[r][1] not in items for r in test
        ),
    }


@pytest.mark.parametrize("seed", range(10))
def test_leakage_equals_a_loop_over_all_pairs_of_events(seed):
    r = random.Random(seed)
    rows = [(r.randrange(9), r.randrange(8), r.randrange(40)) for _ in range(60)]
    order = r.sample(range(60), 60)
    train, history, validation = order[:25], order[25:35], order[35:40]
    test = order[40:]
    split = split_of(train, test, validation=validation, history=history)

    actual = leakage(table(rows), split)

    expected = slow(rows, train + history, test)
    assert {name: leak["count"] for name, leak in actual.items()} == expected
    sizes = {
        "train_after_own_test": 35,
        "train_after_any_test": 35,
        "cold_users": len({rows[r][0] for r in test}),
        "cold_items": len({rows[r][1] for r in test}),
    }
    for name, leak in actual.items():
        assert leak["share"] == leak["count"] / sizes.get(name, 20)


def test_a_split_along_time_leaks_nothing():
    rows = [(0, 0, 1), (1, 1, 2), (0, 1, 3), (1, 0, 4)]
    leaks = leakage(table(rows), split_of([0, 1], [2, 3]))

    assert all(leak["count"] == 0 for leak in leaks.values())


def test_without_timestamps_looking_ahead_is_unknown():
    rows = [(0, 0, None), (1, 1, None), (0, 1, None)]
    leaks = leakage(table(rows), split_of([0, 1], [2]))

    assert leaks["train_after_own_test"] is None
    assert leaks["test_before_any_train"] is None
    assert leaks["repeated_pairs"] == {"count": 0, "share": 0.0}
    assert "no timestamps" in sentences(leaks)[-1]


def test_what_leaks_is_said_in_sentences():
    rows = [(0, 0, 9), (0, 1, 1), (1, 0, 5), (2, 3, 6)]
    leaks = leakage(table(rows), split_of([0, 2], [1, 3]))

    assert sentences(leaks) == (
        "1 (50.0%) training events are later than a test event of the same user",
        "2 (100.0%) training events are later than the earliest test event",
        "0 (0.0%) test events repeat a user-item pair of training",
        "1 (50.0%) test users have no training event",
        "2 (100.0%) test items have no training event",
    )
