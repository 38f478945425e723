"""Libraries that rank all items for all users from given vectors, and evaluate.

Each is used as its documentation does, on one thread; each removes what was seen.
"""

import numpy as np
from shapes import K

CUTS = (5, 10, 20)


def recbench(u, v, seen, truth):
    import contestants

    from recbench import Interactions
    from recbench.evaluation.rules import RankingRules
    from recbench.evaluation.scoring import rank
    from recbench.evaluation.topk import tie_keys

    class Model:
        def user_vectors(self, users):
            return u[users]

        def item_vectors(self):
            return v

    n_users, n_items = len(u), len(v)
    rules = RankingRules(
        candidates=np.ones(n_items, dtype=bool),
        seen=Interactions(
            users=seen[0], items=seen[1], n_users=n_users, n_items=n_items
        ),
        keys=tie_keys(np.arange(n_items), 0),
        k=K,
    )
    lists, _ = rank(Model(), np.arange(n_users, dtype=np.int32), rules)
    return contestants.recbench(lists, *truth)


def product(u, v, _seen, _truth):
    """Multiply the same matrices and do nothing else."""
    columns = np.ascontiguousarray(v.T)
    out = np.empty((2048, len(v)), dtype=np.float32)
    for start in range(0, len(u), 2048):
        part = u[start : start + 2048]
        np.matmul(part, columns, out=out[: len(part)])
    return {}


def _csr(pairs, shape):
    from scipy.sparse import csr_matrix

    return csr_matrix((np.ones(len(pairs[0]), np.float32), pairs), shape=shape)


def _als(u, v):
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=u.shape[1], num_threads=1)
    model.user_factors, model.item_factors = u, v
    return model


def _implicit(u, v, seen):
    rows = _csr(seen, (len(u), len(v)))
    return _als(u, v).recommend(np.arange(len(u)), rows, N=K)[0].astype(np.int32)


def implicit_lists(u, v, seen, _truth):
    """Rank without any metric."""
    return {"lists": len(_implicit(u, v, seen))}


def implicit_own(u, v, seen, truth):
    """Evaluate as implicit does itself: four metrics at one cut-off."""
    from implicit.evaluation import ranking_metrics_at_k

    shape = (len(u), len(v))
    found = ranking_metrics_at_k(
        _als(u, v),
        _csr(seen, shape),
        _csr(truth, shape),
        K=10,
        num_threads=1,
        show_progress=False,
    )
    return {"ndcg": float(found["ndcg"])}


def implicit_ranx(u, v, seen, truth):
    import contestants

    return contestants.ranx(_implicit(u, v, seen), *truth)


def rectools(u, v, seen, truth):
    import contestants
    from rectools.models.rank import Distance, ImplicitRanker

    rows = _csr(seen, (len(u), len(v)))
    ranker = ImplicitRanker(Distance.DOT, u, v, num_threads=1)
    found = ranker.rank(np.arange(len(u)), k=K, filter_pairs_csr=rows)
    lists = np.asarray(found[1], dtype=np.int32).reshape(len(u), K)
    return contestants.rectools(lists, *truth)


def cornac(u, v, seen, truth):
    import cornac as library
    from cornac.eval_methods import BaseMethod
    from cornac.eval_methods.base_method import ranking_eval

    class Given(library.models.Recommender):
        def score(self, user_idx, item_idx=None):
            row = self.vectors @ self.rows[user_idx]
            return row if item_idx is None else row[item_idx]

    def triples(pairs):
        return [(a, b, 1.0) for a, b in zip(*(p.tolist() for p in pairs), strict=True)]

    method = BaseMethod.from_splits(
        triples(seen), triples(truth), exclude_unknowns=True, verbose=False
    )
    model = Given("given")
    model.fit(method.train_set)
    model.rows = u[np.array(list(method.train_set.uid_map))]
    model.vectors = v[np.array(list(method.train_set.iid_map))]
    kinds = ("Precision", "Recall", "NDCG", "HitRatio")
    wanted = [getattr(library.metrics, kind)(k=k) for kind in kinds for k in CUTS]
    wanted += [library.metrics.MRR(), library.metrics.MAP()]
    found, _ = ranking_eval(
        model, wanted, method.train_set, method.test_set, verbose=False
    )
    return {"ndcg": float(found[7])}


def lenskit(u, v, seen, truth):
    import pandas as pd
    from lenskit.data import ItemList, ItemListCollection
    from lenskit.metrics import NDCG, Hit, Precision, Recall, RunAnalysis

    rows = _csr(seen, (len(u), len(v)))
    run = ItemListCollection(["user_id"])
    for user in range(len(u)):
        scores = v @ u[user]
        scores[rows.indices[rows.indptr[user] : rows.indptr[user + 1]]] = np.nan
        items = ItemList(item_ids=np.arange(len(v)), scores=scores)
        run.add(items.top_n(K), user_id=user)
    test = pd.DataFrame({"user_id": truth[0], "item_id": truth[1]})
    analysis = RunAnalysis()
    for kind in (Precision, Recall, NDCG, Hit):
        for k in CUTS:
            analysis.add_metric(kind(n=k))
    found = analysis.measure(run, ItemListCollection.from_df(test, ["user_id"]))
    return {"users": len(found.list_metrics())}


RANKING = {
    f.__name__: f
    for f in (
        recbench,
        product,
        implicit_lists,
        implicit_own,
        implicit_ranx,
        rectools,
        cornac,
        lenskit,
    )
}
