"""How each peer is asked for its metrics: its own code, unmodified.

Run as ``python peer_libraries.py NAME`` under an interpreter that can import the
peer, it prints one JSON object with the peer's version and its values on all cases.
Imports around a metric module that it does not need (a deep-learning framework for
the type of an argument, a package's eager ``__init__``) are replaced by empty ones.
None stands for a metric that the peer lacks or that it cannot compute.
"""

import importlib
import importlib.util
import json
import math
import os
import re
import sys
import types
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np
from peer_cases import CUTOFFS, cases


def bare(*packages):
    """Make packages importable without running their ``__init__``."""
    for package in packages:
        spec = importlib.util.find_spec(package)
        if spec is None:
            raise ModuleNotFoundError(package)
        module = types.ModuleType(package)
        module.__path__ = list(spec.submodule_search_locations)
        module.__spec__ = spec
        sys.modules[package] = module


class _Nothing:
    """An attribute of an absent module: a decorator, a test that fails, a namespace."""

    def __getattr__(self, name):
        return self

    def __call__(self, *arguments, **_):
        given = arguments[0] if arguments else None
        return given if isinstance(given, types.FunctionType) else False


class _Absent(types.ModuleType):
    """A module of which only names are needed."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {}) if name[0].isupper() else _Nothing()


def absent(*modules):
    """Put empty modules where heavy ones are imported for their names only."""
    top = modules[0].split(".")[0]
    if top not in sys.modules and importlib.util.find_spec(top) is None:
        for name in modules:
            sys.modules[name] = _Absent(name)


def old_numpy():
    """Give back the names that NumPy has dropped and older peers still use."""
    vars(np).setdefault("float", float)
    vars(np).setdefault("in1d", lambda values, among: np.isin(values, among).ravel())
    vars(np).setdefault("asfarray", lambda values: np.asarray(values, dtype=float))


def hit_matrix(case, width, *, at_least=-math.inf):
    """Return hits (n, width) and the number of relevant items (n,)."""
    hits = np.zeros((len(case.users), width), dtype=bool)
    n_relevant = np.zeros(len(case.users), dtype=np.int64)
    for row, user in enumerate(case.users):
        relevant = {i for i, r in case.relevances[user].items() if r >= at_least}
        n_relevant[row] = len(relevant)
        for rank, item in enumerate(case.ordered[user][:width]):
            hits[row, rank] = item in relevant
    return hits, n_relevant


def item_codes(case):
    """Return a code for every item named in the case."""
    names = {i for _, i, _, _ in case.lists} | {i for _, i, _ in case.truth}
    return {item: code for code, item in enumerate(sorted(names))}


def recbole(case):
    old_numpy()
    bare("recbole", "recbole.utils", "recbole.evaluator")
    enums = importlib.import_module("recbole.utils.enum_type")
    sys.modules["recbole.utils"].EvaluatorType = enums.EvaluatorType
    metrics = importlib.import_module("recbole.evaluator.metrics")
    import torch

    hits, n_relevant = hit_matrix(case, max(CUTOFFS))
    table = np.column_stack([hits.astype(np.int64), n_relevant])
    data = {"rec.topk": torch.from_numpy(table)}
    config = {"topk": list(CUTOFFS), "metric_decimal_place": 17}
    names = {
        "precision": metrics.Precision,
        "recall": metrics.Recall,
        "ndcg": metrics.NDCG,
        "map": metrics.MAP,
        "mrr": metrics.MRR,
        "hit-rate": metrics.Hit,
    }
    out = {}
    for name, metric in names.items():
        result = metric(config).calculate_metric(data)
        for k in CUTOFFS:
            out[f"{name}@{k}"] = next(
                v for m, v in result.items() if m.endswith(f"@{k}")
            )
    return out


def elliot(case):
    relevance = importlib.import_module("elliot.evaluation.relevance.relevance")
    where = {
        "precision": "precision.precision:Precision",
        "recall": "recall.recall:Recall",
        "ndcg": "ndcg.ndcg:nDCG",
        "map": "map.map:MAP",
        "mrr": "mrr.mrr:MRR",
        "hit-rate": "hit_rate.hit_rate:HR",
    }
    lists = {u: [(i, 0.0) for i in items] for u, items in case.ordered.items()}
    out = {}
    for name, place in where.items():
        module, attribute = place.split(":")
        metric = getattr(
            importlib.import_module(f"elliot.evaluation.metrics.accuracy.{module}"),
            attribute,
        )
        for k in CUTOFFS:
            objects = types.SimpleNamespace(
                cutoff=k, relevance=relevance.Relevance(case.relevances, 0)
            )
            out[f"{name}@{k}"] = metric(lists, None, None, objects).eval()
    return out


def warprec(case):
    bare("warprec", "warprec.utils", "warprec.evaluation", "warprec.evaluation.metrics")
    bare("warprec.evaluation.metrics.accuracy")
    import torch

    def metric(module, name):
        path = f"warprec.evaluation.metrics.accuracy.{module}"
        return getattr(importlib.import_module(path), name)

    names = {
        "precision": metric("precision", "Precision"),
        "recall": metric("recall", "Recall"),
        "ndcg": metric("ndcg", "nDCG"),
        "map": metric("map", "MAP"),
        "mrr": metric("mrr", "MRR"),
        "hit-rate": metric("hit_rate", "HitRate"),
    }
    codes = item_codes(case)
    n = len(case.users)
    # Columns after the items are nobody's: they fill the places of short lists.
    width = len(codes) + max(CUTOFFS)
    scores = torch.full((n, width), -math.inf, dtype=torch.float64)
    scores[:, len(codes) :] = -1e9
    target = torch.zeros((n, width))
    for row, user in enumerate(case.users):
        for rank, item in enumerate(case.ordered[user]):
            scores[row, codes[item]] = -float(rank)
        for item, rating in case.relevances[user].items():
            target[row, codes[item]] = rating
    out = {}
    for name, kind in names.items():
        for k in CUTOFFS:
            instance = kind(k=k, num_users=n)
            instance.update(scores, user_indices=torch.arange(n), ground=target)
            (values,) = instance.compute().values()
            out[f"{name}@{k}"] = values.double().nanmean().item()
    return out


def lenskit(case):
    absent("torch", "torch.nn", "torch.nn.functional", "torch.utils", "torch.cuda")
    metrics = importlib.import_module("lenskit.metrics")
    data = importlib.import_module("lenskit.data")
    runs = data.ItemListCollection.empty(["user_id"])
    truth = data.ItemListCollection.empty(["user_id"])
    for user in case.users:
        runs.add(data.ItemList(item_ids=case.ordered[user], ordered=True), user)
        rated = case.relevances[user]
        truth.add(
            data.ItemList(item_ids=list(rated), rating=list(rated.values())), user
        )
    names = {
        "precision": metrics.Precision,
        "recall": metrics.Recall,
        "ndcg": metrics.NDCG,
        "map": importlib.import_module("lenskit.metrics.ranking").AveragePrecision,
        "mrr": metrics.RecipRank,
        "hit-rate": metrics.Hit,
    }
    collector = metrics.MeasurementCollector()
    for name, kind in names.items():
        for k in CUTOFFS:
            collector.add_metric(kind(k), label=f"{name}@{k}")
    summary = collector.measure_run(runs, truth).summary_metrics
    return {f"{m}@{k}": summary[f"{m}@{k}.mean"] for m in names for k in CUTOFFS}


def cornac(case):
    bare("cornac", "cornac.metrics")
    ranking = importlib.import_module("cornac.metrics.ranking")
    codes = item_codes(case)
    names = {
        "precision": ranking.Precision,
        "recall": ranking.Recall,
        "ndcg": ranking.NDCG,
        "hit-rate": ranking.HitRatio,
    }
    out = {f"map@{k}": None for k in CUTOFFS}
    metrics = {f"{n}@{k}": kind(k=k) for n, kind in names.items() for k in CUTOFFS}
    metrics |= {f"mrr@{k}": ranking.MRR() for k in CUTOFFS}
    for name, metric in metrics.items():
        values = []
        for user in case.users:
            positive = [codes[i] for i, r in case.relevances[user].items() if r >= 1.0]
            if not positive:
                continue
            listed = np.array([codes[i] for i in case.ordered[user]], dtype=np.int64)
            try:
                values.append(metric.compute(gt_pos=np.array(positive), pd_rank=listed))
            except ValueError:  # MRR refuses a list without a match
                values.append(None)
        fails = not values or None in values
        out[name] = None if fails else sum(values) / len(values)
    return out


def recommenders(case):
    bare("recommenders", "recommenders.datasets", "recommenders.evaluation")
    evaluation = importlib.import_module("recommenders.evaluation.python_evaluation")
    import pandas as pd

    truth = pd.DataFrame(case.truth, columns=["userID", "itemID", "rating"])
    lists = pd.DataFrame(case.scored(), columns=["userID", "itemID", "prediction"])
    names = {
        "precision": evaluation.precision_at_k,
        "recall": evaluation.recall_at_k,
        "ndcg": evaluation.ndcg_at_k,
        "map": evaluation.map,
    }
    out = {f"{name}@{k}": None for name in ("mrr", "hit-rate") for k in CUTOFFS}
    for name, function in names.items():
        for k in CUTOFFS:
            value = function(truth, lists, relevancy_method="top_k", k=k)
            out[f"{name}@{k}"] = float(value)
    return out


def rectools(case):
    bare("rectools", "rectools.metrics", "rectools.utils")
    columns = importlib.import_module("rectools.columns")
    sys.modules["rectools"].Columns = columns.Columns
    misc = importlib.import_module("rectools.utils.misc")
    sys.modules["rectools.utils"].log_at_base = misc.log_at_base
    sys.modules["rectools.utils"].select_by_type = misc.select_by_type
    ranking = importlib.import_module("rectools.metrics.ranking")
    classes = importlib.import_module("rectools.metrics.classification")
    import pandas as pd

    if case.by_rank:
        rows = [(user, item, rank) for user, item, rank, _ in case.lists]
    else:
        rows = [
            (user, item, rank + 1)
            for user, items in case.ordered.items()
            for rank, item in enumerate(items)
        ]
    lists = pd.DataFrame(rows, columns=["user_id", "item_id", "rank"])
    truth = pd.DataFrame(case.truth, columns=["user_id", "item_id", "rating"])
    names = {
        "precision": classes.Precision,
        "recall": classes.Recall,
        "ndcg": ranking.NDCG,
        "map": ranking.MAP,
        "mrr": ranking.MRR,
        "hit-rate": classes.HitRate,
    }
    return {
        f"{name}@{k}": float(kind(k=k).calc(lists, truth))
        for name, kind in names.items()
        for k in CUTOFFS
    }


def recpack(case):
    bare("recpack", "recpack.metrics")
    from scipy.sparse import csr_matrix

    codes = item_codes(case)
    lists = np.zeros((len(case.users), len(codes)))
    truth = np.zeros_like(lists)
    for row, user in enumerate(case.users):
        for rank, item in enumerate(case.ordered[user]):
            lists[row, codes[item]] = 1 / (rank + 1)
        for item in case.relevances[user]:
            truth[row, codes[item]] = 1  # its pipeline passes binary values
    names = {
        "precision": "precision:PrecisionK",
        "recall": "recall:RecallK",
        "ndcg": "dcg:NDCGK",
        "mrr": "reciprocal_rank:ReciprocalRankK",
        "hit-rate": "hit:HitK",
    }
    out = {f"map@{k}": None for k in CUTOFFS}
    for name, place in names.items():
        module, attribute = place.split(":")
        kind = getattr(importlib.import_module(f"recpack.metrics.{module}"), attribute)
        for k in CUTOFFS:
            metric = kind(k)
            metric.calculate(csr_matrix(truth), csr_matrix(lists))
            out[f"{name}@{k}"] = float(metric.value)
    return out


def ranx(case):
    from ranx import Qrels, Run, evaluate

    lists = {}
    for user, item, score in case.scored():
        lists.setdefault(user, {})[item] = score
    truth = {u: {i: int(r) for i, r in v.items()} for u, v in case.relevances.items()}
    qrels, run = Qrels(truth), Run(lists)
    names = {
        f"{theirs}@{k}": f"{ours}@{k}"
        for ours, theirs in {
            "precision": "precision",
            "recall": "recall",
            "ndcg": "ndcg",
            "map": "map",
            "mrr": "mrr",
            "hit-rate": "hit_rate",
        }.items()
        for k in CUTOFFS
    }
    same = set(lists) == set(truth)
    values = evaluate(qrels, run, list(names), make_comparable=not same)
    return {names[theirs]: float(value) for theirs, value in values.items()}


def trec_eval(case):
    import pytrec_eval

    lists = {user: {} for user in case.users}
    for user, item, score in case.scored():
        lists.setdefault(user, {})[item] = score
    truth = {u: {i: int(r) for i, r in v.items()} for u, v in case.relevances.items()}
    cuts = ",".join(map(str, CUTOFFS))
    names = {
        "precision": "P",
        "recall": "recall",
        "ndcg": "ndcg_cut",
        "map": "map_cut",
        "hit-rate": "success",
    }
    wanted = {f"{theirs}.{cuts}" for theirs in names.values()}
    result = pytrec_eval.RelevanceEvaluator(truth, wanted).evaluate(lists)
    out = {
        f"{ours}@{k}": sum(result[u][f"{theirs}_{k}"] for u in case.users)
        / len(case.users)
        for ours, theirs in names.items()
        for k in CUTOFFS
    }
    # recip_rank has no cut-off: trec_eval limits the run itself (-M k), here in its
    # own order (score in single precision, then item name, both descending).
    for k in CUTOFFS:
        cut = {
            u: dict(
                sorted(v.items(), key=lambda p: (np.float32(p[1]), p[0]), reverse=True)[
                    :k
                ]
            )
            for u, v in lists.items()
        }
        result = pytrec_eval.RelevanceEvaluator(truth, {"recip_rank"}).evaluate(cut)
        out[f"mrr@{k}"] = sum(result[u]["recip_rank"] for u in case.users) / len(
            case.users
        )
    return out


def implicit(case):
    from implicit.evaluation import ranking_metrics_at_k
    from scipy.sparse import csr_matrix

    codes = item_codes(case)
    truth = np.zeros((len(case.users), len(codes)))
    for row, user in enumerate(case.users):
        for item in case.relevances[user]:
            truth[row, codes[item]] = 1

    class Listed:
        def recommend(self, batch, _seen, N=10):  # noqa: N803 - its name
            ids = np.full((len(batch), N), -1, dtype=np.int32)
            for row, u in enumerate(batch):
                for rank, item in enumerate(case.ordered[case.users[u]][:N]):
                    ids[row, rank] = codes[item]
            return ids, None

    out = {f"{m}@{k}": None for m in ("recall", "mrr", "hit-rate") for k in CUTOFFS}
    seen = csr_matrix(truth.shape)
    for k in CUTOFFS:
        values = ranking_metrics_at_k(
            Listed(), seen, csr_matrix(truth), K=k, show_progress=False
        )
        for name in ("precision", "map", "ndcg"):
            out[f"{name}@{k}"] = values[name]
    return out


def omnirec(case):
    bare("omnirec", "omnirec.metrics", "omnirec.util")
    util = types.ModuleType("omnirec.util.util")
    util._root_logger = __import__("logging").getLogger("omnirec")
    util._root_logger.setLevel("CRITICAL")
    sys.modules["omnirec.util"].util = util
    sys.modules["omnirec.util.util"] = util
    ranking = importlib.import_module("omnirec.metrics.ranking")
    import pandas as pd

    rows = [
        (user, item, rank + 1, -float(rank))
        for user, items in case.ordered.items()
        for rank, item in enumerate(items)
    ]
    lists = pd.DataFrame(rows, columns=["user", "item", "rank", "score"])
    truth = pd.DataFrame(case.truth, columns=["user", "item", "rating"])
    names = {
        "precision": ranking.Precision,
        "recall": ranking.Recall,
        "ndcg": ranking.NDCG,
        "hit-rate": ranking.HR,
    }
    out = {f"{name}@{k}": None for name in ("map", "mrr") for k in CUTOFFS}
    for name, kind in names.items():
        result = kind(list(CUTOFFS)).calculate(lists, truth).result
        for k in CUTOFFS:
            out[f"{name}@{k}"] = float(result[k])
    return out


def daisyrec(case):
    old_numpy()
    bare("daisy", "daisy.utils")
    metrics = importlib.import_module("daisy.utils.metrics")
    codes = item_codes(case)
    width = max(CUTOFFS)
    lists = np.full((len(case.users), width), -1, dtype=np.int64)
    truth = {}
    for row, user in enumerate(case.users):
        truth[row] = {codes[item] for item in case.relevances[user]}
        for rank, item in enumerate(case.ordered[user][:width]):
            lists[row, rank] = codes[item]
    names = {
        "precision": metrics.Precision,
        "recall": metrics.Recall,
        "ndcg": metrics.NDCG,
        "map": metrics.MAP,
        "mrr": metrics.MRR,
        "hit-rate": metrics.HR,
    }
    rows = list(range(len(case.users)))
    return {
        f"{name}@{k}": float(function(truth, lists[:, :k], rows))
        for name, function in names.items()
        for k in CUTOFFS
    }


def notebook(case):
    text = Path(os.environ["RECBENCH_NOTEBOOK"]).read_text(encoding="utf-8")
    start = text.index("def precision_at_k")
    stop = text.index("def evaluate_ranking")
    space = {"np": np}
    exec(re.sub(r"(?m)^In \[.*$", "", text[start:stop]), space)
    threshold = 4.0
    assert f"threshold={threshold}" in text[stop:]
    assert "user_test_counts >= 5" in text[stop:]
    out = {f"{m}@{k}": None for m in ("map", "mrr", "hit-rate") for k in CUTOFFS}
    for k in CUTOFFS:
        values = []
        for user in case.users:
            rated = case.relevances[user]
            relevant = {i for i, r in rated.items() if r >= threshold}
            if len(rated) < 5 or not relevant:
                continue
            listed = case.ordered[user]
            values.append(
                (
                    space["precision_at_k"](listed, relevant, k),
                    space["recall_at_k"](listed, relevant, k),
                    space["ndcg_at_k"](listed, rated, k),
                )
            )
        for position, name in enumerate(("precision", "recall", "ndcg")):
            column = [value[position] for value in values]
            out[f"{name}@{k}"] = float(np.mean(column)) if column else None
    return out


PACKAGES = {
    "recbole": "recbole",
    "elliot": None,  # not on the package index: its source at the tag's commit
    "warprec": "warprec",
    "lenskit": "lenskit",
    "cornac": "cornac",
    "recommenders": "recommenders",
    "rectools": "rectools",
    "recpack": "recpack",
    "ranx": "ranx",
    "trec_eval": "pytrec-eval-terrier",
    "implicit": "implicit",
    "omnirec": "omnirec",
    "daisyrec": "daisyRec",
    "notebook": None,
}


def plain(value):
    """Return a JSON number, or None for NaN and None."""
    if value is None or math.isnan(value):
        return None
    return float(value)


def main(name):
    """Print the peer's values on every case."""
    warnings.simplefilter("ignore")
    function = globals()[name]
    values = {
        case.name: {metric: plain(v) for metric, v in function(case).items()}
        for case in cases().values()
    }
    package = PACKAGES[name]
    version = metadata.version(package) if package else ""
    if name == "elliot":
        base = importlib.import_module("elliot.evaluation.metrics.base_metric")
        version = base.__version__
    found = {"package": package, "version": version, "numpy": np.__version__}
    print(json.dumps({"peer": name, **found, "values": values}))


if __name__ == "__main__":
    main(sys.argv[1])
