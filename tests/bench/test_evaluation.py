"""Full ranking and metrics, beside the bare product and beside other libraries."""

import numpy as np
import pytest

from recbench import score_lists
from recbench.evaluation import scoring
from recbench.testing.threads import one_thread

DIMENSIONS, K = 64, 20
METRICS = ("precision@10", "recall@10", "ndcg@10", "mrr@10", "map@10", "hit-rate@10")
ELSEWHERE = {  # our name: ranx's, where the definitions coincide
    "precision@10": "precision@10",
    "recall@10": "recall@10",
    "ndcg@10": "ndcg@10",
    "mrr@10": "mrr@10",
    "hit-rate@10": "hit_rate@10",
}


class Vectors:
    """A dot-product model without any training."""

    def __init__(self, n_users: int, n_items: int) -> None:
        rng = np.random.default_rng(0)
        shape = (n_users + n_items, DIMENSIONS)
        values = rng.normal(size=shape).astype(np.float32)
        self.users, self.items = values[:n_users], values[n_users:]

    def user_vectors(self, users):
        return self.users[users]

    def item_vectors(self):
        return self.items


class Rows(Vectors):
    """The same model, scoring whole rows."""

    user_vectors = None

    def score(self, users):
        return self.users[users] @ self.items.T


@pytest.fixture(scope="module")
def parts(recbench_split):
    return recbench_split("top-n")


@pytest.fixture(scope="module")
def lists(parts):
    """Return random lists with some hits, one row per user code."""
    view = parts.view
    model = Vectors(view.train.n_users, view.train.n_items)
    users = np.arange(view.train.n_users, dtype=np.int32)
    return scoring.rank(model, users, view.rules(final=True))[0][:, :K]


@pytest.fixture(scope="module")
def truth(parts):
    test = parts.test
    liked = test.take(test.ratings >= 4) if test.ratings is not None else test
    return liked.users, liked.items


@pytest.mark.parametrize("kind", [Vectors, Rows], ids=["dot-product", "rows"])
@pytest.mark.benchmark(group="rank")
def test_ranking_beside_the_bare_product(benchmark, compare, parts, kind) -> None:
    view = parts.view
    model = kind(view.train.n_users, view.train.n_items)
    rules = view.rules(final=True)
    users = view.ask_users
    with one_thread():
        lists, _ = benchmark(scoring.rank, model, users, rules)
        compare("product", lambda: model.users[users] @ model.items.T)

    assert (lists >= 0).all()


@pytest.mark.benchmark(group="metrics")
def test_metrics_of_lists_beside_ranx(benchmark, compare, lists, truth) -> None:
    ranx = pytest.importorskip("ranx")
    found = benchmark(score_lists, lists, *truth, metrics=METRICS)
    names = list(ELSEWHERE.values())

    def build():
        qrels, run = as_dicts(lists, *truth)
        return ranx.Qrels(qrels), ranx.Run(run)

    qrels, run = build()
    compare("ranx", lambda: ranx.evaluate(qrels, run, names, make_comparable=True))
    compare("ranx_from_arrays", lambda: ranx.evaluate(*build(), names))
    theirs = ranx.evaluate(qrels, run, names, make_comparable=True)
    for ours, name in ELSEWHERE.items():
        assert np.nanmean(found[ours]) == pytest.approx(theirs[name], abs=1e-9), ours


@pytest.mark.benchmark(group="metrics")
def test_metrics_of_lists_beside_ir_measures(benchmark, compare, lists, truth) -> None:
    measures = pytest.importorskip("ir_measures")
    found = benchmark(score_lists, lists, *truth, metrics=METRICS)
    wanted = {
        "precision@10": measures.P @ 10,
        "recall@10": measures.R @ 10,
        "ndcg@10": measures.nDCG @ 10,
        "mrr@10": measures.RR @ 10,
    }
    qrels, run = as_dicts(lists, *truth)

    def theirs():
        return measures.calc_aggregate(list(wanted.values()), qrels, run)

    compare("ir_measures", theirs)
    figures = theirs()
    for ours, measure in wanted.items():
        assert np.nanmean(found[ours]) == pytest.approx(figures[measure], abs=1e-9), (
            ours
        )


def as_dicts(lists, users, items):
    """Return qrels and run of the users with something relevant, as nested dicts."""
    qrels: dict[str, dict[str, int]] = {}
    for user, item in zip(users.tolist(), items.tolist(), strict=True):
        qrels.setdefault(str(user), {})[str(item)] = 1
    run = {
        user: {
            str(item): float(K - r) for r, item in enumerate(lists[int(user)].tolist())
        }
        for user in qrels
    }
    return qrels, run
