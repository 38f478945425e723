"""Finding listed items among the test pairs, against a dictionary of the pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.evaluation import membership


def world(seed, n_items):
    """Return pairs of some users, and lists that hold some of them."""
    rng = np.random.default_rng(seed)
    owners = np.flatnonzero(rng.random(40) < 0.7)
    pairs = {
        (int(user), int(item))
        for user in owners
        for item in rng.integers(0, n_items, rng.integers(0, 9))
    }
    keys = np.array(sorted(u * n_items + i for u, i in pairs), dtype=np.int64)
    counts = [sum(u == user for u, _ in pairs) for user in owners]
    offsets = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
    items = rng.integers(-1, n_items, (len(owners), 6)).astype(np.int32)
    for row, user in enumerate(owners):
        mine = [i for u, i in pairs if u == user]
        for place in range(0, 6, 2):
            if mine:
                items[row, place] = rng.choice(mine)
    return pairs, keys, offsets.astype(np.int64), owners, items


@pytest.mark.parametrize("n_items", [3, 50, 2**31 - 1])
@pytest.mark.parametrize(("bits", "marks", "looks"), [(21, 2**16, 2**18), (2, 5, 7)])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_found_is_what_a_dictionary_finds(seed, n_items, bits, marks, looks):
    pairs, keys, offsets, owners, items = world(seed, n_items)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(membership, "BITS", bits)  # 4 marks: false alarms everywhere
        patch.setattr(membership, "MARKS", marks)
        patch.setattr(membership, "LOOKS", looks)

        places, where = membership.find(keys, offsets, owners, items, n_items)

    expected = [
        (row * items.shape[1] + column, int(user) * n_items + int(item))
        for row, user in enumerate(owners)
        for column, item in enumerate(items[row])
        if (int(user), int(item)) in pairs
    ]
    assert list(zip(places.tolist(), keys[where].tolist(), strict=True)) == expected


def test_no_user_no_list_and_no_pair_are_all_right():
    none = np.empty(0, dtype=np.int64)
    start = np.zeros(1, dtype=np.int64)

    places, where = membership.find(none, start, none, np.empty((0, 5), "i4"), 7)
    assert len(places) == len(where) == 0

    offsets, owners = np.zeros(3, dtype=np.int64), np.arange(2)
    places, where = membership.find(none, offsets, owners, np.zeros((2, 5), "i4"), 7)
    assert len(places) == len(where) == 0
