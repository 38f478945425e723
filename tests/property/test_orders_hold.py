"""Orders and what follows from them, against NumPy's own sorts and plain loops."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recbench.datasets.dataset import Dataset
from recbench.datasets.duplicates import count_repeats, deduplicate, repeated_rows
from recbench.interactions import Interactions
from recbench.ordering import distinct, order_by, stable_order
from recbench.splits import shares
from recbench.splits.leakage import leakage
from recbench.splits.split import Split

whole = st.integers(-(2**62), 2**62)
few = st.integers(0, 3)
rows = st.lists(st.tuples(few, few, st.integers(1, 5), few), min_size=1, max_size=40)


def table(found: list[tuple[int, int, int, int]], **more) -> Interactions:
    users, items, ratings, times = (np.array(c) for c in zip(*found, strict=True))
    return Interactions(
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        ratings=ratings.astype(np.float32),
        timestamps=times.astype(np.int64),
        n_users=4,
        n_items=4,
        **more,
    )


@given(st.lists(st.one_of(whole, few), max_size=60))
def test_a_stable_order_is_that_of_argsort(values) -> None:
    column = np.array(values, dtype=np.int64)

    np.testing.assert_array_equal(
        stable_order(column), np.argsort(column, kind="stable")
    )


@given(st.lists(st.tuples(few, few, whole), min_size=1, max_size=60))
def test_an_order_by_columns_is_that_of_lexsort(found) -> None:
    columns = [np.array(c, dtype=np.int64) for c in zip(*found, strict=True)]

    np.testing.assert_array_equal(order_by(*columns), np.lexsort(columns[::-1]))


@given(st.lists(few, max_size=30))
def test_distinct_codes_are_those_of_unique(codes) -> None:
    column = np.array(codes, dtype=np.int32)
    found = distinct(column, 5)

    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, np.unique(column))


@given(rows, st.sampled_from([None, 3.0]))
def test_positives_keep_the_last_row_of_each_pair(found, threshold) -> None:
    kept = {}
    for user, item, rating, time in found:
        if threshold is None or rating >= threshold:
            kept[user, item] = (rating, time)
    actual = table(found, threshold=threshold).positives()

    assert list(zip(actual.users, actual.items, strict=True)) == sorted(kept)
    pairs = zip(actual.ratings, actual.timestamps, strict=True)
    assert list(pairs) == [kept[pair] for pair in sorted(kept)]


@given(st.one_of(rows, st.just([])))
def test_items_by_user_are_the_columns_of_the_matrix(found) -> None:
    log = table(found) if found else table([(0, 0, 1, 0)]).take(np.array([], int))
    offsets, items = log.items_by_user()

    assert (offsets.dtype, items.dtype) == (np.int64, np.int32)
    np.testing.assert_array_equal(offsets, log.csr().indptr)
    np.testing.assert_array_equal(items, log.csr().indices)


@given(rows)
def test_rows_by_user_are_in_order_of_time_then_row(found) -> None:
    numbered = [(u, t, row) for row, (u, _, _, t) in enumerate(found)]

    assert table(found).by_user().rows.tolist() == [n[2] for n in sorted(numbered)]


@given(rows, st.sampled_from(["first", "last", "mean"]))
def test_one_row_of_each_pair_is_left_by_the_rule(found, rule) -> None:
    groups: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row, (user, item, _, time) in enumerate(found):
        groups.setdefault((user, item), []).append((time, row))
    chosen = {p: min(g) if rule == "first" else max(g) for p, g in groups.items()}
    expected = sorted(row for _, row in chosen.values())
    kept, left = deduplicate(table(found), rule)

    assert left.tolist() == expected
    for at, row in enumerate(expected):
        mine = [found[r][2] for _, r in groups[found[row][:2]]]
        right = np.mean(mine) if rule == "mean" else found[row][2]
        assert kept.ratings[at] == pytest.approx(right)


@given(rows)
def test_repeated_rows_are_those_whose_pair_stands_twice(found) -> None:
    counts = Counter(row[:2] for row in found)
    twice = [r for r, row in enumerate(found) if counts[row[:2]] > 1]
    whole_table = table(found)

    assert repeated_rows(whole_table).tolist() == twice
    assert count_repeats(whole_table.users, whole_table.items, 4) == len(found) - len(
        counts
    )


@given(
    st.lists(st.one_of(few, st.integers(0, 2**64 - 1)), min_size=1, max_size=50),
    st.data(),
)
def test_the_rows_of_the_smallest_numbers_are_found(numbers, data) -> None:
    first = data.draw(st.integers(0, len(numbers)))
    second = data.draw(st.integers(0, len(numbers) - first))
    column = np.array(numbers, dtype=np.uint64)
    parts = shares.smallest(column, first, second)

    assert [len(part) for part in parts] == [first, second]
    assert not set(parts[0]) & set(parts[1])
    ordered = sorted(numbers)
    assert sorted(column[parts[0]].tolist()) == ordered[:first]
    assert sorted(column[parts[1]].tolist()) == ordered[first : first + second]
    assert all((np.diff(part) > 0).all() for part in parts)


@given(rows, st.integers(1, 39))
def test_repeated_pairs_of_a_split_are_counted(found, cut) -> None:
    n = len(found)
    if n < 2:
        return
    cut = min(cut, n - 1)
    parts = np.arange(n, dtype=np.int64)
    split = Split(
        train=parts[:cut], validation=parts[:0], test=parts[cut:], history=parts[:0]
    )
    known = {row[:2] for row in found[:cut]}
    expected = sum(row[:2] in known for row in found[cut:])

    assert leakage(table(found), split)["repeated_pairs"]["count"] == expected


def test_a_random_split_is_what_it_was_before() -> None:
    from recbench.splits.at_random import random

    n = 1000
    codes = np.arange(n, dtype=np.int32) % 50
    data = Dataset(
        name="any",
        interactions=Interactions(users=codes, items=codes, n_users=50, n_items=50),
        user_ids=np.arange(50),
        item_ids=np.arange(50),
    )
    order = np.argsort(shares.lottery(n, 3), kind="stable")
    split = random(data, seed=3)

    np.testing.assert_array_equal(split.test, np.sort(order[:150]))
    np.testing.assert_array_equal(split.validation, np.sort(order[150:300]))
