"""From lists and test interactions to hits, and the public score_lists."""

import numpy as np
import pytest

import recbench
from recbench.errors import DataError, UsageError
from recbench.evaluation.lists import ranked_lists, score_lists
from recbench.interactions import Interactions

EVERY = [
    f"{name}@{k}"
    for name in ("precision", "recall", "ndcg", "hit-rate", "mrr", "map", "f1")
    for k in (1, 2, 4)
]


def table(rows, *, rated=True, n_users=5, n_items=10):
    users, items, ratings = (list(c) for c in zip(*rows, strict=True))
    return Interactions(
        users=np.array(users, dtype=np.int32),
        items=np.array(items, dtype=np.int32),
        ratings=np.array(ratings, dtype=np.float32) if rated else None,
        n_users=n_users,
        n_items=n_items,
    )


def ranked(lists, users, test, *, relevance=4.0, train=None, seen=None):
    return ranked_lists(
        np.array(lists, dtype=np.int32),
        np.array(users, dtype=np.int32),
        test=test,
        train=train,
        candidates=np.ones(test.n_items, dtype=bool),
        relevance=relevance,
        seen=seen,
    )


def test_every_test_user_with_a_relevant_item_counts_and_no_other():
    test = table([(0, 1, 5), (1, 2, 3), (3, 4, 4), (3, 5, 2)])
    view = ranked([[1, 2], [2, 3], [9, 8]], [0, 1, 4], test)

    assert view.users.tolist() == [0, 3]  # 1 has nothing relevant, 4 no test item
    assert view.items.tolist() == [[1, 2], [-1, -1]]  # 3 has no list: an empty one
    assert view.n_relevant.tolist() == [1, 1]
    assert view.hits.tolist() == [[True, False], [False, False]]


def test_gains_are_test_ratings_whether_relevant_or_not():
    test = table([(0, 1, 5), (0, 2, 2), (0, 3, 4)])
    view = ranked([[2, 7, 1, 3]], [0], test)

    assert view.hits.tolist() == [[False, False, True, True]]
    assert view.gains.tolist() == [[2, 0, 5, 4]]
    assert view.ideal.tolist() == [[5, 4, 2, 0]]


def test_without_ratings_every_test_item_is_relevant_with_gain_1():
    test = table([(0, 1, 0), (0, 2, 0)], rated=False)
    view = ranked([[2, 7, 1]], [0], test)

    assert view.hits.tolist() == [[True, False, True]]
    assert view.gains.tolist() == [[1, 0, 1]]


def test_a_threshold_that_float32_cannot_hold_includes_its_own_rating():
    view = ranked([[1]], [0], table([(0, 1, 3.3)]), relevance=3.3)

    assert view.n_relevant.tolist() == [1]


def test_a_repeated_test_pair_counts_once_with_its_largest_rating():
    test = table([(0, 1, 5), (0, 1, 2), (0, 2, 4)])
    view = ranked([[1, 2]], [0], test)

    assert view.n_relevant.tolist() == [2]
    assert view.gains.tolist() == [[5, 4]]
    assert view.truth.items.tolist() == [1, 2]


def test_the_order_of_rows_and_of_test_events_does_not_matter():
    rng = np.random.default_rng(0)
    rows = [(u, i, r) for u in range(5) for i, r in zip(
        rng.permutation(10)[:4], rng.integers(1, 6, 4), strict=True)]  # fmt: skip
    lists = np.array([rng.permutation(10)[:6] for _ in range(5)])
    first = ranked(lists, range(5), table(rows))
    order = rng.permutation(len(rows))
    turned = rng.permutation(5)
    second = ranked(lists[turned], turned, table([rows[r] for r in order]))

    for name in ("users", "items", "hits", "gains", "n_relevant", "ideal"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_negatives_are_candidates_neither_relevant_nor_seen():
    test = table([(0, 1, 5), (0, 2, 1)])
    train = table([(0, 1, 5), (0, 3, 5), (0, 3, 4), (1, 4, 5)])
    seen = ranked([[2]], [0], test, train=train, seen=train)
    unseen = ranked([[2]], [0], test, train=train)

    assert seen.n_negatives.tolist() == [8]  # all 10 but items 1 and 3
    assert unseen.n_negatives.tolist() == [9]


@pytest.mark.parametrize(
    ("lists", "users", "text"),
    [
        ([[1, 1]], [0], "repeat an item, the first that of user code 0"),
        ([[1, 10]], [0], "item codes outside"),
        ([[1, -2]], [0], "item codes outside"),
        ([[1, 2]], [5], "user codes outside"),
        ([[1, 2], [1, 2]], [0, 0], "more than one list"),
        ([[1, 2], [1, 2]], [0], "one row of item codes per user"),
        ([1, 2], [0, 1], "one row of item codes per user"),
    ],
    ids=str,
)
def test_lists_that_cannot_be_scored_are_refused(lists, users, text):
    with pytest.raises(DataError, match=text):
        ranked(lists, users, table([(0, 1, 5)]))


def by_hand(lists, pairs, name, k):
    """One value per user, straight from the definitions."""
    values = []
    for u, row in enumerate(lists):
        relevant = {i for v, i in pairs if v == u}
        if not relevant:
            values.append(np.nan)
            continue
        top = [int(i) in relevant for i in row[:k]]
        hits = sum(top)
        at = [r for r, hit in enumerate(top, start=1) if hit]
        p, r = hits / k, hits / len(relevant)
        most = min(k, len(relevant))
        values.append(
            {
                "precision": p,
                "recall": r,
                "f1": 2 * p * r / (p + r) if hits else 0,
                "hit-rate": float(hits > 0),
                "mrr": 1 / at[0] if at else 0,
                "map": sum(sum(top[:n]) / n for n in at) / most,
                "ndcg": sum(1 / np.log2(n + 1) for n in at)
                / sum(1 / np.log2(n + 1) for n in range(1, most + 1)),
            }[name]
        )
    return values


@pytest.mark.parametrize("seed", range(5))
def test_score_lists_equals_the_definitions(seed):
    rng = np.random.default_rng(seed)
    lists = np.array([rng.permutation(20)[:4] for _ in range(30)], dtype=np.int32)
    for row, length in enumerate(rng.integers(0, 5, 30)):
        lists[row, length:] = -1
    pairs = sorted({(int(u), int(i)) for u, i in zip(
        rng.integers(0, 30, 60), rng.integers(0, 25, 60), strict=True)})  # fmt: skip
    users, items = (np.array(c, dtype=np.int32) for c in zip(*pairs, strict=True))

    scores = score_lists(lists, users, items, metrics=EVERY)

    assert list(scores) == EVERY
    for metric in EVERY:
        name, k = metric.split("@")
        assert scores[metric].dtype == np.float64
        expected = by_hand(lists, pairs, name, int(k))
        np.testing.assert_allclose(scores[metric], expected, atol=1e-15)


def test_score_lists_is_public():
    assert recbench.score_lists is score_lists


def test_graded_metrics_read_the_ratings_and_binary_ones_do_not():
    lists = np.array([[3, 1]], dtype=np.int32)
    pairs = (np.array([0, 0], np.int32), np.array([1, 3], np.int32))
    names = ("ndcg@2", "ndcg-graded@2", "ndcg-linear@2")
    plain = score_lists(lists, *pairs, metrics=names)
    rated = score_lists(
        lists, *pairs, metrics=names, ratings=np.array([5, 1], np.float32)
    )

    assert [float(v[0]) for v in plain.values()] == [1, 1, 1]
    discount = 1 / np.log2(3)
    assert rated["ndcg@2"][0] == 1
    assert rated["ndcg-graded@2"][0] == pytest.approx(
        (1 + 31 * discount) / (31 + discount), abs=1e-15
    )
    assert rated["ndcg-linear@2"][0] == pytest.approx(
        (1 + 5 * discount) / (5 + discount), abs=1e-15
    )


def test_a_metric_without_a_cut_off_reads_the_whole_list():
    lists = np.array([[3, 1, 2]], dtype=np.int32)
    one = np.array([0], np.int32)
    scores = score_lists(lists, one, one + 2, metrics=["mrr", "mrr@2"])

    assert scores["mrr"].tolist() == [1 / 3]
    assert scores["mrr@2"].tolist() == [0]


def test_an_empty_place_within_a_list_is_a_miss_at_its_rank():
    lists = np.array([[-1, 4]], dtype=np.int32)
    scores = score_lists(
        lists, np.array([0]), np.array([4]), metrics=["mrr@2", "precision@2"]
    )

    assert scores["mrr@2"].tolist() == [0.5]
    assert scores["precision@2"].tolist() == [0.5]


def test_no_relevant_pair_at_all_is_nan_for_everyone():
    nothing = np.zeros(0, dtype=np.int32)
    scores = score_lists(
        np.array([[0, 1]], dtype=np.int32), nothing, nothing, metrics=["ndcg@2"]
    )

    assert np.isnan(scores["ndcg@2"]).all()


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("ndgc@2", "did you mean ndcg"),
        ("ndcg@3", "needs lists of 3 items, and these hold 2"),
        ("ndcg@0", "names no metric"),
        ("rmse", "reads ratings"),
        ("gini@2", "no value per user"),
        ("novelty@2", "training interactions"),
        ("auc@2", "training interactions"),
    ],
)
def test_a_metric_that_cannot_be_computed_says_why(metric, text):
    one = np.array([0], dtype=np.int32)
    with pytest.raises(UsageError, match=text):
        score_lists(np.array([[0, 1]], dtype=np.int32), one, one, metrics=[metric])


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"users": [7]}, "outside"),
        ({"users": [0, 0]}, "rows"),
        ({"lists": [[0.5, 1]]}, "integer codes"),
        ({"items": [2**40]}, "beyond int32"),
        ({"ratings": [np.nan]}, "NaN"),
        ({"lists": [[1, 1]]}, "repeat an item"),
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_together_are_refused(arrays, text):
    given = {"lists": [[0, 1]], "users": [0], "items": [0], "ratings": None, **arrays}
    arrays = {n: None if v is None else np.array(v) for n, v in given.items()}
    with pytest.raises(DataError, match=text):
        score_lists(**arrays, metrics=["ndcg@2"])
