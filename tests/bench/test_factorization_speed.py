"""Matrix factorization beside scikit-surprise and implicit, in one run.

``pytest tests/bench/test_factorization_speed.py --benchmark-only`` with the data sets
at hand (``RECBENCH_SHARED_DATA``). Noted are the ratio to the library, the quality of
both, and what the compiler takes without and with its cache, which the timed rounds
leave out.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from recbench import FitContext, Interactions, plugins

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("RECBENCH_SHARED_DATA", ROOT.parent / "shared/data"))
FILES = {"ml-100k": "ml-100k/u.data", "ml-1m": "ml-1m/ratings.csv"}
MODELS = plugins.load().models
SEEDS = range(3)
THEIRS = ("user_factors", "item_factors")
READY = """
import logging, time
start = time.perf_counter()
from recbench_baselines import compiled
log = logging.getLogger()
compiled.kernels_for(("seen", "group", "sgd_epoch"), log)
print(time.perf_counter() - start)
"""


def parts(name):
    """Return 80 % of the ratings, in the order of the file, and the rest."""
    path = SHARED / FILES[name]
    if not path.is_file():
        pytest.skip(f"needs {FILES[name]} in RECBENCH_SHARED_DATA")
    separator, header = (",", 0) if path.suffix == ".csv" else ("\t", None)
    table = pd.read_csv(path, sep=separator, header=header).iloc[:, :3].to_numpy()
    _, users = np.unique(table[:, 0], return_inverse=True)
    _, items = np.unique(table[:, 1], return_inverse=True)
    full = Interactions(
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        ratings=table[:, 2].astype(np.float32),
        n_users=int(users.max()) + 1,
        n_items=int(items.max()) + 1,
        scale=(1.0, 5.0),
        threshold=4.0,
    )
    test = np.random.default_rng(0).random(len(full)) < 0.2
    return full.take(~test), full.take(test)


def rmse(values, test):
    return float(np.sqrt(np.mean((np.clip(values, 1, 5) - test.ratings) ** 2)))


def ndcg(users, items, train, test, k=10):
    scores = users @ items.T
    scores[train.users, train.items] = -np.inf
    top = np.argsort(-scores, axis=1)[:, :k]
    relevant = test.positives().csr().toarray() > 0
    discount = 1 / np.log2(np.arange(2, k + 2))
    gain = (np.take_along_axis(relevant, top, axis=1) * discount).sum(axis=1)
    count = relevant.sum(axis=1)
    asked = count > 0
    ideal = np.cumsum(discount)[np.minimum(count[asked], k) - 1]
    return float((gain[asked] / ideal).mean())


def fit(spec, params, train, task, threads=1, *, seed=0):
    model = plugins.make(MODELS[spec], task, params)
    model.fit(train, FitContext(task=task, threads=threads, seed=seed))
    return model


def mean_ndcg(made, train, test, factors=("users", "items")):
    """Return the mean over seeds of what ``made(seed)`` reaches on the test part."""
    models = [made(seed) for seed in SEEDS]
    sides = [(getattr(m, factors[0]), getattr(m, factors[1])) for m in models]
    return float(np.mean([ndcg(*pair, train, test) for pair in sides]))


def compiler_seconds(folder):
    """Return the seconds until the loops are ready: nothing cached, then cached."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder), "HOME": str(folder)}
    command = (sys.executable, "-c", READY)
    return [float(subprocess.check_output(command, env=environment)) for _ in range(2)]


@pytest.mark.parametrize("data", FILES)
@pytest.mark.benchmark(group="sgd-mf beside scikit-surprise")
@pytest.mark.timeout(900)
def test_sgd_mf_beside_surprise(benchmark, compare, tmp_path, data) -> None:
    surprise = pytest.importorskip("surprise")
    train, test = parts(data)
    frame = pd.DataFrame(
        {"user": train.users, "item": train.items, "rating": train.ratings}
    ).astype({"rating": float})
    reader = surprise.Reader(rating_scale=(1, 5))
    trainset = surprise.Dataset.load_from_df(frame, reader).build_full_trainset()
    theirs = surprise.SVD(random_state=0)
    arguments = ("sgd-mf", {"preset": "surprise"}, train, "rating")
    fit(*arguments)

    model = benchmark.pedantic(fit, args=arguments, rounds=5)

    compare("surprise", lambda: theirs.fit(trainset), rounds=1)
    if benchmark.stats is None:
        theirs.fit(trainset)
    known = plugins.make(MODELS["svd"], "rating", {"preset": "surprise"})
    known.fit(train, FitContext(task="rating"))
    ours, expected = (
        rmse(m.predict(test.users, test.items), test) for m in (model, known)
    )
    cold, warm = compiler_seconds(tmp_path)
    benchmark.extra_info.update(
        dataset=data, rmse=ours, rmse_surprise=expected, compile=cold, load=warm
    )
    assert abs(ours - expected) < 0.002


@pytest.mark.parametrize("data", FILES)
@pytest.mark.benchmark(group="ials beside implicit")
@pytest.mark.timeout(900)
def test_ials_beside_implicit(benchmark, compare, monkeypatch, data) -> None:
    """The same objective on two threads, and what our own defaults reach.

    implicit weighs a positive by ``alpha`` and any other pair by 1, with targets 1
    and 0 and one penalty for all. Divided by ``alpha - 1`` that is our objective with
    ``unobserved_weight`` ``1 / (alpha - 1)``, ``reg`` ``regularization / alpha`` and
    ``nu`` 0, but for a constant factor of all vectors.
    """
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # as implicit asks for
    als = pytest.importorskip("implicit.als")
    train, test = parts(data)
    rows = csr_matrix(train.positives().csr())
    alpha, penalty = 7.0, 20.0  # the best for implicit found on ml-100k
    sizes = {"embedding_dim": 64, "epochs": 15}
    same = {"unobserved_weight": 1 / (alpha - 1), "reg": penalty / alpha, "nu": 0.0}

    def implicit(seed=0):
        told = {"factors": 64, "iterations": 15, "num_threads": 2, "alpha": alpha}
        theirs = als.AlternatingLeastSquares(
            **told, regularization=penalty, random_state=seed
        )
        with threadpool_limits(1, "blas"):
            theirs.fit(rows, show_progress=False)
        return theirs

    def ours(seed=0, **params):
        return fit("ials", sizes | params, train, "top-n", 2, seed=seed)

    ours(**same)
    benchmark.pedantic(ours, kwargs=same, rounds=5)
    compare("implicit", implicit)
    found, expected, defaults = (
        mean_ndcg(lambda seed: ours(seed, **same), train, test),
        mean_ndcg(implicit, train, test, THEIRS),
        mean_ndcg(ours, train, test),
    )
    benchmark.extra_info.update(
        dataset=data, ndcg=found, ndcg_implicit=expected, ndcg_defaults=defaults
    )
    assert abs(found - expected) < 0.01


@pytest.mark.parametrize("data", FILES)
@pytest.mark.benchmark(group="bpr-mf beside implicit")
@pytest.mark.timeout(900)
def test_bpr_mf_beside_implicit(benchmark, compare, data) -> None:
    """As many epochs on one thread; quality after our default epochs and theirs.

    Of implicit's rates and penalties on ml-100k (0.01 to 0.2, 0.01 to 0.1), its
    defaults are the best.
    """
    bpr = pytest.importorskip("implicit.bpr")
    train, test = parts(data)
    rows = csr_matrix(train.positives().csr())

    def implicit(seed=0, epochs=100):
        theirs = bpr.BayesianPersonalizedRanking(
            factors=64, iterations=epochs, num_threads=1, random_state=seed
        )
        theirs.fit(rows, show_progress=False)
        return theirs

    arguments = ("bpr-mf", {"epochs": 30}, train, "top-n")
    fit(*arguments)

    model = benchmark.pedantic(fit, args=arguments, rounds=3)

    compare("implicit", lambda: implicit(epochs=30), rounds=3)
    ours = ndcg(model.users, model.items, train, test)
    theirs = implicit()
    expected = ndcg(theirs.user_factors, theirs.item_factors, train, test)
    benchmark.extra_info.update(dataset=data, ndcg=ours, ndcg_implicit=expected)
    assert ours > expected


@pytest.mark.benchmark(group="all pairs of a Surprise model")
@pytest.mark.timeout(900)
def test_all_pairs_beside_surprises_loop(benchmark) -> None:
    """All pairs of 20 users by Surprise's ``estimate``; seconds scaled to all."""
    pytest.importorskip("surprise")
    train, _ = parts("ml-100k")
    model = plugins.make(MODELS["svd"], "rating", {"preset": "surprise"})
    captured = []
    make = model.make
    model.make = lambda seed: captured.append(make(seed)) or captured[-1]
    model.fit(train, FitContext(task="rating"))
    users = np.arange(train.n_users, dtype=np.int32)
    items = np.arange(train.n_items, dtype=np.int32)

    values = benchmark.pedantic(model.factors.table, args=(users,), rounds=5)

    known = model.factors.known
    inner = [(u, i) for u in known.users[users[:20]] for i in known.items[items]]
    pairs = [
        (f"UKN__{u}" if u < 0 else u, f"UKN__{i}" if i < 0 else i) for u, i in inner
    ]
    algorithm = captured[0]
    start = time.perf_counter()
    expected = [algorithm.estimate(u, i) for u, i in pairs]
    seconds = (time.perf_counter() - start) * train.n_users / 20
    np.testing.assert_allclose(values[:20].ravel(), expected, rtol=0, atol=1e-12)
    if benchmark.stats is not None:
        ratio = benchmark.stats.stats.min / seconds
        benchmark.extra_info.update(loop_seconds=seconds, times_loop=ratio)
