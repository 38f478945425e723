from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

import recbench_autorec.model as autorec_model
from recbench import DataError, FitContext, Interactions, UsageError, plugins
from recbench.neural import Entries, Rows
from recbench.testing import checks_for, planted_ratings, planted_topn
from recbench_autorec import Params, recbench_models
from recbench_autorec.network import Network, vectors

(SPEC,) = recbench_models()
AXES = ("item", "user")


@pytest.mark.parametrize("check", checks_for(SPEC), ids=str)
def test_conformance(check):
    check.run(SPEC)


def fitted(train, task="rating", validation=None, seed=0, **params):
    model = plugins.make(
        SPEC, task, {"hidden": 16, "epochs": 5, "patience": 0} | params
    )
    model.fit(train, FitContext(task=task, seed=seed, validation=validation))
    return model


def every_pair(table):
    users, items = np.indices((table.n_users, table.n_items), dtype=np.int32)
    return users.ravel(), items.ravel()


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("offsets", [True, False])
def test_the_ratings_it_must_predict_are_not_read(axis, offsets):
    whole = planted_ratings().train
    held_out = np.arange(len(whole)) % 5 == 0
    other = replace(whole, ratings=np.where(held_out, 6 - whole.ratings, whole.ratings))
    asked = whole.take(held_out)

    answers = [
        fitted(
            table.take(~held_out),
            validation=table.take(held_out),
            axis=axis,
            offsets=offsets,
        ).predict(asked.users, asked.items)
        for table in (whole, other)
    ]

    assert (whole.ratings != other.ratings).any()
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize("axis", AXES)
def test_the_ratings_it_learns_from_are_read(axis):
    train = planted_ratings().train
    changed = replace(train, ratings=6 - train.ratings)
    users, items = every_pair(train)

    one, other = (fitted(t, axis=axis).predict(users, items) for t in (train, changed))

    assert np.corrcoef(one, other)[0, 1] < 0


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("offsets", [True, False])
def test_a_prediction_is_the_formula_of_the_paper(axis, offsets, monkeypatch):
    train = planted_ratings().train
    nets = []

    class Spy(Network):
        def __init__(self, *args):
            super().__init__(*args)
            nets.append(self)

    monkeypatch.setattr(autorec_model, "Network", Spy)

    model = fitted(train, axis=axis, offsets=offsets)

    (net,) = nets
    wide = [np.asarray(w.detach(), dtype=np.float64) for w in net.parameters()]
    w, b, v, c = wide
    ratings = np.zeros((train.n_users, train.n_items))
    ratings[train.users, train.items] = train.ratings
    rows = ratings.T if axis == "item" else ratings
    codes = 1 / (1 + np.exp(-(rows @ w + b)))
    rebuilt = codes @ v.T + c
    expected = rebuilt.T if axis == "item" else rebuilt
    if offsets:
        fit = autorec_model.vectors(model.params, train, "rating", torch.device("cpu"))
        expected = expected + fit[1].user[:, None] + fit[1].item + fit[1].mean
    users, items = every_pair(train)
    np.testing.assert_allclose(
        model.predict(users, items), expected[users, items], atol=1e-4
    )


def entries(dense):
    matrix = csr_array(np.array(dense, dtype=np.float32))
    return Rows(matrix).entries(torch.arange(matrix.shape[0]))


@pytest.mark.parametrize("loss", ["observed", "all"])
def test_the_loss_by_a_slow_loop(loss):
    torch.manual_seed(0)
    net = Network(Params(hidden=3, offsets=False, loss=loss), 4).eval()
    values = torch.tensor([[5.0, 0, 3, 0], [0, 1, 0, 0]])
    mask = values > 0
    offsets = torch.arange(8.0).view(2, 4) / 10

    found = net.loss(entries(values.numpy()), offsets)

    with torch.no_grad():
        codes = torch.sigmoid(values @ net.encoder.weight + net.encoder.bias)
        out = net.decoder(codes) + offsets
    errors = [
        float(out[r, c] - values[r, c]) ** 2
        for r in range(2)
        for c in range(4)
        if loss == "all" or mask[r, c]
    ]
    assert float(found.detach()) == pytest.approx(sum(errors) / len(errors), rel=1e-5)


def test_an_unobserved_cell_moves_nothing():
    torch.manual_seed(0)
    net = Network(Params(hidden=3, offsets=False), 4)

    net.loss(entries([[5, 0, 3, 0]]), torch.zeros(1, 4)).backward()

    moved = net.decoder.bias.grad != 0
    assert moved.tolist() == [True, False, True, False]


@pytest.mark.parametrize(("task", "axis"), [("top-n", "user"), ("top-n", "item")])
def test_scores_are_predictions(task, axis):
    train = planted_topn().train
    model = fitted(train, task, axis=axis)
    users, items = every_pair(train)
    every = np.arange(train.n_users, dtype=np.int32)

    scores = model.user_vectors(every) @ model.item_vectors().T

    np.testing.assert_allclose(
        model.predict(users, items), scores[users, items], atol=1e-5
    )


def test_strangers_get_offsets_only():
    train = planted_ratings().train
    rows = (train.users != 7) & (train.items != 9)
    known = train.take(rows)

    model = fitted(known)

    _, offsets = vectors(model.params, known, "rating", torch.device("cpu"))
    nobody = np.full(train.n_items, 7, dtype=np.int32)
    items = np.arange(train.n_items, dtype=np.int32)
    np.testing.assert_allclose(
        model.predict(nobody, items), offsets.mean + offsets.item, atol=1e-5
    )
    at_nine = model.predict(np.arange(5, dtype=np.int32), np.full(5, 9, np.int32))
    assert np.abs(at_nine - offsets.mean - offsets.user[:5]).max() < 1


def test_repeated_pairs_count_by_their_mean():
    table = Interactions(
        users=np.array([0, 0, 1], np.int32),
        items=np.array([1, 1, 0], np.int32),
        ratings=np.array([2, 5, 3], np.float32),
        n_users=2,
        n_items=2,
    )

    rows, _ = vectors(Params(axis="user"), table, "rating", torch.device("cpu"))

    values, mask = rows.dense(torch.arange(2))
    assert values.tolist() == [[0, 3.5], [3, 0]]
    assert mask.tolist() == [[0, 1], [1, 0]]


def test_the_notebook_is_a_preset():
    params = plugins.make(SPEC, "rating", {"preset": "notebook"}).params

    assert (params.axis, params.hidden, params.activation) == ("user", 256, "relu")
    assert (params.dropout, params.epochs, params.batch_size) == (0.3, 50, 0)


def test_what_cannot_be_fitted_is_refused():
    table = planted_ratings().train
    unrated = replace(table, ratings=None)

    with pytest.raises(UsageError, match="loss=all predicts no ratings"):
        fitted(table, loss="all")
    with pytest.raises(DataError, match="needs ratings"):
        fitted(unrated, "top-n", loss="observed", axis="item")


def test_no_dense_matrix_is_ever_made(monkeypatch):
    train = planted_ratings().train
    sizes = []
    dense = Entries.dense

    def spy(self):
        sizes.append(len(self.starts))
        return dense(self)

    monkeypatch.setattr(Entries, "dense", spy)
    monkeypatch.setattr("recbench_autorec.network.BLOCK", 16)

    fitted(train, batch_size=16)

    assert max(sizes) == 16 < train.n_items
