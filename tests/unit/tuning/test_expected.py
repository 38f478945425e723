"""What a budget buys: expected bests by brute force, leaders by hand."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.tuning.expected import (
    expected_best,
    leaders,
    leaders_by_time,
    observed_best,
)

FIGURES = st.none() | st.integers(-50, 50).map(lambda n: n / 10)


def by_brute_force(values, maximize):
    """Average the best of the first n over every order of all trials but the first."""
    first, *others = values
    orders = list(itertools.permutations(others))
    found = []
    for n in range(1, len(values) + 1):
        total = 0.0
        for order in orders:
            known = [v for v in (first, *order[: n - 1]) if v is not None]
            if not known:
                total = math.nan
                break
            total += max(known) if maximize else min(known)
        found.append(None if math.isnan(total) else total / len(orders))
    return found


@settings(max_examples=60, deadline=None)
@given(values=st.lists(FIGURES, min_size=1, max_size=6), maximize=st.booleans())
def test_the_expected_best_is_the_mean_over_all_orders(values, maximize):
    actual = expected_best(values, maximize=maximize)

    assert actual == pytest.approx(by_brute_force(values, maximize), abs=1e-9)


@given(values=st.lists(FIGURES, min_size=1, max_size=40), maximize=st.booleans())
def test_more_trials_are_never_worse_and_all_of_them_give_the_best(values, maximize):
    found = expected_best(values, maximize=maximize)
    known = [v for v in values if v is not None]

    assert found[0] == values[0]
    if known:
        assert found[-1] == pytest.approx(max(known) if maximize else min(known))
    kept = [v if maximize else -v for v in found if v is not None]
    assert all(b >= a - 1e-12 for a, b in itertools.pairwise(kept))


def test_many_trials_need_no_large_numbers():
    found = expected_best([n / 500 for n in range(500)], maximize=True)

    assert found[249] == pytest.approx(1 - 1 / 250, abs=0.01)
    assert expected_best([], maximize=True) == []


def test_the_order_as_it_happened():
    assert observed_best([None, 2.0, 1.0, 3.0], maximize=True) == [None, 2.0, 2.0, 3.0]
    assert observed_best([2.0, None, 1.0], maximize=False) == [2.0, 2.0, 1.0]


def test_the_leader_changes_where_another_model_overtakes():
    curves = {
        "quick": [0.30, 0.31, 0.31],
        "slow": [0.20, 0.31, 0.40],
        "plain": [0.25],
        "broken": [None, None, None],
    }

    assert leaders(curves, maximize=True) == [(1, "quick", 0.30), (3, "slow", 0.40)]
    assert leaders(curves, maximize=False)[0] == (1, "slow", 0.20)
    # from two trials on, the one that stands still is the lowest of what is known
    assert leaders(curves, maximize=False)[1] == (2, "plain", 0.25)


def test_the_leader_by_seconds_follows_the_clock():
    curves = {"slow": [0.9, 0.95], "quick": [0.5, 0.6]}
    seconds = {"slow": [10.0, 10.0], "quick": [1.0, 1.0]}

    assert leaders_by_time(curves, seconds, maximize=True) == [
        (1.0, "quick", 0.5),
        (10.0, "slow", 0.9),
    ]


def test_a_tie_stays_with_the_leader():
    curves = {"b": [1.0, 1.0], "a": [0.5, 1.0]}

    assert leaders(curves, maximize=True) == [(1, "b", 1.0)]
    assert leaders({"b": [1.0], "a": [1.0]}, maximize=True) == [(1, "a", 1.0)]
