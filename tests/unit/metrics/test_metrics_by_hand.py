"""A table of values computed by hand, one list a row."""

import numpy as np
import pytest

from recbench.evaluation.lists import score_lists

LOG3, LOG5 = np.log2(3), np.log2(5)

# hits at the top 5 places, relevant items in all; then the values at k = 4
TABLE = {
    "every place a hit, none missed": (
        [1, 1, 1, 1, 0], 4,
        {"precision": 1, "recall": 1, "f1": 1, "hit-rate": 1, "mrr": 1, "map": 1,
         "map-full": 1, "ndcg": 1, "recall-capped": 1, "r-precision": 1,
         "rbp": 1 - 0.8**4},
    ),
    "no hit": (
        [0, 0, 0, 0, 1], 3,
        {"precision": 0, "recall": 0, "f1": 0, "hit-rate": 0, "mrr": 0, "map": 0,
         "map-full": 0, "ndcg": 0, "recall-capped": 0, "r-precision": 0, "rbp": 0},
    ),
    "one hit at rank 2 of two relevant": (
        [0, 1, 0, 0, 0], 2,
        {"precision": 1 / 4, "recall": 1 / 2, "f1": 1 / 3, "hit-rate": 1,
         "mrr": 1 / 2, "map": 1 / 4, "map-full": 1 / 4,
         "ndcg": (1 / LOG3) / (1 + 1 / LOG3), "recall-capped": 1 / 2,
         "r-precision": 1 / 2, "rbp": 0.2 * 0.8},
    ),
    "hits at ranks 1 and 4 of eight relevant": (
        [1, 0, 0, 1, 1], 8,
        {"precision": 1 / 2, "recall": 1 / 4, "f1": 1 / 3, "hit-rate": 1, "mrr": 1,
         "map": (1 + 2 / 4) / 4, "map-full": (1 + 2 / 4) / 8,
         "ndcg": (1 + 1 / LOG5) / (1 + 1 / LOG3 + 1 / 2 + 1 / LOG5),
         "recall-capped": 1 / 2, "r-precision": 1 / 2,
         "rbp": 0.2 * (1 + 0.8**3)},
    ),
    "a list of two, both hits, of three relevant": (
        [1, 1, None, None, None], 3,
        {"precision": 1 / 2, "recall": 2 / 3, "f1": 4 / 7, "hit-rate": 1, "mrr": 1,
         "map": 2 / 3, "map-full": 2 / 3,
         "ndcg": (1 + 1 / LOG3) / (1 + 1 / LOG3 + 1 / 2), "recall-capped": 2 / 3,
         "r-precision": 2 / 3, "rbp": 0.2 * 1.8},
    ),
    "an empty list": (
        [None] * 5, 1,
        {"precision": 0, "recall": 0, "f1": 0, "hit-rate": 0, "mrr": 0, "map": 0,
         "map-full": 0, "ndcg": 0, "recall-capped": 0, "r-precision": 0, "rbp": 0},
    ),
}  # fmt: skip
NAMES = sorted(next(iter(TABLE.values()))[2])


@pytest.mark.parametrize("name", NAMES)
def test_values_at_4_are_those_computed_by_hand(name):
    lists, users, items, expected = [], [], [], []
    for user, (places, n_relevant, values) in enumerate(TABLE.values()):
        row = [-1 if hit is None else rank for rank, hit in enumerate(places)]
        hits = [rank for rank, hit in enumerate(places) if hit]
        missed = range(100, 100 + n_relevant - len(hits))
        lists.append(row)
        items += [*hits, *missed]
        users += [user] * n_relevant
        expected.append(values[name])
    lists.append([0, 1, 2, 3, 4])
    expected.append(np.nan)  # a user with nothing relevant

    scores = score_lists(
        np.array(lists, dtype=np.int32),
        np.array(users, dtype=np.int32),
        np.array(items, dtype=np.int32),
        metrics=[f"{name}@4"],
    )

    np.testing.assert_allclose(scores[f"{name}@4"], expected, rtol=0, atol=1e-15)
