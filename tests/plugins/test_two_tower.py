import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from recbench import (
    DataError,
    FitContext,
    Interactions,
    Queries,
    UsageError,
    plugins,
)
from recbench.neural import Offsets
from recbench.testing import checks_for, planted_ratings, planted_topn
from recbench_two_tower import Params, recbench_models
from recbench_two_tower.model import examples
from recbench_two_tower.towers import Tower, batch_softmax

SPEC, FEATURED = recbench_models()
SMALL = {"embedding_dim": 6, "hidden": (8,), "epochs": 3, "patience": 0}


@pytest.mark.parametrize("check", checks_for(SPEC), ids=str)
def test_conformance(check):
    check.run(SPEC)


def fitted(train, task, seed=0, **params):
    model = plugins.make(SPEC, task, SMALL | params)
    model.fit(train, FitContext(task=task, seed=seed))
    return model


def test_the_corrected_softmax_by_hand():
    """Three rows; the first and last share item 4, so neither is a negative there."""
    scores = torch.tensor([[1.0, 2.0, 0.5], [0.0, 3.0, 1.0], [2.0, -1.0, 1.5]])
    share = {4: 0.5, 7: 0.25}
    items = [4, 7, 4]

    found = batch_softmax(
        scores * 2,
        torch.eye(3),
        torch.tensor(items),
        torch.tensor([math.log(share[item]) for item in items]),
        temperature=2.0,
    )

    def odds(row, column):
        return math.exp(float(scores[row, column])) / share[items[column]]

    chances = [
        odds(0, 0) / (odds(0, 0) + odds(0, 1)),
        odds(1, 1) / (odds(1, 0) + odds(1, 1) + odds(1, 2)),
        odds(2, 2) / (odds(2, 1) + odds(2, 2)),
    ]
    assert float(found) == pytest.approx(-sum(map(math.log, chances)) / 3, rel=1e-6)


@pytest.mark.parametrize("correction", [0.0, 0.5, 1.0])
def test_the_share_of_an_item_is_that_of_its_positive_rows(correction):
    table = Interactions(
        users=np.array([0, 1, 2, 3, 0], np.int32),
        items=np.array([1, 1, 1, 0, 0], np.int32),
        ratings=np.array([5, 4, 4, 5, 1], np.float32),
        n_users=4,
        n_items=3,
        threshold=4.0,
    )
    params = Params(loss="softmax", correction=correction)

    users, items, log_share = examples(params, table, "top-n", Offsets.none(table))

    assert users.tolist() == [0, 1, 2, 3]
    shares = np.array([0.75, 0.75, 0.75, 0.25])[np.argsort(-items, kind="stable")]
    wanted = np.where(items == 1, 0.75, 0.25)
    assert sorted(shares) == sorted(wanted)
    np.testing.assert_allclose(log_share, correction * np.log(wanted), rtol=1e-6)


def test_corrected_scores_know_popularity_and_uncorrected_ones_do_not():
    """Everybody draws from one skewed distribution: all there is is popularity."""
    rng = np.random.default_rng(0)
    n_users, n_items = 150, 30
    weight = 1 / np.arange(1, n_items + 1)
    keys = rng.exponential(size=(n_users, n_items)) / weight
    chosen = np.argsort(keys, axis=1)[:, :6]
    train = Interactions(
        users=np.repeat(np.arange(n_users), 6).astype(np.int32),
        items=chosen.ravel().astype(np.int32),
        n_users=n_users,
        n_items=n_items,
    )
    log_count = np.log(np.bincount(train.items, minlength=n_items))
    slopes = []
    for correction in (1.0, 0.0):
        model = fitted(
            train,
            "top-n",
            correction=correction,
            normalize=False,
            temperature=1.0,
            batch_size=64,
            epochs=30,
            learning_rate=1e-2,
        )
        scores = model.user_vectors(np.arange(n_users)) @ model.item_vectors().T
        slopes.append(np.polyfit(log_count, scores.mean(axis=0), 1)[0])

    assert slopes[0] == pytest.approx(1, abs=0.4)
    assert abs(slopes[1]) < 0.4


@pytest.mark.parametrize("task", ["rating", "top-n"])
def test_scores_are_predictions(task):
    train = (planted_ratings() if task == "rating" else planted_topn()).train
    model = fitted(train, task)
    users, items = np.indices((train.n_users, train.n_items), dtype=np.int32)
    every = np.arange(train.n_users, dtype=np.int32)

    scores = model.user_vectors(every) @ model.item_vectors().T

    np.testing.assert_allclose(
        model.predict(users.ravel(), items.ravel()), scores.ravel(), atol=1e-5
    )


def test_offsets_are_served_as_dimensions():
    train = planted_ratings().train
    model = fitted(train, "rating")
    offsets = Offsets.fit(train)
    u, i = train.users[:50], train.items[:50]

    dot = np.einsum("nd,nd->n", model.users[u][:, :-2], model.items[i][:, :-2])

    np.testing.assert_allclose(
        model.predict(u, i), dot + offsets.at(u, i), rtol=1e-5, atol=1e-5
    )


def test_normalised_towers_have_length_one():
    tower = Tower(Params(normalize=True), 9)

    lengths = tower(torch.arange(9)).norm(dim=1)

    torch.testing.assert_close(lengths, torch.ones(9))


@pytest.mark.parametrize("residual", [True, False])
def test_a_tower_is_its_layers_by_hand(residual):
    torch.manual_seed(0)
    tower = Tower(Params(embedding_dim=4, hidden=(5,), residual=residual), 6).eval()
    e = tower.embedding.weight.detach()
    first, last = tower.network[0], tower.network[-1]

    with torch.no_grad():
        by_hand = last(torch.clamp(first(e), min=0)) + residual * e

    torch.testing.assert_close(tower(torch.arange(6)).detach(), by_hand)


def test_strangers_get_the_mean_vector():
    tower = Tower(Params(), 5).eval()

    vectors = tower.everything(torch.tensor([0, 1, 4, 4]))

    torch.testing.assert_close(vectors[2], vectors[[0, 1, 4]].mean(dim=0))
    torch.testing.assert_close(vectors[3], vectors[2])


def test_the_notebook_is_a_preset():
    params = plugins.make(SPEC, "rating", {"preset": "notebook"}).params

    assert (params.embedding_dim, params.hidden, params.dropout) == (64, (128,), 0.2)
    assert (params.residual, params.offsets, params.anneal) == (False, False, False)


def test_what_cannot_be_fitted_is_refused():
    table = planted_ratings().train

    with pytest.raises(UsageError, match="loss=softmax predicts no ratings"):
        fitted(table, "rating", loss="softmax")
    with pytest.raises(DataError, match="needs ratings"):
        fitted(replace(table, ratings=None), "top-n", loss="squared")


def test_a_stranger_is_the_mean_of_the_items_it_liked():
    train = planted_topn(rated=True).train
    model = fitted(train, "top-n")
    queries = Queries(
        users=np.array([-1, 3, -1], dtype=np.int32),
        offsets=np.array([0, 3, 4, 4]),
        items=np.array([5, 9, 2, 7], dtype=np.int32),
        ratings=np.array([5, 4, 1, 5], dtype=np.float32),
    )

    scores = model.score_queries(queries)

    items = model.items[:, :-2]
    wanted = (items[5] + items[9]) / 2 @ items.T
    np.testing.assert_allclose(scores[0] - scores[0, 0], wanted - wanted[0], atol=1e-5)
    np.testing.assert_allclose(scores[1], model.users[3] @ model.items.T, atol=1e-5)
    assert np.ptp(scores[2]) < 1e-6
