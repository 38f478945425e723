"""``bpr-mf``: its draws, its steps against the paper's, compiled and not."""

import numpy as np
import pytest

from recbench import FitContext, Interactions, plugins
from recbench.testing import checks_for
from recbench_baselines import bpr, compiled, recbench_models

SPEC = {spec.name: spec for spec in recbench_models()}["bpr-mf"]
WAYS = {
    "compiled": compiled.kernel,
    "array operations": lambda name: getattr(bpr, name),
}
TOP = np.uint64(2**64 - 1)


def positives(n_users=40, n_items=30, seed=0):
    """Random pairs; user 2 has all items but 9, user 3 none, item 9 nobody."""
    rng = np.random.default_rng(seed)
    taken = rng.random((n_users, n_items)) < 0.25
    taken[2], taken[3], taken[:, 9] = True, False, False
    users, items = (part.astype(np.int32) for part in np.nonzero(taken))
    return Interactions(users=users, items=items, n_users=n_users, n_items=n_items)


def fitted(train, seed=5, **params):
    model = plugins.make(SPEC, "top-n", {"embedding_dim": 6, "epochs": 4} | params)
    model.fit(train, FitContext(seed=seed))
    return model


def drawn(way, train, redraws, seed=0):
    rows = train.csr()
    known = np.unique(train.items)
    words = np.random.default_rng(seed).integers(2**64, size=len(train), dtype="u8")
    mark = np.full(train.n_items, -1, np.int32)
    out = np.empty(len(train), np.int32)
    indptr = rows.indptr.astype(np.int64)
    WAYS[way]("others")(indptr, train.items, known, redraws, words, mark, out)
    return out


def tables(train, width, seed=1):
    rng = np.random.default_rng(seed)
    size = train.n_users + train.n_items
    return [
        rng.normal(0, 0.3, (size, width)).astype(np.float32),
        rng.random(size).astype(np.float32) + np.float32(0.01),
        rng.normal(0, 0.3, size).astype(np.float32),
        rng.random(size).astype(np.float32) + np.float32(0.01),
    ]


def by_the_paper(triples, rate, bias_rate, reg, parts):
    """One step for each triple, in float64, from the gradients of the loss."""
    factors, squares, biases, bias_squares = (p.astype(np.float64) for p in parts)
    total = 0.0
    for u, i, j in triples:
        w, h, g = factors[[u, i, j]]
        margin = w @ h + biases[i] - w @ g - biases[j]
        total += np.log1p(np.exp(-margin))
        slope = -1 / (1 + np.exp(margin))  # of the loss, by the margin
        gradients = {
            u: slope * (h - g) + reg * w,
            i: slope * w + reg * h,
            j: -slope * w + reg * g,
        }
        for row, gradient in gradients.items():
            squares[row] += gradient @ gradient
            factors[row] -= rate * gradient / np.sqrt(squares[row])
        for row, sign in ((i, 1), (j, -1)):
            gradient = sign * slope + reg * biases[row]
            bias_squares[row] += gradient**2
            biases[row] -= bias_rate * gradient / np.sqrt(bias_squares[row])
    return total, factors, squares, biases, bias_squares


@pytest.mark.parametrize("check", checks_for(SPEC), ids=str)
def test_conformance(check):
    check.run(SPEC, {"embedding_dim": 4, "epochs": 40, "reg": 0.01})


@pytest.mark.parametrize("width", [1, 8, 16, 33])
@pytest.mark.parametrize("way", WAYS)
def test_an_epoch_takes_the_steps_of_the_paper_one_by_one(way, width):
    train = positives()
    above = np.int32(train.n_users)
    order = np.random.default_rng(2).permutation(len(train))
    other = drawn(way, train, 9) + above
    items = train.items + above
    kept = order[items[order] != other[order]]
    triples = np.column_stack((train.users, items, other))[kept]
    parts = tables(train, width)
    rates = [np.float32(value) for value in (0.2, 0.05, 0.03)]
    expected = by_the_paper(triples, *map(float, rates), parts)

    total = WAYS[way]("pairs_epoch")(kept, train.users, items, other, *rates, *parts)

    np.testing.assert_allclose(total, expected[0], rtol=1e-5)
    for part, wanted in zip(parts, expected[1:], strict=True):
        np.testing.assert_allclose(part, wanted, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("way", WAYS)
def test_a_margin_beyond_reason_moves_nothing_out_of_bounds(way):
    train = positives()
    above = np.int32(train.n_users)
    parts = tables(train, 8)
    parts[2] *= 1e4

    total = WAYS[way]("pairs_epoch")(
        np.arange(len(train)),
        train.users,
        train.items + above,
        drawn(way, train, 4) + above,
        *map(np.float32, (0.1, 0.1, 0.03)),
        *parts,
    )

    assert np.isfinite(total)
    assert all(np.isfinite(part).all() for part in parts)


def test_both_ways_draw_the_same():
    train = positives()

    for redraws in (0, 1, 4):
        one, two = (drawn(way, train, redraws) for way in WAYS)
        np.testing.assert_array_equal(one, two)


def test_a_drawn_item_is_none_of_the_users_where_there_is_another():
    train = positives()
    taken = train.csr().toarray() > 0
    others = ~taken[:, np.unique(train.items)]

    found = drawn("compiled", train, 200)

    free = others.any(axis=1)[train.users]
    assert not taken[train.users, found][free].any()
    assert not free[train.users == 2].any()
    assert 9 not in found


def test_items_are_drawn_evenly():
    n = 200_000
    one = Interactions(
        users=np.zeros(n, np.int32),
        items=np.arange(n, dtype=np.int32) % 10,
        n_users=1,
        n_items=10,
    )

    counts = np.bincount(drawn("compiled", one, 0), minlength=10)

    chi2 = ((counts - n / 10) ** 2 / (n / 10)).sum()
    assert chi2 < 30  # 9 degrees of freedom: once in 2,000 seeds


@pytest.mark.parametrize("way", WAYS)
def test_the_largest_word_is_the_last_item(way):
    known = np.array([3, 5, 8], np.int32)
    out = np.empty(1, np.int32)
    start, item = np.array([0, 1]), np.array([3], np.int32)
    mark, words = np.full(9, -1, np.int32), np.array([TOP])

    WAYS[way]("others")(start, item, known, 0, words, mark, out)

    assert out[0] == 8


def test_runs_share_no_row_and_miss_no_triple():
    train = positives()
    triples = np.column_stack(
        (train.users, train.items + 40, drawn("compiled", train, 4) + 40)
    ).astype(np.int32)
    triples = np.random.default_rng(0).permutation(triples)

    cuts = list(bpr.runs(triples))

    assert [0, *(stop for _, stop in cuts)] == [*(s for s, _ in cuts), len(triples)]
    for start, stop in cuts:
        rows = [row for triple in triples[start:stop] for row in set(triple.tolist())]
        assert len(rows) == len(set(rows))
        if stop < len(triples):  # and none could be longer
            assert set(rows) & set(triples[stop].tolist())


def test_without_numba_the_model_is_the_same(monkeypatch):
    with_numba = fitted(positives())
    monkeypatch.setattr("recbench_baselines.bpr.available", lambda: False)

    without = fitted(positives())

    np.testing.assert_allclose(without.users, with_numba.users, atol=1e-5)
    np.testing.assert_allclose(without.items, with_numba.items, atol=1e-5)


def test_vectors_have_the_asked_width_and_the_bias():
    model = fitted(positives())

    assert model.user_vectors(np.arange(40, dtype=np.int32)).shape == (40, 7)
    assert (model.users[:, -1] == 1).all()
    assert model.items[:, -1].any()
    assert model.n_parameters == 40 * 6 + 30 * 7


def test_nobody_and_nothing_to_learn_from_stays_finite():
    empty = np.empty(0, np.int32)
    train = Interactions(users=empty, items=empty, n_users=3, n_items=2)

    model = fitted(train)

    assert np.isfinite(model.users @ model.items.T).all()
