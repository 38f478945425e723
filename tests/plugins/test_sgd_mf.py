"""``sgd-mf`` against Surprise, against its own loop uncompiled, and on its cache."""

import logging
import subprocess
import sys

import numpy as np
import pytest
import surprise

from recbench import FitContext, Interactions, plugins
from recbench.testing import checks_for
from recbench_baselines import compiled, kernels, recbench_models, sgd_mf
from recbench_svd.factors import collected
from recbench_svd.trainset import Known

SPEC = {spec.name: spec for spec in recbench_models()}["sgd-mf"]
QUICK = {"embedding_dim": 6, "epochs": 8, "learning_rate": 0.01, "reg": 0.05}


def ratings(seed=0, n_users=50, n_items=30, *, shuffled=True, repeats=0):
    """Low-rank ratings; user 3 and item 5 have no rows."""
    rng = np.random.default_rng(seed)
    pairs = np.argwhere(rng.random((n_users, n_items)) < 0.5)
    pairs = pairs[(pairs[:, 0] != 3) & (pairs[:, 1] != 5)]
    pairs = np.concatenate((pairs, np.repeat(pairs[:1], repeats, axis=0)))
    pairs = rng.permutation(pairs) if shuffled else pairs[np.argsort(pairs[:, 0])]
    users, items = pairs.T.astype(np.int32, order="C")
    taste = rng.normal(size=(n_users, 2)) @ rng.normal(size=(2, n_items))
    values = np.clip(np.round(3 + taste[users, items]), 1, 5)
    return Interactions(
        users=users,
        items=items,
        ratings=values.astype(np.float32),
        n_users=n_users,
        n_items=n_items,
        scale=(1.0, 5.0),
    )


def fitted(train, seed=0, **params):
    model = plugins.make(SPEC, "rating", QUICK | params)
    model.fit(train, FitContext(task="rating", seed=seed))
    return model


def all_pairs(train):
    users, items = np.indices((train.n_users, train.n_items), dtype=np.int32)
    return users.ravel(), items.ravel()


def by_surprise(train, seed=0, *, biased=True):
    known, trainset = Known.of(train)
    algorithm = surprise.SVD(
        n_factors=QUICK["embedding_dim"],
        n_epochs=QUICK["epochs"],
        lr_all=QUICK["learning_rate"],
        reg_all=QUICK["reg"],
        biased=biased,
        random_state=seed,
    )
    algorithm.fit(trainset)
    return collected(algorithm, known, biased=biased)


@pytest.mark.parametrize("check", checks_for(SPEC), ids=str)
def test_conformance(check):
    check.run(SPEC, QUICK)


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("train", [ratings(), ratings(shuffled=False)])
def test_every_pair_gets_what_surprise_predicts_up_to_single_precision(train, biased):
    pairs = all_pairs(train)

    predicted = fitted(train, seed=4, biased=biased).predict(*pairs)

    expected = by_surprise(train, seed=4, biased=biased).of(*pairs)
    np.testing.assert_allclose(predicted, expected, atol=5e-6)


def test_an_item_rated_twice_in_a_row_by_one_user_learns_twice():
    train = ratings(repeats=4)
    once = ratings()
    train = Interactions(
        users=np.repeat(once.users, 2),
        items=np.repeat(once.items, 2),
        ratings=np.repeat(once.ratings, 2),
        n_users=once.n_users,
        n_items=once.n_items,
    )
    pairs = all_pairs(train)

    predicted = fitted(train).predict(*pairs)

    np.testing.assert_allclose(predicted, by_surprise(train).of(*pairs), atol=5e-6)


def twin(owners, starts, items, ratings, mean, rate, bias_rate, reg, *parts):  # noqa: PLR0917
    """One epoch in NumPy, float64, as the paper states it."""
    bias_u, bias_i, users, vectors = (part.astype(np.float64) for part in parts)
    total = 0.0
    for k, u in enumerate(owners):
        for row in range(starts[k], starts[k + 1]):
            i = items[row]
            error = ratings[row] - (
                mean + bias_u[u] + bias_i[i] + users[u] @ vectors[i]
            )
            total += error**2
            bias_u[u] += bias_rate * (error - reg * bias_u[u])
            bias_i[i] += bias_rate * (error - reg * bias_i[i])
            p, q = users[u].copy(), vectors[i].copy()
            users[u] += rate * (error * q - reg * p)
            vectors[i] += rate * (error * p - reg * q)
    return total, bias_u, bias_i, users, vectors


def fresh(width, n_users=50, n_items=30):
    rng = np.random.default_rng(0)
    sizes = ((n_users,), (n_items,), (n_users, width), (n_items, width))
    return [rng.normal(0, 0.1, size).astype(np.float32) for size in sizes]


def same_epoch(loop, rows, width, reg=0.05):
    """Hold an epoch against its twin."""
    parts = fresh(width)
    rates = [np.float32(value) for value in (3.1, 0.01, 0.02, reg)]
    expected = twin(*rows, *rates, *parts)

    total = loop(*rows, *rates, *parts)

    np.testing.assert_allclose(total, expected[0], rtol=1e-6)
    for part, wanted in zip(parts, expected[1:], strict=True):
        np.testing.assert_allclose(part, wanted, atol=1e-6)


@pytest.mark.parametrize("width", [8, 16, 40, 104])
def test_an_epoch_is_that_of_its_twin(width):
    same_epoch(compiled.kernel("sgd_epoch"), sgd_mf.by_user(ratings()), width)


@pytest.mark.parametrize("loop", [compiled.kernel, lambda name: getattr(kernels, name)])
@pytest.mark.parametrize("reg", [0.0, 10.0, 50.0, 99.0])
def test_a_strong_penalty_leaves_nothing_owed(loop, reg):
    train = ratings(repeats=40)

    same_epoch(loop("sgd_epoch"), sgd_mf.by_user(train), 8, reg)


def test_an_epoch_uncompiled_is_that_of_its_twin():
    same_epoch(kernels.sgd_epoch, sgd_mf.by_user(ratings()), 8)


@pytest.mark.parametrize(
    "items",
    [[4], [4, 4], [4, 6, 4], [4, 4, 4], [6, 4, 4], [4, 6, 4, 6, 6, 9, 4, 9, 9, 9]],
    ids=str,
)
def test_an_item_that_comes_back_at_once_has_taken_its_step(items):
    n = len(items)
    rows = (
        np.array([2, 7], np.int32),
        np.array([0, n, 2 * n]),
        np.array(items * 2, np.int32),
        np.linspace(1, 5, 2 * n, dtype=np.float32),
    )

    same_epoch(compiled.kernel("sgd_epoch"), rows, 8)
    same_epoch(kernels.sgd_epoch, rows, 8)


def test_rows_are_grouped_by_user_in_the_order_of_first_rows():
    train = ratings()

    owners, starts, items, values = sgd_mf.by_user(train)

    _, first = np.unique(train.users, return_index=True)
    np.testing.assert_array_equal(owners, train.users[np.sort(first)])
    for k, user in enumerate(owners):
        rows = np.flatnonzero(train.users == user)
        part = slice(starts[k], starts[k + 1])
        np.testing.assert_array_equal(items[part], train.items[rows])
        np.testing.assert_array_equal(values[part], train.ratings[rows])


def test_grouped_columns_are_read_in_place():
    train = ratings(shuffled=False)

    _, _, items, values = sgd_mf.by_user(train)

    assert np.shares_memory(items, train.items)
    assert np.shares_memory(values, train.ratings)


def test_read_only_columns_serve():
    train = ratings()
    for column in (train.users, train.items, train.ratings):
        column.flags.writeable = False

    predicted = fitted(train).predict(*all_pairs(train))

    np.testing.assert_array_equal(
        predicted, fitted(ratings()).predict(*all_pairs(train))
    )


def test_the_loops_run_uncompiled_too():
    train = ratings()
    counts, order = np.zeros(50, np.int64), np.empty(50, np.int32)

    found, grouped = kernels.seen(train.users, counts, order)

    assert (found, grouped) == (49, False)
    np.testing.assert_array_equal(counts, np.bincount(train.users, minlength=50))


LOAD = """
import logging, sys, time
from recbench_baselines import compiled
start = time.perf_counter()
compiled.kernel("seen")
print(time.perf_counter() - start)
"""


def test_machine_code_is_kept_in_the_folder_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True)
    stored = {f: f.stat().st_mtime_ns for f in tmp_path.rglob("*.nbc")}

    subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True)

    assert stored
    assert stored == {f: f.stat().st_mtime_ns for f in tmp_path.rglob("*.nbc")}
    assert all(compiled.cache_folder().name in f.parts for f in stored)


def test_machine_code_that_is_damaged_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True)
    for file in (*tmp_path.rglob("*.nbi"), *tmp_path.rglob("*.nbc")):
        file.write_bytes(b"damaged")

    subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True)


def test_without_a_folder_to_write_the_loops_are_compiled_in_memory(
    tmp_path, monkeypatch
):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr(compiled, "cache_folder", lambda: tmp_path / "file" / "sub")
    compiled.kernel.cache_clear()
    counts, order = np.zeros(3, np.int64), np.empty(3, np.int32)

    found, _ = compiled.kernel("seen")(np.array([2, 0], np.int32), counts, order)

    compiled.kernel.cache_clear()
    assert found == 2


def test_other_sources_have_another_folder(tmp_path, monkeypatch):
    other = tmp_path / "kernels.py"
    other.write_text("# another version\n")
    before = compiled.cache_folder()

    monkeypatch.setattr(kernels, "__file__", str(other))

    assert compiled.cache_folder() != before


def test_the_log_says_how_long_compiling_took(caplog):
    with caplog.at_level(logging.INFO):
        fitted(ratings())

    assert "compiled loops are ready after" in caplog.text


@pytest.mark.parametrize("shape", [(7, 8), (1000, 104), (0, 8)])
def test_rows_start_where_a_line_of_the_cache_does(shape):
    made = compiled.zeros(shape)

    assert made.shape == shape
    assert made.flags.c_contiguous
    assert made.size == 0 or made.ctypes.data % 64 == 0
    assert not made.any()


def test_listing_models_imports_no_compiler():
    code = "import sys, recbench_baselines; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
