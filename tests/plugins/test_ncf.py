from dataclasses import replace

import numpy as np
import pytest
import torch

import recbench_ncf.model as ncf_model
from recbench import DataError, FitContext, UsageError, plugins
from recbench.testing import checks_for, planted_ratings, planted_topn
from recbench_ncf import Params, recbench_models
from recbench_ncf.network import Network

(SPEC,) = recbench_models()
VARIANTS = ("gmf", "mlp", "neumf")
SMALL = {"embedding_dim": 6, "hidden": (8, 4), "epochs": 3, "patience": 0}


@pytest.mark.parametrize("check", checks_for(SPEC), ids=str)
def test_conformance(check):
    check.run(SPEC)


def fitted(train, task, seed=0, **params):
    model = plugins.make(SPEC, task, SMALL | params)
    model.fit(train, FitContext(task=task, seed=seed))
    return model


def randomised(variant, n_users=7, n_items=5, **params):
    """Return a network none of whose parts is near 0."""
    torch.manual_seed(4)
    net = Network(
        Params(variant=variant, embedding_dim=3, hidden=(6, 4), **params),
        n_users,
        n_items,
    )
    with torch.no_grad():
        for weight in (*net.parameters(), *net.buffers()):
            weight.normal_()
    return net.eval()


@pytest.mark.parametrize("variant", VARIANTS)
def test_whole_rows_of_scores_equal_scores_of_pairs(variant):
    net = randomised(variant)
    users, items = np.indices((7, 5))
    pairs = net(torch.from_numpy(users.ravel()), torch.from_numpy(items.ravel()))

    rows = net.everything(torch.arange(7))

    torch.testing.assert_close(rows.flatten(), pairs.detach(), rtol=1e-5, atol=1e-5)


def test_neumf_is_one_layer_on_both_parts():
    net = randomised("neumf")
    u, i = torch.tensor([2]), torch.tensor([3])
    d = net.mix.weight.shape[1]
    p, q = net.users(u), net.items(i)
    product = p[:, :d] * q[:, :d]
    deep = net.rest[:-1](net.first(torch.cat((p[:, d:], q[:, d:]), 1)))
    weight = torch.cat((net.mix.weight, net.rest[-1].weight), dim=1)

    by_paper = torch.cat((product, deep), dim=1) @ weight.T + net.rest[-1].bias

    expected = by_paper.squeeze() + net.user_offset[2] + net.item_offset[3]
    torch.testing.assert_close(net(u, i).squeeze(), expected)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("task", ["rating", "top-n"])
def test_scores_are_predictions_in_blocks_of_any_size(variant, task, monkeypatch):
    train = (planted_ratings() if task == "rating" else planted_topn()).train
    model = fitted(train, task, variant=variant)
    users, items = np.indices((train.n_users, train.n_items), dtype=np.int32)

    whole = model.score(np.arange(train.n_users, dtype=np.int32))
    pairs = model.predict(users.ravel(), items.ravel())
    monkeypatch.setattr(ncf_model, "BLOCK_BYTES", 1)
    monkeypatch.setattr(ncf_model, "PAIRS", 100)

    np.testing.assert_allclose(whole.ravel(), pairs, atol=1e-5)
    again = model.score(np.arange(train.n_users, dtype=np.int32))
    np.testing.assert_allclose(again, whole, atol=1e-5)
    np.testing.assert_allclose(
        model.predict(users.ravel(), items.ravel()), pairs, atol=1e-5
    )


def test_an_epoch_of_log_loss_holds_positives_and_fresh_negatives():
    train = planted_topn(rated=True).train
    torch.manual_seed(0)
    params = Params(loss="log", negatives=3)

    draw = ncf_model._examples(params, train, "top-n", torch.device("cpu"))
    (users, items, labels), (_, others, _) = draw(), draw()

    positives = train.positives()
    n = len(positives)
    known = np.zeros((train.n_users, train.n_items), dtype=bool)
    known[positives.users, positives.items] = True
    assert labels.tolist() == [1] * n + [0] * 3 * n
    hits = known[users.numpy(), items.numpy()]
    assert hits[:n].all()
    assert not hits[n:].any()
    counts = np.bincount(users[n:].numpy(), minlength=train.n_users)
    np.testing.assert_array_equal(counts, 3 * np.bincount(positives.users))
    assert not items[n:].equal(others[n:])


def test_squared_error_without_offsets_learns_even_the_mean():
    train = planted_ratings().train

    model = fitted(train, "rating", offsets=False, epochs=40, learning_rate=0.01)

    assert not model.net.user_offset.any()
    found = model.predict(train.users, train.items).mean()
    assert found == pytest.approx(train.ratings.mean(), abs=0.1)


def test_strangers_get_the_mean_embedding():
    net = randomised("neumf")
    before = net.users.weight.detach().clone()

    net.introduce(torch.tensor([0, 1, 2, 4, 5, 6]), torch.arange(5))

    after = net.users.weight.detach()
    others = [0, 1, 2, 4, 5, 6]
    torch.testing.assert_close(after[3], before[others].mean(dim=0))
    assert after[others].equal(before[others])


@pytest.mark.parametrize("schedule", ["linear", "plateau", "none"])
def test_the_learning_rate_falls_as_stated(schedule):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    context = FitContext(task="rating", maximize=False)
    after_step, after_epoch = ncf_model._schedule(
        Params(schedule=schedule), optimizer, 10, context
    )

    for _ in range(10):
        optimizer.step()
        after_step()
        after_epoch(0.9)

    expected = {"linear": ncf_model.LAST_RATE, "plateau": 0.25, "none": 1.0}[schedule]
    assert optimizer.param_groups[0]["lr"] == pytest.approx(expected)


def test_the_notebook_is_a_preset():
    params = plugins.make(SPEC, "rating", {"preset": "notebook"}).params

    assert (params.variant, params.loss, params.schedule) == (
        "mlp",
        "squared",
        "plateau",
    )
    assert (params.embedding_dim, params.hidden) == (64, (128, 64, 32))
    assert (params.learning_rate, params.weight_decay) == (1e-3, 1e-5)


def test_what_cannot_be_fitted_is_refused():
    table = planted_ratings().train

    with pytest.raises(UsageError, match="loss=log predicts no ratings"):
        fitted(table, "rating", loss="log")
    with pytest.raises(DataError, match="needs ratings"):
        fitted(replace(table, ratings=None), "top-n", loss="squared")
