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
READY = """
import logging, time
start = time.perf_counter()
from recbench_baselines import compiled
log = logging.getLogger()
compiled.kernels_for(("seen", "group", "sgd_epoch", "least_squares"), log)
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


def fit(spec, params, train, task, threads=1):
    model = plugins.make(MODELS[spec], task, params)
    model.fit(train, FitContext(task=task, threads=threads))
    return model


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
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # as implicit asks for
    als = pytest.importorskip("implicit.als")
    train, test = parts(data)
    rows = csr_matrix(train.positives().csr())
    theirs = als.AlternatingLeastSquares(
        factors=64,
        iterations=15,
        regularization=20.0,  # the best for it found on ml-100k, with alpha 7
        alpha=7.0,
        num_threads=2,
        random_state=0,
    )
    arguments = ("ials", {"embedding_dim": 64, "epochs": 15}, train, "top-n", 2)

    def reference() -> None:
        with threadpool_limits(1, "blas"):
            theirs.fit(rows, show_progress=False)

    fit(*arguments)

    model = benchmark.pedantic(fit, args=arguments, rounds=5)

    compare("implicit", reference)
    if benchmark.stats is None:
        reference()
    ours = ndcg(model.users, model.items, train, test)
    expected = ndcg(theirs.user_factors, theirs.item_factors, train, test)
    benchmark.extra_info.update(dataset=data, ndcg=ours, ndcg_implicit=expected)
    assert ours > 0.9 * expected


@pytest.mark.parametrize("data", FILES)
@pytest.mark.benchmark(group="bpr-mf beside implicit")
@pytest.mark.timeout(900)
def test_bpr_mf_beside_implicit(benchmark, compare, data) -> None:
    bpr = pytest.importorskip("implicit.bpr")
    train, test = parts(data)
    rows = csr_matrix(train.positives().csr())
    theirs = bpr.BayesianPersonalizedRanking(
        factors=64, iterations=100, num_threads=2, random_state=0
    )

    model = benchmark.pedantic(fit, args=("bpr-mf", {}, train, "top-n", 2), rounds=1)

    compare("implicit", lambda: theirs.fit(rows, show_progress=False), rounds=1)
    if benchmark.stats is None:
        theirs.fit(rows, show_progress=False)
    ours = ndcg(model.users, model.items, train, test)
    expected = ndcg(theirs.user_factors, theirs.item_factors, train, test)
    benchmark.extra_info.update(dataset=data, ndcg=ours, ndcg_implicit=expected)
    assert ours > 0.9 * expected


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
