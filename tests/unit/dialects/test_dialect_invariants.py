"""What holds in every dialect, whatever the lists."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.dialects import score
from recbench.dialects.declared import DIALECTS
from recbench.dialects.order import _numba_argsort

SCORED_ONLY = {"trec_eval", "ranx"}  # they know no ranks


@st.composite
def worlds(draw, *, by_rank=True):
    """Draw lists and a truth of a few users and items, without ties."""
    n_users = draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lists, truth = [], []
    for user in range(n_users):
        listed = rng.permutation(12)[: rng.integers(1, 12)]
        places = rng.permutation(len(listed)) + 1
        lists += [(f"u{user}", f"i{i}", p) for i, p in zip(listed, places, strict=True)]
        relevant = rng.permutation(12)[: rng.integers(1, 9)]
        truth += [(f"u{user}", f"i{i}", float(rng.integers(1, 6))) for i in relevant]
    made = pd.DataFrame(lists, columns=["user", "item", "rank"])
    if not by_rank:
        made["score"] = -made.pop("rank").astype(float)
    return made, pd.DataFrame(truth, columns=["user", "item", "rating"])


def figures(lists, truth, dialect):
    scores = score(lists, truth, dialect=dialect, k=[1, 5])
    return {name: s.mean for name, s in scores.metrics.items()}


@pytest.mark.parametrize("dialect", list(DIALECTS))
@settings(max_examples=25, deadline=None)
@given(world=worlds(), seed=st.integers(0, 1000))
def test_the_order_of_the_rows_does_not_matter(dialect, world, seed):
    lists, truth = world

    shuffled = figures(
        lists.sample(frac=1, random_state=seed),
        truth.sample(frac=1, random_state=seed),
        dialect,
    )

    assert shuffled == pytest.approx(figures(lists, truth, dialect), abs=1e-14)


@pytest.mark.parametrize("dialect", list(DIALECTS))
@settings(max_examples=25, deadline=None)
@given(world=worlds())
def test_ranks_and_scores_that_say_the_same_score_the_same(dialect, world):
    lists, truth = world
    scored = lists.drop(columns="rank").assign(score=1 / lists["rank"])

    assert figures(scored, truth, dialect) == figures(lists, truth, dialect)


@pytest.mark.parametrize("dialect", list(DIALECTS))
@settings(max_examples=25, deadline=None)
@given(world=worlds())
def test_other_names_for_users_and_items_change_nothing(dialect, world):
    lists, truth = world
    renamed = [
        table.assign(user="user " + table["user"], item=table["item"] + "é")
        for table in (lists, truth)
    ]

    assert figures(*renamed, dialect) == figures(lists, truth, dialect)


@pytest.mark.parametrize("dialect", list(DIALECTS))
@settings(max_examples=25, deadline=None)
@given(world=worlds())
def test_the_mean_is_that_of_the_users(dialect, world):
    scores = score(*world, dialect=dialect, k=[3])

    for name, one in scores.metrics.items():
        if one.mean is not None:
            assert one.per_user.figure() == pytest.approx(one.mean), name
            assert len(one.per_user.values) == len(scores.users)


@pytest.mark.parametrize("dialect", list(DIALECTS))
@settings(max_examples=25, deadline=None)
@given(world=worlds())
def test_lists_of_unknown_users_change_nothing(dialect, world):
    lists, truth = world
    stranger = pd.DataFrame({"user": "nobody", "item": ["i1", "i2"], "rank": [1, 2]})

    more = figures(pd.concat([lists, stranger]), truth, dialect)

    assert more == figures(lists, truth, dialect)


@settings(deadline=None)
@given(
    keys=st.lists(st.integers(0, 5).map(float), max_size=120),
)
def test_the_port_of_numbas_sort_is_numbas_sort(keys):
    quicksort = pytest.importorskip("numba.misc.quicksort")
    sort = quicksort.make_py_quicksort(is_argsort=True).run_quicksort

    np.testing.assert_array_equal(_numba_argsort(keys), sort(np.array(keys)))


@pytest.mark.parametrize("dialect", sorted(SCORED_ONLY))
def test_a_library_that_knows_no_ranks_reads_the_scores_of_a_file_with_both(dialect):
    lists = pd.DataFrame(
        {"user": "a", "item": ["x", "y"], "rank": [1, 2], "score": [0.1, 0.9]}
    )
    truth = pd.DataFrame({"user": ["a"], "item": ["x"]})

    assert score(lists, truth, dialect=dialect).metrics["mrr@5"].mean == 1 / 2
    assert score(lists, truth).metrics["mrr@5"].mean == 1


def test_scores_that_differ_beyond_single_precision_are_ties_to_trec_eval():
    lists = pd.DataFrame({"user": "a", "item": ["x", "y"], "score": [1.000000001, 1.0]})
    truth = pd.DataFrame({"user": ["a"], "item": ["x"]})

    assert score(lists, truth, dialect="trec_eval").metrics["mrr@5"].mean == 1 / 2
    assert score(lists, truth).metrics["mrr@5"].mean == 1
