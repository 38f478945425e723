"""Top-k lists against a brute-force oracle: ties, masks, blocks, float noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recbench.evaluation import topk
from recbench.evaluation.scoring import RankingRules, rank
from recbench.interactions import Interactions

fast = settings(max_examples=150, deadline=None)
seeds = st.integers(0, 2**32 - 1)
few = st.sampled_from([-np.inf, -1.5, -0.0, 0.0, 0.25, 1.0, 3e38, -3e38])


def oracle(scores, keys, k):
    """Sort every row in full: larger score first, then smaller key; drop -inf."""
    lists = []
    for row in scores:
        items = [i for i in range(len(row)) if row[i] > -np.inf]
        items.sort(key=lambda i: (-row[i], int(keys[i])))
        lists.append((items + [-1] * k)[:k])
    return np.array(lists, dtype=np.int32).reshape(len(scores), k)


@fast
@given(
    data=st.data(),
    shape=st.tuples(st.integers(0, 4), st.integers(1, 70)),
    k=st.integers(1, 80),
    group=st.sampled_from([2, 3, 32]),
)
def test_top_k_equals_a_full_sort_with_ties_masks_and_k_beyond_the_catalogue(
    data, shape, k, group
):
    scores = data.draw(arrays(np.float32, shape, elements=few))
    keys = topk.tie_keys(np.arange(shape[1]), data.draw(seeds))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topk, "GROUP", group)
        lists, values = topk.top_k(held(scores, k), shape[1], keys, k)

    np.testing.assert_array_equal(lists, oracle(scores, keys, k))
    assert lists.dtype == np.int32
    rows, ranks = np.nonzero(lists >= 0)
    assert (values[rows, ranks] == scores[rows, lists[rows, ranks]]).all()
    assert np.isnan(values[lists < 0]).all()


@fast
@given(
    data=st.data(),
    n=st.integers(1, 90),
    k=st.integers(1, 20),
    group=st.sampled_from([2, 4, 32]),
    margin=st.sampled_from([0.0, 0.5, 1e30]),
)
def test_the_finalists_hold_every_score_within_the_margin_of_the_cut(
    data, n, k, group, margin
):
    scores = data.draw(arrays(np.float32, (3, n), elements=few))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topk, "GROUP", group)
        rows, items = topk.finalists(held(scores, k), n, k, np.full(3, margin))
    found = set(zip(rows.tolist(), items.tolist(), strict=True))

    assert len(found) == len(rows)
    for row, line in enumerate(scores.astype(np.float64)):
        listed = np.sort(line[line > -np.inf])[::-1][:k]
        cut = listed[-1] if len(listed) == k else -np.inf
        for item, value in enumerate(line):
            if value > -np.inf and value >= cut - margin:
                assert (row, item) in found
            if value == -np.inf:
                assert (row, item) not in found


def held(scores, k):
    """Return scores in the padded block that the ranking code works on."""
    block = topk.padded(*scores.shape, k)
    block[:, : scores.shape[1]] = scores
    return block


class Dense:
    def __init__(self, scores):
        self.scores = scores

    def score(self, users):
        return self.scores[users]


class Vectors:
    def __init__(self, users, items):
        self.users, self.items = users, items

    def user_vectors(self, users):
        return self.users[users]

    def item_vectors(self):
        return self.items


def problem(seed, *, n_users=7, n_items=40):
    """Return users, rules without a list length, and a random source."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 60))
    seen = Interactions(
        users=rng.integers(0, n_users, n).astype(np.int32),
        items=rng.integers(0, n_items, n).astype(np.int32),
        n_users=n_users,
        n_items=n_items,
    )
    candidates = rng.random(n_items) < rng.choice([0.1, 0.7, 1.0])
    keys = topk.tie_keys(np.arange(n_items), int(seed) % 1000)
    users = rng.permutation(n_users)[: int(rng.integers(1, n_users + 1))]
    chosen = seen if rng.random() < 0.8 else None
    rules = {"candidates": candidates, "seen": chosen, "keys": keys}
    return users.astype(np.int32), rules, rng


def masked(scores, users, rules):
    """Put -inf where nothing may be listed, one pair at a time."""
    out = np.array(scores, dtype=np.float64)
    out[:, ~rules["candidates"]] = -np.inf
    if rules["seen"] is not None:
        for user, item in zip(rules["seen"].users, rules["seen"].items, strict=True):
            out[users == user, item] = -np.inf
    return out


def ranked(model, users, rules, k, block, *, threads=1):
    return rank(
        model, users, RankingRules(**rules, k=k, block_bytes=block, threads=threads)
    )


some_threads = st.sampled_from([1, 2, 3])


@fast
@given(
    seed=seeds,
    k=st.integers(1, 45),
    block=st.sampled_from([1, 400, 2**20]),
    threads=some_threads,
)
def test_dense_scores_are_ranked_alike_whatever_the_block_and_the_threads(
    seed, k, block, threads
):
    users, rules, rng = problem(seed)
    scores = rng.choice([0.0, 0.5, 1.0, -2.0, 0.25], (7, 40)).astype(np.float32)
    lists, _ = ranked(Dense(scores), users, rules, k, block, threads=threads)

    expected = oracle(masked(scores[users], users, rules), rules["keys"], k)
    np.testing.assert_array_equal(lists, expected)


def float64_products(users, items):
    """Sum in float64, each pair by itself: what the lists must follow."""
    products = np.zeros((len(users), len(items)))
    for u, a in enumerate(users.astype(np.float64)):
        for i, b in enumerate(items.astype(np.float64)):
            products[u, i] = (a * b).sum()
    return products


def vectors(rng, kind, d):
    """Vectors whose products tie, nearly tie, vanish or explode."""
    if kind == "grid":
        users, items = rng.integers(-2, 3, (7, d)), rng.integers(-2, 3, (40, d))
    elif kind == "near ties":
        users = rng.normal(size=(1, d)) + 1e-7 * rng.normal(size=(7, d))
        items = rng.normal(size=(1, d)) + 1e-7 * rng.normal(size=(40, d))
    elif kind == "cancelling":
        half = rng.normal(size=(7, d)) * 1e4
        users = np.concatenate((half, half), axis=1)
        other = rng.normal(size=(40, d)) * 1e4
        items = np.concatenate((other, -other + rng.normal(size=(40, d))), axis=1)
    else:
        scale = {"tiny": 1e-22, "vanishing": 1e-38, "huge": 1e17}[kind]
        users, items = rng.normal(size=(7, d)) * scale, rng.normal(size=(40, d)) * scale
    return users.astype(np.float32), items.astype(np.float32)


KINDS = ["grid", "near ties", "cancelling", "tiny", "vanishing", "huge"]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(
    seed=seeds,
    k=st.integers(1, 45),
    d=st.sampled_from([1, 3, 16]),
    sizes=st.tuples(
        st.sampled_from([1, 400, 2**20]), st.sampled_from([2, 32]), some_threads
    ),
)
def test_dot_products_are_ranked_as_in_float64_whatever_the_block_and_the_threads(
    kind, seed, k, d, sizes
):
    block, group, threads = sizes
    users, rules, rng = problem(seed)
    u, v = vectors(rng, kind, d)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(topk, "GROUP", group)
        lists, values = ranked(Vectors(u, v), users, rules, k, block, threads=threads)

    exact = masked(float64_products(u[users], v), users, rules)
    np.testing.assert_array_equal(lists, oracle(exact, rules["keys"], k))
    rows, ranks = np.nonzero(lists >= 0)
    assert (values[rows, ranks] == exact[rows, lists[rows, ranks]]).all()


@fast
@given(seed=seeds, k=st.integers(1, 20), text=st.booleans())
def test_neither_the_order_of_items_nor_their_codes_decide_a_tie(seed, k, text):
    users, rules, rng = problem(seed)
    ids = rng.permutation(1000)[:40]
    ids = ids.astype(str) if text else ids
    scores = rng.integers(0, 3, (7, 40)).astype(np.float32)
    order = rng.permutation(40)
    rules = {**rules, "seen": None}

    def raw(items, scores, candidates):
        rules["candidates"] = candidates
        rules["keys"] = topk.tie_keys(items, 5)
        lists, _ = ranked(Dense(scores), users, rules, k, 2**20)
        return np.where(lists >= 0, items[lists], "" if text else -1)

    candidates = rules["candidates"]
    first = raw(ids, scores, candidates)
    second = raw(ids[order], scores[:, order], candidates[order])
    np.testing.assert_array_equal(first, second)


@fast
@given(seed=st.integers(0, 2**31))
def test_tie_keys_are_distinct_and_depend_on_the_seed(seed):
    ids = np.arange(-500, 1500)
    keys = topk.tie_keys(ids, seed)

    assert len(np.unique(keys)) == len(ids)
    assert (keys != topk.tie_keys(ids, seed + 1)).mean() > 0.99


def test_tie_keys_favour_no_item():
    first = np.zeros(20)
    for seed in range(4000):
        first[np.argmin(topk.tie_keys(np.arange(20), seed))] += 1

    # 4,000 draws over 20 items: a standard deviation of 13.8 around 200
    assert np.abs(first - 200).max() < 4.5 * 13.8
