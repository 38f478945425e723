"""One library computes metrics of given lists; prints what it took.

    python contestants.py metrics pytrec_eval ml-20m [SHARE]
    python contestants.py ranking implicit_ranx ml-1m [SHARE]

One JSON line: seconds of the processor and on the clock, from before the library is
imported until its figures are there, and the figures. Its import, its compilation and
the conversion from arrays count; the drawing of the input does not.
"""

import json
import sys
import time
import warnings

import numpy as np
import rankers
import shapes

CUTS = (5, 10, 20)


def as_dicts(lists, users, items):
    """Return truth and run as nested dictionaries, of users with a relevant item."""
    names = [str(i) for i in range(int(max(lists.max(), items.max())) + 1)]
    starts = np.searchsorted(users, np.arange(len(lists) + 1))
    wanted, k = items.tolist(), lists.shape[1]
    qrels, run = {}, {}
    for user, listed in enumerate(lists.tolist()):
        mine = wanted[starts[user] : starts[user + 1]]
        if mine:
            key = str(user)
            qrels[key] = {names[i]: 1 for i in mine}
            run[key] = {names[i]: float(k - r) for r, i in enumerate(listed)}
    return qrels, run


def recbench(lists, users, items):
    from recbench import score_lists

    names = ("precision", "recall", "ndcg", "mrr", "map", "hit-rate")
    found = score_lists(
        lists, users, items, metrics=[f"{name}@{k}" for name in names for k in CUTS]
    )
    return {name: float(np.nanmean(found[f"{name}@10"])) for name in names}


def pytrec_eval(lists, users, items):
    import pytrec_eval as library

    qrels, run = as_dicts(lists, users, items)
    cuts = ",".join(map(str, CUTS))
    wanted = {f"{name}.{cuts}" for name in ("P", "recall", "ndcg_cut", "map_cut")}
    wanted |= {f"success.{cuts}", "recip_rank"}
    found = library.RelevanceEvaluator(qrels, wanted).evaluate(run)
    names = {"precision": "P_10", "recall": "recall_10", "ndcg": "ndcg_cut_10"}
    return {
        ours: float(np.mean([value[theirs] for value in found.values()]))
        for ours, theirs in names.items()
    }


def ranx(lists, users, items):
    import ranx as library

    qrels, run = as_dicts(lists, users, items)
    names = ("precision", "recall", "ndcg", "mrr", "map", "hit_rate")
    wanted = [f"{name}@{k}" for name in names for k in CUTS]
    found = library.evaluate(library.Qrels(qrels), library.Run(run), wanted)
    return {name: float(found[f"{name}@10"]) for name in ("precision", "ndcg", "mrr")}


def rectools(lists, users, items):
    import pandas as pd
    from rectools import metrics as library

    n, k = lists.shape
    recs = pd.DataFrame(
        {
            "user_id": np.repeat(np.arange(n), k),
            "item_id": lists.ravel(),
            "rank": np.tile(np.arange(1, k + 1), n),
        }
    )
    truth = pd.DataFrame({"user_id": users, "item_id": items})
    kinds = ("Precision", "Recall", "NDCG", "MRR", "MAP", "HitRate")
    wanted = {
        f"{kind.lower()}@{k}": getattr(library, kind)(k=k)
        for kind in kinds
        for k in CUTS
    }
    found = library.calc_metrics(wanted, reco=recs, interactions=truth)
    return {name: float(found[f"{name}@10"]) for name in ("precision", "recall")}


def ir_measures(lists, users, items):
    import ir_measures as ir

    qrels, run = as_dicts(lists, users, items)
    kinds = (ir.P, ir.R, ir.nDCG, ir.RR, ir.AP, ir.Success)
    found = ir.calc_aggregate([kind @ k for kind in kinds for k in CUTS], qrels, run)
    names = {"precision": ir.P @ 10, "recall": ir.R @ 10, "ndcg": ir.nDCG @ 10}
    return {name: float(found[measure]) for name, measure in names.items()}


def torchmetrics(lists, users, items):
    import torch
    from torchmetrics import retrieval

    n, k = lists.shape
    width = int(max(lists.max(), items.max())) + 1
    owners = np.repeat(np.arange(n), k)
    keys = users.astype(np.int64) * width + items
    hit = torch.from_numpy(np.isin(owners * width + lists.ravel(), keys))
    # a list's scores: larger first, and none negative
    scores = torch.from_numpy(np.tile(np.arange(k, 0, -1, dtype=np.float32), n))
    indexes, found = torch.from_numpy(owners), {}
    kinds = ("Precision", "Recall", "NormalizedDCG", "MRR", "MAP", "HitRate")
    for kind in kinds:
        for cut in CUTS:
            metric = getattr(retrieval, f"Retrieval{kind}")(top_k=cut)
            metric.update(scores, hit, indexes=indexes)
            found[kind, cut] = float(metric.compute())
    return {"precision": found["Precision", 10]}


METRICS = {
    f.__name__: f
    for f in (recbench, pytrec_eval, ranx, rectools, ir_measures, torchmetrics)
}


def main() -> None:
    """Time one contestant."""
    kind, name, shape, *share = sys.argv[1:]
    given = getattr(shapes, f"{kind}_input")(shape, float(share[0]) if share else 1.0)
    work = METRICS[name] if kind == "metrics" else rankers.RANKING[name]
    warnings.simplefilter("ignore")
    clock, spent = time.perf_counter(), time.process_time()
    figures = work(*given)
    spent, clock = time.process_time() - spent, time.perf_counter() - clock
    print(json.dumps({"cpu": spent, "clock": clock, "figures": figures}))


if __name__ == "__main__":
    main()
