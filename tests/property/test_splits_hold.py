"""What holds for every split of every table."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.datasets.dataset import Dataset
from recbench.errors import DataError
from recbench.interactions import Interactions
from recbench.plugins import resolve
from recbench.splits.builtin import recbench_splits

SPECS = {spec.name: spec for spec in recbench_splits()}
rows = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 5), st.integers(0, 12)),
    min_size=1,
    max_size=60,
)


def dataset(table):
    users, items, stamps = (np.array(c) for c in zip(*table, strict=True))
    return Dataset(
        name="any",
        interactions=Interactions(
            users=users.astype(np.int32),
            items=items.astype(np.int32),
            timestamps=stamps.astype(np.int64),
            n_users=7,
            n_items=6,
        ),
        user_ids=np.arange(7),
        item_ids=np.arange(6),
        folds={"a": np.arange(0, len(table), 3)},
    )


@pytest.mark.parametrize("name", SPECS)
@settings(max_examples=60, deadline=None)
@given(table=rows, seed=st.integers(0, 2**32 - 1))
def test_a_split_is_disjoint_complete_and_repeatable_or_says_why_not(name, table, seed):
    data = dataset(table)
    params = {"fold": "a"} if name == "fixed" else {}
    make = resolve(SPECS[name].make)
    try:
        split = make(data, seed=seed, **params)
    except DataError as error:
        assert "leaves no" in str(error)  # noqa: PT017 - either outcome is right
        return
    parts = (split.train, split.validation, split.test, split.history)
    together = np.concatenate(parts)

    assert len(np.unique(together)) == len(together)
    assert name == "rolling-window" or len(together) == len(table)
    assert make(data, seed=seed, **params).hash() == split.hash()


@settings(max_examples=60, deadline=None)
@given(table=rows, share=st.floats(0.05, 0.6))
def test_no_training_event_of_a_split_along_time_is_as_late_as_a_test_event(
    table, share
):
    data = dataset(table)
    for name in ("global-time", "rolling-window"):
        windows = {} if name == "global-time" else {"windows": 1}
        try:
            split = resolve(SPECS[name].make)(
                data, seed=0, test=share, validation=0.1, **windows
            )
        except DataError:
            continue
        stamps = data.interactions.timestamps
        before = np.concatenate((split.train, split.validation))
        assert stamps[before].max() < stamps[split.test].min()


@settings(max_examples=60, deadline=None)
@given(table=rows)
def test_leave_last_out_tests_nothing_earlier_than_what_the_user_trained_on(table):
    data = dataset(table)
    try:
        split = resolve(SPECS["leave-last-out"].make)(data, seed=0)
    except DataError:
        return
    t = data.interactions
    for row in split.test:
        mine = split.train[t.users[split.train] == t.users[row]]
        assert (t.timestamps[mine] <= t.timestamps[row]).all()
        assert len(mine) >= 1


@pytest.mark.parametrize("whose", ["items", "users"])
@settings(max_examples=60, deadline=None)
@given(
    table=rows,
    seed=st.integers(0, 2**32 - 1),
    test=st.floats(0.05, 0.6),
    validation=st.floats(0, 0.35),
)
def test_whoever_is_cold_is_in_one_part_only_and_so_many_are(
    whose, table, seed, test, validation
):
    data = dataset(table)
    codes = getattr(data.interactions, whose)
    there = len(np.unique(codes))
    try:
        split = resolve(SPECS[f"cold-{whose}"].make)(
            data, seed=seed, test=test, validation=validation
        )
    except DataError:
        return
    owners = [set(codes[part]) for part in (split.train, split.validation, split.test)]

    assert sum(map(len, owners)) == len(set.union(*owners)) == there
    assert len(owners[2]) == np.floor(test * there + 0.5)
    assert len(owners[1]) == np.floor(validation * there + 0.5)
    assert not len(split.history)
