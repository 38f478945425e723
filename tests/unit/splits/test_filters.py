"""What filters keep, and what they say they removed."""

import random

import numpy as np
import pytest

from recbench.errors import DataError, UsageError
from recbench.interactions import Interactions
from recbench.splits.filters import FILTERS


def table(pairs, ratings=None):
    return Interactions(
        users=np.array([u for u, _ in pairs], dtype=np.int32),
        items=np.array([i for _, i in pairs], dtype=np.int32),
        ratings=None if ratings is None else np.array(ratings, dtype=np.float32),
        n_users=60,
        n_items=60,
    )


def slow_core(pairs, users, items):
    """Remove one offending row at a time, until there is none."""
    rows = list(range(len(pairs)))
    while True:
        for row in rows:
            u, i = pairs[row]
            few_u = sum(pairs[r][0] == u for r in rows) < users
            few_i = sum(pairs[r][1] == i for r in rows) < items
            if few_u or few_i:
                rows.remove(row)
                break
        else:
            return rows


@pytest.mark.parametrize("seed", range(8))
def test_k_core_equals_removing_one_row_at_a_time(seed):
    r = random.Random(seed)
    pairs = [(r.randrange(14), r.randrange(10)) for _ in range(50)]
    users, items = r.choice([(3, 3), (2, 4), (4, 0), (0, 3)])
    expected = slow_core(pairs, users, items)

    rows, _ = FILTERS["k-core"](table(pairs), users=users, items=items)

    assert rows.tolist() == expected


def test_k_core_goes_on_where_one_pass_stops():
    #  user 2 loses item 9 for being rare, and then has too few
    pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 9)]
    once, _ = FILTERS["min-interactions"](table(pairs), users=2, items=2)
    core, note = FILTERS["k-core"](table(pairs), users=2, items=2)

    assert once.tolist() == [0, 1, 2, 3, 4]
    assert core.tolist() == [0, 1, 2, 3]
    assert "removed 2 of 6 interactions, 1 users and 1 items" in note


def test_min_rating_keeps_the_threshold_itself():
    pairs = [(0, 0), (0, 1), (1, 0)]
    rows, note = FILTERS["min-rating"](table(pairs, [3.5, 4.0, 5.0]), rating=4)

    assert rows.tolist() == [1, 2]
    assert "removed 1 of 3 interactions, 0 users and 0 items" in note


def test_a_threshold_that_float32_cannot_hold_still_keeps_its_own_rating():
    rows, _ = FILTERS["min-rating"](table([(0, 0)], [0.1]), rating=0.1)

    assert rows.tolist() == [0]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("k-core", {"users": 9, "items": 9}),
        ("min-interactions", {"users": 9}),
        ("min-rating", {"rating": 6}),
    ],
    ids=str,
)
def test_a_filter_that_leaves_nothing_is_refused(name, params):
    with pytest.raises(DataError, match="leaves no interaction of 2"):
        FILTERS[name](table([(0, 0), (1, 1)], [5, 5]), **params)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("k-core", {"users": -1}),
        ("k-core", {"items": 2.5}),
        ("min-interactions", {"users": True}),
        ("sample-users", {"n": 0}),
        ("min-rating", {"rating": "4"}),
        ("min-rating", {"rating": True}),
    ],
    ids=str,
)
def test_a_filter_parameter_out_of_range_is_refused(name, params):
    with pytest.raises(UsageError):
        FILTERS[name](table([(0, 0)], [5]), **params)


def test_min_rating_needs_ratings():
    with pytest.raises(UsageError, match="needs ratings"):
        FILTERS["min-rating"](table([(0, 0)]), rating=4)


def test_sample_users_keeps_whole_users_and_always_the_same_ones():
    pairs = [(u, i) for u in range(50) for i in range(u % 3 + 1)]
    rows, note = FILTERS["sample-users"](table(pairs), n=10)
    kept = {pairs[r][0] for r in rows}

    assert len(kept) == 10
    assert rows.tolist() == [r for r, (u, _) in enumerate(pairs) if u in kept]
    assert FILTERS["sample-users"](table(pairs), n=10).rows.tolist() == rows.tolist()
    assert "40 users" in note
    assert len(FILTERS["sample-users"](table(pairs), n=99).rows) == len(pairs)
