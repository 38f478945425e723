"""What holds for every ranking metric, whatever the lists."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.evaluation.lists import ranked_lists, score_lists
from recbench.interactions import Interactions
from recbench.metrics.builtin import RANKING, recbench_metrics
from recbench.metrics.compute import ranking_values

SPECS = {spec.name: spec for spec in recbench_metrics()}
ACCURACY = [name for name, *_ in RANKING]
PUBLIC = [name for name in ACCURACY if name != "auc"]
N, ITEMS, WIDTH = 6, 12, 7
fast = settings(max_examples=60, deadline=None)


@st.composite
def cases(draw):
    """Draw lists, with short and empty ones, and rated relevant pairs."""
    lists = np.full((N, WIDTH), -1, dtype=np.int32)
    for row in lists:
        length = draw(st.integers(0, WIDTH))
        row[:length] = draw(st.permutations(range(ITEMS)))[:length]
    pairs = draw(
        st.sets(st.tuples(st.integers(0, N - 1), st.integers(0, ITEMS - 1)), min_size=1)
    )
    users, items = (
        np.array(c, dtype=np.int32) for c in zip(*sorted(pairs), strict=True)
    )
    ratings = draw(
        st.lists(st.integers(1, 5), min_size=len(pairs), max_size=len(pairs))
    )
    return lists, users, items, np.array(ratings, dtype=np.float32)


def scored(case, name, k):
    lists, users, items, ratings = case
    metric = f"{name}@{k}"
    return score_lists(lists, users, items, metrics=[metric], ratings=ratings)[metric]


@pytest.mark.parametrize("name", PUBLIC)
@fast
@given(case=cases(), k=st.integers(1, WIDTH))
def test_values_lie_between_0_and_1_for_users_that_count_and_are_nan_for_no_other(
    name, case, k
):
    values = scored(case, name, k)
    counts = np.isin(np.arange(N), case[1])

    assert (np.isnan(values) == ~counts).all()
    assert (values[counts] >= 0).all()
    if name != "dcg":
        assert (values[counts] <= 1 + 1e-12).all()
    empty = counts & (case[0][:, 0] < 0)
    assert (values[empty] == 0).all()


@pytest.mark.parametrize("name", PUBLIC)
@fast
@given(case=cases(), k=st.integers(1, WIDTH), order=st.permutations(range(N)))
def test_the_order_of_users_does_not_matter(name, case, k, order):
    lists, users, items, ratings = case
    place = np.argsort(order)  # old user -> new row
    turned = (lists[order], place[users].astype(np.int32), items, ratings)

    np.testing.assert_array_equal(scored(turned, name, k), scored(case, name, k)[order])


@pytest.mark.parametrize("name", PUBLIC)
@fast
@given(case=cases(), k=st.integers(1, WIDTH))
def test_what_stands_below_the_cut_off_does_not_matter(name, case, k):
    lists, users, items, ratings = case
    cut = lists.copy()
    cut[:, k:] = -1

    np.testing.assert_array_equal(
        scored((cut, users, items, ratings), name, k), scored(case, name, k)
    )


@pytest.mark.parametrize("name", PUBLIC)
@fast
@given(case=cases(), k=st.integers(1, WIDTH), data=st.data())
def test_no_value_falls_when_a_hit_moves_up(name, case, k, data):
    lists, users, items, ratings = case
    rating = {(u, i): r for u, i, r in zip(users, items, ratings, strict=True)}
    row = data.draw(st.integers(0, N - 1))
    rank = data.draw(st.integers(1, WIDTH - 1))
    upper, lower = (rating.get((row, lists[row, r]), 0) for r in (rank - 1, rank))
    if lists[row, rank] < 0 or lower <= upper or (name[:5] != "ndcg-" and upper > 0):
        return
    better = lists.copy()
    better[row, [rank - 1, rank]] = lists[row, [rank, rank - 1]]
    before = scored(case, name, k)[row]
    after = scored((better, users, items, ratings), name, k)[row]

    assert after >= before - 1e-12
    if name in {"ndcg", "ndcg-graded", "ndcg-linear", "dcg", "rbp"} and rank <= k:
        assert after > before


@pytest.mark.parametrize("name", PUBLIC)
@fast
@given(case=cases(), k=st.integers(1, WIDTH))
def test_the_best_list_of_k_scores_1(name, case, k):
    if name in {"precision", "recall", "f1", "map-full", "dcg", "rbp"}:
        return  # whose largest value depends on k and the relevant items
    _, users, items, ratings = case
    best = np.full((N, WIDTH), -1, dtype=np.int32)
    for user in set(users.tolist()):
        mine = np.flatnonzero(users == user)
        order = mine[np.argsort(-ratings[mine], kind="stable")][:WIDTH]
        best[user, : len(order)] = items[order]
    values = scored((best, users, items, ratings), name, k)

    np.testing.assert_allclose(values[np.unique(users)], 1, rtol=1e-12)


@fast
@given(case=cases(), k=st.integers(1, WIDTH))
def test_auc_of_a_reversed_ranking_is_its_complement(case, k):
    _, users, items, _ = case
    rows = [r for r in range(N) if r in set(users.tolist())]
    rng = np.random.default_rng(k)
    full = np.array([rng.permutation(ITEMS) for _ in rows], dtype=np.int32)
    test = Interactions(users=users, items=items, n_users=N, n_items=ITEMS)

    def auc(lists):
        view = ranked_lists(
            lists,
            np.array(rows, dtype=np.int32),
            test=test,
            train=test,
            candidates=np.ones(ITEMS, dtype=bool),
            relevance=None,
        )
        values = ranking_values(view, [f"auc@{ITEMS}"], SPECS)[f"auc@{ITEMS}"]
        return values.values, view.n_negatives > 0

    forward, some = auc(full)
    backward, _ = auc(full[:, ::-1].copy())
    np.testing.assert_allclose((forward + backward)[some], 1, rtol=1e-12)
