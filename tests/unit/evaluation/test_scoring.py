"""What models may return, what is refused, and who is asked."""

import dataclasses

import numpy as np
import pytest

from recbench.errors import ContractError
from recbench.evaluation.scoring import (
    RankingRules,
    can_rank,
    predict,
    rank,
    verify_lists,
)
from recbench.evaluation.topk import tie_keys
from recbench.features import Categories, Features, Numbers, Text
from recbench.interactions import Interactions
from recbench.protocols import Queries

USERS = np.array([2, 0], dtype=np.int32)


def rules(*, seen=((0, 1), (2, 3)), candidates=(1, 1, 1, 1, 0), k=3):
    users, items = (np.array(c, dtype=np.int32) for c in zip(*seen, strict=True))
    return RankingRules(
        candidates=np.array(candidates, dtype=bool),
        seen=Interactions(users=users, items=items, n_users=3, n_items=5),
        keys=tie_keys(np.arange(5), 0),
        k=k,
    )


class Returns:
    """A model whose methods return what they are told."""

    def __init__(self, **answers):
        for name, answer in answers.items():
            setattr(self, name, lambda *_, answer=answer: answer)


def scores(rows=2):
    return np.tile(np.arange(5, dtype=np.float32), (rows, 1))


def test_seen_items_and_non_candidates_are_never_listed():
    lists, values = rank(Returns(score=scores()), USERS, rules())

    assert lists.tolist() == [[2, 1, 0], [3, 2, 0]]
    assert values.tolist() == [[2, 1, 0], [3, 2, 0]]


def test_a_user_with_too_few_candidates_gets_a_padded_list():
    lists, values = rank(Returns(score=scores()), USERS, rules(k=5))

    assert lists.tolist() == [[2, 1, 0, -1, -1], [3, 2, 0, -1, -1]]
    assert np.isnan(values[:, 3:]).all()


def test_no_user_at_all():
    nobody = USERS[:0]
    lists, _ = rank(Returns(score=scores(0)), nobody, rules())

    assert lists.shape == (0, 3)


def test_scores_given_as_a_read_only_view_are_ranked_and_left_alone():
    given = np.broadcast_to(np.arange(5, dtype=np.float32), (2, 5))
    lists, _ = rank(Returns(score=given), USERS, rules())

    assert lists.tolist() == [[2, 1, 0], [3, 2, 0]]
    assert given[0].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (scores().tolist(), "returned list, not a NumPy array"),
        (scores(3), r"returned shape \(3, 5\), expected \(2, 5\)"),
        (scores().astype(np.int64), "returned dtype int64"),
        (np.full((2, 5), np.nan, np.float32), "10 values that are NaN or infinite"),
        (np.full((2, 5), 1e300), "10 values that are NaN or infinite"),
    ],
    ids=["a list", "a wrong shape", "integers", "NaN", "beyond float32"],
)
def test_scores_that_break_the_contract_are_refused(answer, text):
    with pytest.raises(ContractError, match=text):
        rank(Returns(score=answer), USERS, rules())


def test_vectors_whose_products_overflow_are_refused():
    huge = np.full((5, 2), 1e30, dtype=np.float32)
    model = Returns(user_vectors=huge[:2], item_vectors=huge)
    with pytest.raises(ContractError, match="overflow float32"):
        rank(model, USERS, rules())


@pytest.mark.parametrize(
    ("lists", "text"),
    [
        ([[0, 1, 5], [0, 2, 3]], "1 items outside the catalogue"),
        ([[0, 1, -2], [0, 2, 3]], "1 items outside the catalogue"),
        ([[-1, 1, 2], [0, -1, 3]], "2 items after padding"),
        ([[0, 0, 2], [0, 2, 3]], "1 repeated items"),
        ([[0, 1, 4], [0, 2, 3]], "1 items that are not candidates"),
        ([[0, 1, 3], [0, 2, 1]], "2 items the user has already seen"),
    ],
    ids=str,
)
def test_lists_of_a_model_that_break_the_rules_are_refused(lists, text):
    given = np.array(lists, dtype=np.int32)
    with pytest.raises(ContractError, match=text):
        rank(Returns(recommend=given), USERS, rules())
    with pytest.raises(ContractError, match=text):
        verify_lists(given, USERS, rules())


def test_lists_of_a_model_are_taken_as_they_are():
    given = np.array([[1, 0, -1], [3, -1, -1]])
    lists, values = rank(Returns(recommend=given), USERS, rules())

    assert lists.tolist() == given.tolist()
    assert lists.dtype == np.int32
    assert (np.diff(values[0, :2]) < 0).all()


@pytest.mark.parametrize("answer", [[[0, 1, 2]] * 2, np.zeros((2, 3))], ids=str)
def test_lists_of_no_integers_are_refused(answer):
    with pytest.raises(ContractError, match="expected an int32 array"):
        rank(Returns(recommend=answer), USERS, rules())


def test_predictions_are_clipped_to_the_scale():
    model = Returns(predict=np.array([0.5, 7.0], dtype=np.float64))

    assert predict(model, USERS, USERS, (1.0, 5.0)).tolist() == [1.0, 5.0]
    assert predict(model, USERS, USERS, None).tolist() == [0.5, 7.0]


def queries(users, features=None):
    offsets = np.arange(len(users) + 1, dtype=np.int64)
    return Queries(
        users=np.array(users, dtype=np.int32),
        offsets=offsets,
        items=np.arange(len(users), dtype=np.int32),
        times=np.arange(len(users), dtype=np.int64) + 100,
        user_features=features,
    )


def test_users_unseen_in_training_are_served_from_their_history():
    both = Returns(score=scores(), score_queries=-scores())
    held_out, _ = rank(both, USERS, rules(), queries([-1, -1]))
    known, _ = rank(both, USERS, rules(), queries([2, -1]))

    assert held_out[0].tolist() == [0, 1, 2]
    assert known[0].tolist() == [2, 1, 0]


def test_a_model_that_cannot_serve_unseen_users_says_so():
    with pytest.raises(ContractError, match="score_queries"):
        rank(Returns(score=scores()), USERS, rules(), queries([-1, -1]))


def test_a_model_without_any_way_to_rank_says_so():
    assert not can_rank(Returns(predict=None))
    with pytest.raises(ContractError, match="no score"):
        rank(Returns(predict=None), USERS, rules())


def test_every_block_of_queries_has_its_own_histories_times_and_features():
    asked = []

    class Model:
        def score_queries(self, part):
            asked.append(part)
            return scores(len(part))

    jobs = Categories(
        offsets=np.array([0, 2, 2, 3]),
        codes=np.array([0, 1, 1], dtype=np.int32),
        names=np.array(["a", "b"]),
    )
    columns = {
        "jobs": jobs,
        "age": Numbers(values=np.array([1, 2, 3], dtype=np.float32)),
        "name": Text(values=np.array(["x", "y", "z"])),
    }
    users = np.array([0, 1, 2], dtype=np.int32)
    two_rows = dataclasses.replace(rules(), block_bytes=2 * 4 * 5)
    rank(Model(), users, two_rows, queries([0, 1, 2], Features(columns=columns)))

    first, second = asked
    assert [len(first), len(second)] == [2, 1]
    assert second.items.tolist() == [2]
    assert second.times.tolist() == [102]
    assert first.user_features.columns["jobs"].offsets.tolist() == [0, 2, 2]
    assert second.user_features.columns["jobs"].codes.tolist() == [1]
    assert second.user_features.columns["age"].values.tolist() == [3]
    assert second.user_features.columns["name"].values.tolist() == ["z"]
