"""Agreement with trec_eval, ir-measures, ranx, scikit-learn and scikit-surprise.

Where definitions coincide: what is left out differs on purpose, and docs/metrics.md
says how.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import ir_measures
import numpy as np
import pytest
import pytrec_eval
from metric_worlds import random_world, rated, view
from sklearn import metrics as sk

from recbench.metrics.builtin import recbench_metrics
from recbench.metrics.compute import figure, ranking_values, rating_values

SPECS = {spec.name: spec for spec in recbench_metrics()}
SEEDS = range(4)
CUTOFFS = (1, 3, 8)
EXACT = {"rtol": 0, "atol": 1e-12}


def key(user):
    return f"u{user:03d}"


def binary(world):
    return {key(u): {f"i{i}": 1 for i in world.relevant(u)} for u in world.users()}


def graded(world):
    """Every test rating, as trec_eval's graded judgements."""
    return {
        key(u): {f"i{i}": int(r) for i, r in world.test[u].items()}
        for u in world.users()
    }


def run(world, k):
    """The lists cut at k; an empty list holds one item that nobody judges."""
    return {
        key(u): {
            f"i{i}": float(100 - rank)
            for rank, i in enumerate(world.lists.get(u, [])[:k] or ["none"])
        }
        for u in world.users()
    }


def ours(world, name):
    values = ranking_values(view(world), [name], SPECS)[name]
    return dict(zip(map(key, values.users.tolist()), values.values, strict=True))


def agree(actual, expected):
    assert list(actual) == sorted(expected)
    np.testing.assert_allclose(
        list(actual.values()), [expected[u] for u in sorted(expected)], **EXACT
    )


TREC = [
    ("precision", "P.{k}", binary),
    ("recall", "recall.{k}", binary),
    ("ndcg", "ndcg_cut.{k}", binary),
    ("ndcg-linear", "ndcg_cut.{k}", graded),
    ("map-full", "map_cut.{k}", binary),
    ("hit-rate", "success.{k}", binary),
    ("mrr", "recip_rank", binary),  # has no cut-off: the run is cut
]


@pytest.mark.parametrize(("name", "measure", "qrels"), TREC, ids=[t[0] for t in TREC])
def test_trec_eval_agrees(name, measure, qrels):
    for seed in SEEDS:
        world = random_world(seed)
        for k in CUTOFFS:
            asked = measure.format(k=k)
            judge = pytrec_eval.RelevanceEvaluator(qrels(world), {asked})
            answer = judge.evaluate(run(world, k))
            field = asked.replace(".", "_")

            expected = {u: values[field] for u, values in answer.items()}
            agree(ours(world, f"{name}@{k}"), expected)


IR_MEASURES = [
    ("precision", "P@{k}"),
    ("recall", "R@{k}"),
    ("ndcg", "nDCG@{k}"),
    ("map-full", "AP@{k}"),
    ("mrr", "RR@{k}"),
    ("hit-rate", "Success@{k}"),
]


@pytest.mark.parametrize(("name", "measure"), IR_MEASURES)
def test_ir_measures_agrees(name, measure):
    for seed in SEEDS:
        world = random_world(seed)
        for k in CUTOFFS:
            asked = ir_measures.parse_measure(measure.format(k=k))
            answer = ir_measures.iter_calc([asked], binary(world), run(world, k))

            expected = {line.query_id: line.value for line in answer}
            agree(ours(world, f"{name}@{k}"), expected)


RANX = {
    "precision": "precision@{k}",
    "recall": "recall@{k}",
    "f1": "f1@{k}",
    "hit-rate": "hit_rate@{k}",
    "mrr": "mrr@{k}",
    "map-full": "map@{k}",
    "ndcg": "ndcg@{k}",
    "dcg": "dcg@{k}",
    "ndcg-graded": "ndcg_burges@{k}",
    "rbp": "rbp.80",  # has no cut-off: compared at the whole list
}


def test_ranx_agrees():
    world = random_world(1)
    names = {
        f"{name}@{k}": measure.format(k=k)
        for name, measure in RANX.items()
        for k in (CUTOFFS if "{k}" in measure else CUTOFFS[-1:])
    }
    case = {
        "measures": sorted(set(names.values())),
        "binary": binary(world),
        "graded": graded(world),
        "run": run(world, world.width),
    }
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("ranx_values.py")],
        input=json.dumps(case),
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    answers = json.loads(done.stdout)

    for name, measure in names.items():
        agree(ours(world, name), answers[measure])


def rows(world, k):
    """Per user: gains and scores of all candidates, the list's items on top."""
    for u in world.users():
        items = sorted(world.candidates | world.relevant(u) - set(world.train[u]))
        items = [i for i in items if i not in world.train[u]]
        top = world.lists.get(u, [])[:k]
        scores = [float(100 - top.index(i)) if i in top else 0.0 for i in items]
        yield u, items, scores


@pytest.mark.parametrize("k", CUTOFFS)
def test_scikit_learn_agrees_on_auc(k):
    compared = 0
    for seed in SEEDS:
        world = random_world(seed)
        values = ours(world, f"auc@{k}")
        for u, items, scores in rows(world, k):
            labels = [i in world.relevant(u) for i in items]
            if all(labels):
                continue
            expected = sk.roc_auc_score(labels, scores)
            assert values[key(u)] == pytest.approx(expected, abs=1e-12)
            compared += 1
    assert compared > 50


def test_scikit_learn_agrees_on_ndcg_with_linear_and_with_exponential_gain():
    compared = 0
    for seed in SEEDS:
        world = random_world(seed)
        for name, gain in (
            ("ndcg-linear", float),
            ("ndcg-graded", lambda r: 2.0**r - 1),
        ):
            values = ours(world, f"{name}@{world.width}")
            for u in world.users():
                top = world.lists.get(u, [])
                if len(top) < world.width:
                    continue  # scikit-learn averages over ties in place of missing
                items = [*top, *(i for i in world.test[u] if i not in top)]
                gains = [[gain(world.test[u].get(i, 0)) for i in items]]
                scores = [[float(-rank) for rank in range(len(items))]]
                expected = sk.ndcg_score(gains, scores, k=world.width)
                assert values[key(u)] == pytest.approx(expected, abs=1e-12)
                compared += 1
    assert compared > 50


def test_scikit_learn_agrees_on_average_precision_of_a_whole_ranking():
    compared = 0
    for seed in SEEDS:
        world = random_world(seed, n_items=16, width=16)
        values = ours(world, "map-full@16")
        for u in world.users():
            top = world.lists.get(u, [])
            if len(top) < 2 or not world.relevant(u) <= set(top):
                continue  # scikit-learn ranks everything: all relevant items are listed
            labels = [[i in world.relevant(u) for i in top]]
            scores = [[float(-rank) for rank in range(len(top))]]
            expected = sk.label_ranking_average_precision_score(labels, scores)
            assert values[key(u)] == pytest.approx(expected, abs=1e-12)
            compared += 1
    assert compared >= 20


def test_scikit_learn_agrees_on_rating_metrics():
    for seed in SEEDS:
        world = random_world(seed)
        values = rating_values(rated(world), ["rmse", "mse", "mae", "r2"], SPECS)
        _, true, guess = zip(*world.pairs, strict=True)
        expected = {
            "rmse": sk.root_mean_squared_error(true, guess),
            "mse": sk.mean_squared_error(true, guess),
            "mae": sk.mean_absolute_error(true, guess),
            "r2": sk.r2_score(true, guess),
        }
        for name, value in expected.items():
            assert figure(values[name]) == pytest.approx(value, abs=1e-12)


def test_surprise_agrees_on_rmse_mae_mse_and_fcp():
    from surprise import accuracy
    from surprise.prediction_algorithms.predictions import Prediction

    for seed in SEEDS:
        world = random_world(seed)
        # Surprise's fcp leaves users without a concordant pair out of one average
        # and those without a discordant pair out of the other: keep users with both
        fcp = rating_values(rated(world), ["fcp"], SPECS)["fcp"]
        both = (fcp.values > 0) & (fcp.values < 1)
        kept = set(fcp.users[both].tolist())
        world.pairs = [p for p in world.pairs if p[0] in kept]
        pairs = [Prediction(u, 0, true, guess, {}) for u, true, guess in world.pairs]
        values = rating_values(rated(world), ["rmse", "mae", "mse", "fcp"], SPECS)

        assert len(pairs) > 50
        for name in values:
            expected = getattr(accuracy, name)(pairs, verbose=False)
            assert figure(values[name]) == pytest.approx(expected, abs=1e-12)
