"""recbench's own dialect against a slow oracle and against its board metrics."""

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import recbench
from recbench.dialects import score

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "peers"))
from peer_cases import CUTOFFS, cases


def by_hand(case, k):
    """Return the six figures by loops over users and ranks."""
    sums = dict.fromkeys(("precision", "recall", "ndcg", "map", "mrr", "hit-rate"), 0.0)
    for user in case.users:
        relevant = set(case.relevances[user])
        hits = [item in relevant for item in case.ordered[user][:k]]
        found = 0
        precision_sum = dcg = reciprocal = 0.0
        for rank, hit in enumerate(hits, start=1):
            if hit:
                found += 1
                precision_sum += found / rank
                dcg += 1 / math.log2(rank + 1)
                reciprocal = reciprocal or 1 / rank
        most = min(k, len(relevant))
        ideal = sum(1 / math.log2(rank + 1) for rank in range(1, most + 1))
        sums["precision"] += found / k
        sums["recall"] += found / len(relevant)
        sums["ndcg"] += dcg / ideal
        sums["map"] += precision_sum / most
        sums["mrr"] += reciprocal
        sums["hit-rate"] += found > 0
    return {f"{name}@{k}": total / len(case.users) for name, total in sums.items()}


@pytest.mark.parametrize("name", list(cases()))
def test_the_figures_are_those_of_the_oracle(name, tables):
    case = cases()[name]

    scores = score(*tables[name])

    expected = {m: v for k in CUTOFFS for m, v in by_hand(case, k).items()}
    assert scores.metrics.keys() == expected.keys()
    for metric, value in expected.items():
        assert scores.metrics[metric].mean == pytest.approx(value, abs=1e-12), metric


@pytest.mark.parametrize("name", list(cases()))
def test_the_figures_are_those_of_the_board(name, tables):
    case = cases()[name]
    users = case.users
    codes = {item: code for code, item in enumerate(map(str, range(60)))}
    lists = np.full((len(users), max(CUTOFFS)), -1, dtype=np.int32)
    for row, user in enumerate(users):
        listed = [codes[item] for item in case.ordered[user][: max(CUTOFFS)]]
        lists[row, : len(listed)] = listed
    rows = np.array([users.index(user) for user, _, _ in case.truth], dtype=np.int32)
    items = np.array([codes[item] for _, item, _ in case.truth], dtype=np.int32)
    scores = score(*tables[name])

    board = recbench.score_lists(lists, rows, items, metrics=list(scores.metrics))

    for metric, values in board.items():
        expected = scores.metrics[metric]
        assert expected.mean == pytest.approx(np.mean(values), abs=1e-12)
        np.testing.assert_allclose(expected.per_user.values, values, atol=1e-12)


def test_one_list_worked_out_by_hand():
    lists = pd.DataFrame({"user": "ana", "item": list("abcd"), "rank": [1, 2, 3, 4]})
    truth = pd.DataFrame({"user": "ana", "item": ["b", "d", "z"]})

    scores = score(lists, truth, metrics=["precision", "ndcg@2", "map@4"], k=[4])

    ndcg = (1 / math.log2(3)) / (1 + 1 / math.log2(3))
    assert {name: s.mean for name, s in scores.metrics.items()} == pytest.approx(
        {"precision@4": 2 / 4, "ndcg@2": ndcg, "map@4": (1 / 2 + 2 / 4) / 3}
    )
