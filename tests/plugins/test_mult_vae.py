import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from recbench import FitContext, Queries, plugins
from recbench.neural import Entries, Rows
from recbench.testing import checks_for, planted_topn
from recbench_mult_vae import DenoisingParams, Params, recbench_models
from recbench_mult_vae.network import Network, aligned_logits, log_likelihood

SPEC, DENOISING = recbench_models()
SMALL = {"hidden": (12,), "latent": 6, "epochs": 4, "patience": 0}


@pytest.mark.parametrize("check", checks_for(SPEC), ids=str)
def test_conformance(check):
    check.run(SPEC)


@pytest.mark.parametrize("check", checks_for(DENOISING), ids=str)
def test_conformance_of_the_denoising_one(check):
    check.run(DENOISING)


def fitted(train, seed=0, spec=SPEC, **params):
    model = plugins.make(spec, "top-n", SMALL | params)
    model.fit(train, FitContext(seed=seed))
    return model


def queries(histories, ratings=None):
    lengths = [len(h) for h in histories]
    return Queries(
        users=np.full(len(histories), -1, np.int32),
        offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        items=np.concatenate(histories).astype(np.int32),
        ratings=None if ratings is None else np.concatenate(ratings).astype(np.float32),
    )


def entries(dense):
    matrix = csr_array(np.array(dense, dtype=np.float32))
    return Rows(matrix).entries(torch.arange(matrix.shape[0]))


def test_the_evidence_bound_by_a_slow_loop():
    torch.manual_seed(0)
    net = Network(Params(hidden=(5,), latent=2), 4, 1).eval()
    rows = np.array([[1, 0, 1, 1], [0, 1, 0, 0]], dtype=np.float64)

    found = net.loss(entries(rows), 0.3)

    wide = {n: w.detach().double().numpy() for n, w in net.named_parameters()}
    total = 0.0
    for x in rows:
        hidden = np.tanh(
            (x / np.sqrt((x**2).sum())) @ wide["first.weight"] + wide["first.bias"]
        )
        moments = wide["encoder.1.weight"] @ hidden + wide["encoder.1.bias"]
        mean, log_variance = moments[:2], moments[2:]
        up = np.tanh(wide["decoder.0.weight"] @ mean + wide["decoder.0.bias"])
        logits = wide["output.weight"] @ up + wide["output.bias"]
        log_p = logits - np.log(np.exp(logits).sum())
        variance = np.exp(log_variance)
        kl = 0.5 * sum(mean**2 + variance - 1 - np.log(variance))
        total += 0.3 * kl - sum(log_p * x)
    assert float(found.detach()) == pytest.approx(total / 2, rel=1e-5)


@pytest.mark.parametrize("hidden", [(), (5,)])
def test_the_denoising_likelihood_by_a_slow_loop(hidden):
    torch.manual_seed(0)
    net = Network(DenoisingParams(hidden=hidden, latent=2), 4, 1).eval()
    rows = np.array([[1, 0, 1, 1], [0, 1, 0, 0]], dtype=np.float64)

    found = net.loss(entries(rows), 0.0)

    wide = {n: w.detach().double().numpy() for n, w in net.named_parameters()}
    total = 0.0
    for x in rows:
        up = np.tanh(
            (x / np.sqrt((x**2).sum())) @ wide["first.weight"] + wide["first.bias"]
        )
        if hidden:
            up = np.tanh(wide["encoder.1.weight"] @ up + wide["encoder.1.bias"])
            up = np.tanh(wide["decoder.0.weight"] @ up + wide["decoder.0.bias"])
        logits = wide["output.weight"] @ up + wide["output.bias"]
        total += sum((np.log(np.exp(logits).sum()) - logits) * x)
    assert float(found.detach()) == pytest.approx(total / 2, rel=1e-5)


def test_the_denoising_code_is_not_drawn():
    torch.manual_seed(0)
    net = Network(DenoisingParams(latent=3, dropout=0.0), 4, 1)
    rows = entries([[1, 0, 1, 0]])

    assert len({float(net.loss(rows, 0.0).detach()) for _ in range(5)}) == 1


def test_the_code_is_drawn_around_its_mean_while_training():
    torch.manual_seed(0)
    net = Network(Params(latent=3, dropout=0.0), 4, 1)
    rows = entries([[1, 0, 1, 0]])

    draws = {float(net.loss(rows, 0.2).detach()) for _ in range(5)}
    settled = {float(net.eval().loss(rows, 0.2).detach()) for _ in range(5)}

    assert len(draws) == 5
    assert len(settled) == 1


def test_the_kl_weight_grows_linearly_to_its_cap(monkeypatch):
    betas = []
    loss = Network.loss

    def spy(self, rows, beta):
        betas.append(beta)
        return loss(self, rows, beta)

    monkeypatch.setattr(Network, "loss", spy)

    fitted(planted_topn().train, beta=0.4, anneal=0.5, epochs=4, batch_size=50)

    assert len(betas) == 16  # 200 users, 4 steps an epoch
    np.testing.assert_allclose(betas, np.minimum(0.4, 0.4 * np.arange(16) / 8))


@pytest.mark.parametrize("spec", [SPEC, DENOISING], ids=lambda spec: spec.name)
@pytest.mark.parametrize("hidden", [(), (12,), (12, 8)])
def test_known_users_are_served_as_their_history_is(hidden, spec):
    train = planted_topn().train
    model = fitted(train, spec=spec, hidden=hidden)
    users = np.arange(10, dtype=np.int32)
    histories = [train.items[train.users == u] for u in users]

    stored = model.user_vectors(users) @ model.item_vectors().T

    np.testing.assert_allclose(
        model.score_queries(queries(histories)), stored, atol=1e-5
    )


def test_an_item_counts_once_and_low_ratings_do_not():
    model = fitted(planted_topn(rated=True).train)

    plain = model.score_queries(queries([[3, 5]]))
    rated = model.score_queries(
        queries([[3, 5, 8, 3]], ratings=[np.array([5, 4, 2, 4])])
    )

    np.testing.assert_allclose(rated, plain, rtol=1e-6)


def test_an_empty_history_is_served():
    model = fitted(planted_topn().train)

    scores = model.score_queries(queries([[], [1]]))

    assert np.isfinite(scores).all()
    assert not np.allclose(scores[0], scores[1])


def test_what_counts_as_positive_survives_saving(tmp_path):
    model = fitted(planted_topn(rated=True).train)
    model.save(tmp_path / "weights")
    other = plugins.make(SPEC, "top-n", SMALL)
    other.load(tmp_path / "weights")

    asked = queries([[3, 5, 8]], ratings=[np.array([5, 4, 2])])

    np.testing.assert_array_equal(
        other.score_queries(asked), model.score_queries(asked)
    )


def some_entries(seed: int = 0) -> tuple[Entries, torch.Tensor]:
    """Return rows, one of them empty, with counts beyond 1; and the same, dense."""
    rng = np.random.default_rng(seed)
    dense = rng.integers(0, 3, (4, 7)) * (rng.random((4, 7)) < 0.5)
    dense[2] = 0
    rows = Rows(csr_array(dense.astype(np.float32)))
    return rows.entries(torch.arange(4)), torch.from_numpy(dense.astype(np.float64))


def test_the_likelihood_is_that_of_the_dense_product():
    entries, dense = some_entries()
    logits = torch.randn(4, 7, dtype=torch.float64)
    entries = entries.with_values(entries.value.double())

    found = log_likelihood(logits, entries)

    expected = (torch.log_softmax(logits, dim=1) * dense).sum(dim=1)
    torch.testing.assert_close(found, expected)


def test_the_gradient_of_the_likelihood_is_its_slope():
    entries, _ = some_entries()
    entries = entries.with_values(entries.value.double())
    logits = torch.randn(4, 7, dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(lambda x: log_likelihood(x, entries), (logits,))


@pytest.mark.parametrize("items", [15, 16, 17])
def test_logits_beyond_the_items_change_neither_likelihood_nor_gradient(items):
    torch.manual_seed(0)
    hidden = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    layer = torch.nn.Linear(4, items, dtype=torch.float64)
    inputs = (hidden, layer.weight, layer.bias)

    wide = aligned_logits(hidden, layer)
    found = wide.log_softmax(dim=1)[:, :items]
    expected = layer(hidden).log_softmax(dim=1)

    assert wide.shape == (3, 32 if items == 17 else 16)
    torch.testing.assert_close(found, expected)
    weight = torch.randn_like(expected)
    torch.testing.assert_close(
        torch.autograd.grad((found * weight).sum(), inputs),
        torch.autograd.grad((expected * weight).sum(), inputs),
    )
