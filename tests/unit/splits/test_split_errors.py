"""What splits refuse, and how they say it."""

import numpy as np
import pytest
from toy_data import SPECS, dataset, make, random_data

from recbench.errors import DataError, UsageError
from recbench.splits.split import Split

WRONG = [
    ("random", {"test": 0}),
    ("random", {"test": 1.0}),
    ("random", {"test": -0.1}),
    ("random", {"test": "0.2"}),
    ("random", {"test": True}),
    ("random", {"test": float("nan")}),
    ("random", {"validation": 0.6, "test": 0.4}),
    ("random-per-user", {"validation": None}),
    ("leave-last-out", {"n": 0}),
    ("leave-last-out", {"n": 1.5}),
    ("leave-last-out", {"validation": -1}),
    ("global-time", {"test": 2}),
    ("global-time", {"test_from": 10, "validation_from": 20}),
    ("global-time", {"test_from": "yesterday"}),
    ("rolling-window", {"window": 3}),
    ("rolling-window", {"windows": 20, "test": 0.1}),
    ("rolling-window", {"windows": 0}),
    ("rolling-window", {"train": 0.9}),
    ("k-fold", {"k": 1}),
    ("k-fold", {"fold": 5}),
    ("k-fold", {"fold": -1}),
    ("surprise-k-fold", {"fold": 5}),
    ("surprise-k-fold", {"validation": 1}),
    ("strong-generalisation", {"history": 0}),
    ("strong-generalisation", {"history": 1}),
    ("strong-generalisation", {"by": "name"}),
    ("fixed", {"fold": "u9"}),
    ("fixed", {"fold": ""}),
    ("fixed", {"fold": "u1", "validation_fold": "u8"}),
    ("fixed", {"fold": "u1", "validation": 1.5}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "params"), WRONG, ids=str)
def test_a_parameter_out_of_range_is_refused_by_name(name, params):
    with pytest.raises(UsageError) as caught:
        make(name, random_data(100), **params)

    assert any(str(value) in str(caught.value) for value in params.values())


@pytest.mark.parametrize("name", sorted(set(SPECS) - {"fixed"}))
def test_a_negative_seed_is_refused(name):
    with pytest.raises(UsageError, match="seed"):
        make(name, random_data(100), seed=-1)


@pytest.mark.parametrize("name", ["leave-last-out", "global-time", "rolling-window"])
def test_a_split_along_time_needs_timestamps(name):
    with pytest.raises(UsageError, match="timestamps"):
        make(name, dataset([0, 0, 1, 1, 1]))


def test_strong_generalisation_by_time_needs_timestamps():
    with pytest.raises(UsageError, match="timestamps"):
        make("strong-generalisation", dataset([0, 0, 1, 1, 1]), by="time")


def test_fixed_needs_folds():
    with pytest.raises(UsageError, match="folds"):
        make("fixed", dataset([0, 0, 1]), fold="u1")


def test_an_unknown_fold_lists_the_nearest():
    with pytest.raises(UsageError, match="did you mean u1"):
        make("fixed", random_data(100), fold="u11")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("random", dataset([0])),
        ("leave-last-out", dataset([0, 0, 1, 1], timestamps=[1, 2, 3, 4])),
        ("global-time", dataset([0, 1, 2, 3], timestamps=[5, 5, 5, 5])),
        ("strong-generalisation", dataset([0, 1, 2, 3])),
    ],
    ids=["one row", "users of two rows", "one moment", "users of one row"],
)
def test_too_little_data_is_said(name, data):
    with pytest.raises(DataError, match=r"leaves no (train|test) interactions"):
        make(name, data)


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (([0, 1], [], [1, 2], []), "share rows"),
        (([0, 1], [2], [3], [2]), "share rows"),
        (([1, 0], [], [2], []), "ascending"),
        (([0, 0], [], [2], []), "ascending"),
        (([-1, 0], [], [2], []), "ascending"),
        (([], [], [2], []), "no train"),
        (([0], [], [], []), "no test"),
    ],
    ids=str,
)
def test_a_split_refuses_parts_that_leak_or_are_out_of_order(parts, text):
    train, validation, test, history = (np.array(p, dtype=np.int64) for p in parts)
    with pytest.raises(DataError, match=text):
        Split(train=train, validation=validation, test=test, history=history)


def test_a_split_refuses_rows_that_are_no_int64():
    rows = np.array([0], dtype=np.int32)
    with pytest.raises(DataError, match="int64"):
        Split(train=rows, validation=rows[:0], test=rows + 1, history=rows[:0])
