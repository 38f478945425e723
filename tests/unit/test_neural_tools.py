import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.stats import binomtest
from torch import nn

from recbench import DataError, FitContext, Interactions
from recbench.neural import (
    Dropout,
    Offsets,
    adam,
    descend,
    load_module,
    read_arrays,
    save_arrays,
    save_module,
    seed_everything,
)


@pytest.fixture
def torch_as_it_was():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(mode=False)


def test_seeding_repeats_draws_and_turns_determinism_on(torch_as_it_was):
    draws = []
    for seed in (1, 1, 2):
        device = seed_everything(FitContext(seed=seed, threads=1))
        draws.append(torch.rand(5))

    assert device == torch.device("cpu")
    assert draws[0].equal(draws[1])
    assert not draws[0].equal(draws[2])
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_dropout_drops_the_stated_share_and_keeps_the_expectation(p):
    torch.manual_seed(0)
    x = torch.ones(200, 501)

    y = Dropout(p)(x)

    dropped = int((y == 0).sum())
    rounded = round(p * 256) / 256
    assert binomtest(dropped, x.numel(), rounded).pvalue > 0.01
    kept = y[y != 0]
    assert torch.allclose(kept, torch.full_like(kept, 1 / (1 - rounded)))


def test_dropped_units_are_independent_of_their_neighbours():
    torch.manual_seed(3)
    dropped = (Dropout(0.5)(torch.ones(400, 256)) == 0).float()

    for shift in (1, 2, 4, 8):
        both = dropped[:, shift:] * dropped[:, :-shift]
        hits, n = int(both.sum()), both.numel()
        assert binomtest(hits, n, 0.25).pvalue > 0.001


def test_the_gradient_passes_where_the_value_does():
    torch.manual_seed(0)
    x = torch.ones(40, 7, requires_grad=True)

    y = Dropout(0.25)(x)
    y.sum().backward()

    assert x.grad.equal(y.detach())


@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(Dropout(0.5).eval(), id="not training"),
        pytest.param(Dropout(0.0), id="nothing to drop"),
    ],
)
def test_dropout_leaves_the_input_alone(layer):
    x = torch.rand(3, 4)

    assert layer(x) is x


def test_dropout_with_relu_is_relu_then_dropout_and_so_is_its_gradient():
    x = torch.randn(50, 40, dtype=torch.float32, requires_grad=True)
    apart = x.detach().clone().requires_grad_()
    results = []
    for given, layers in (
        (x, Dropout(0.3, relu=True)),
        (apart, nn.Sequential(nn.ReLU(), Dropout(0.3))),
    ):
        torch.manual_seed(5)
        results.append(layers(given))
        results[-1].square().sum().backward()

    torch.testing.assert_close(results[0], results[1])
    torch.testing.assert_close(x.grad, apart.grad)
    idle = Dropout(0.3, relu=True).eval()
    assert idle(x).equal(x.relu())


def test_masks_of_two_steps_and_of_two_layers_differ_and_a_seed_repeats_them():
    x = torch.ones(30, 30)

    def masks(seed: int) -> list[torch.Tensor]:
        torch.manual_seed(seed)
        first, second = Dropout(0.5), Dropout(0.5)
        return [first(x), first(x), second(x)]

    one, again = masks(1), masks(1)

    assert all(a.equal(b) for a, b in zip(one, again, strict=True))
    assert len({tuple(m.flatten().tolist()) for m in (*one, *masks(2))}) == 6


def test_adam_penalises_each_group_by_its_own_strength():
    free, held = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    optimizer = adam(([free], 0.0), ([held], 1.0), learning_rate=0.1)

    loss = descend((free * 0).sum() + (held * 0).sum(), optimizer)

    assert loss == 0
    assert free.tolist() == [1, 1, 1]
    assert torch.allclose(held, torch.full((3,), 0.9))  # Adam's first step is its rate


@pytest.mark.parametrize(
    ("fused", "decoupled"), [(True, False), (True, True), (False, False)]
)
def test_adam_follows_torchs_to_the_bit_where_both_are_fused(fused, decoupled):
    torch.manual_seed(0)
    start, x = torch.randn(5, 3), torch.randn(20, 5)
    theirs = torch.optim.AdamW if decoupled else torch.optim.Adam
    ways = []
    for make in (
        lambda w: adam(([w], 1e-2), learning_rate=0.05, decoupled=decoupled),
        lambda w: theirs([w], lr=0.05, weight_decay=1e-2, fused=fused),
    ):
        weight = nn.Parameter(start.clone())
        optimizer = make(weight)
        halving = torch.optim.lr_scheduler.StepLR(optimizer, 5, gamma=0.5)
        for _ in range(20):
            descend((x @ weight).square().mean(), optimizer)
            halving.step()
        ways.append(weight.detach())

    assert torch.allclose(*ways, rtol=0, atol=0 if fused else 1e-5)
    assert not torch.allclose(ways[0], start, atol=0.1)


TRAINING = """
import sys
import torch
from torch import nn
from recbench import FitContext
from recbench.neural import adam, descend, seed_everything

seed_everything(FitContext(seed=0, threads=1))
weight = nn.Parameter(torch.ones(3))
optimizer = adam(([weight], 0.1), learning_rate=0.1)
descend(weight.square().sum(), optimizer)
print("torch._dynamo" in sys.modules)
import torch._inductor.config as compiler
print(compiler.deterministic)
"""


def test_training_leaves_torchs_compiler_alone_but_tells_it_of_determinism():
    done = subprocess.run(
        [sys.executable, "-c", TRAINING], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["False", "True"]


def test_weights_return_from_disk_as_they_were(tmp_path):
    torch.manual_seed(0)
    net, other = nn.Linear(3, 2), nn.Linear(3, 2)
    path = tmp_path / "weights"  # no suffix: the file has this very name

    save_module(path, net)
    load_module(path, other)

    assert path.is_file()
    assert all(
        a.equal(b) for a, b in zip(net.parameters(), other.parameters(), strict=True)
    )


def test_weights_of_another_model_are_refused(tmp_path):
    save_module(tmp_path / "w", nn.Linear(3, 2))

    with pytest.raises(DataError, match="not hold the weights of this model"):
        load_module(tmp_path / "w", nn.Linear(4, 2))
    with pytest.raises(DataError, match="not hold the weights of this model"):
        read_arrays(tmp_path / "w", "bias", "users")


def pickled(path):
    with path.open("wb") as file:
        np.savez(file, trap=np.array([{"a": 1}], dtype=object))


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda path: None, id="no file"),
        pytest.param(lambda path: path.write_bytes(b""), id="an empty file"),
        pytest.param(lambda path: path.write_bytes(b"PK\x03\x04x"), id="half a zip"),
        pytest.param(lambda path: path.write_text("hello"), id="text"),
        pytest.param(lambda path: np.save(path.open("wb"), np.ones(3)), id="an array"),
        pytest.param(pickled, id="pickled objects"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_holds_no_plain_arrays_is_refused(tmp_path, write):
    write(tmp_path / "w")

    with pytest.raises(DataError, match="not hold the weights"):
        read_arrays(tmp_path / "w")


def test_arrays_keep_type_and_shape(tmp_path):
    save_arrays(tmp_path / "a", one=np.arange(6, dtype=np.int32).reshape(2, 3))

    (one,) = read_arrays(tmp_path / "a", "one").values()

    assert (one.dtype, one.shape) == (np.int32, (2, 3))


def test_offsets_solve_their_ridge_regression():
    rng = np.random.default_rng(0)
    users, items = np.argwhere(rng.random((15, 12)) < 0.6).T.astype(np.int32)
    ratings = rng.integers(1, 6, len(users)).astype(np.float32)
    train = Interactions(
        users=users, items=items, ratings=ratings, n_users=16, n_items=13
    )

    offsets = Offsets.fit(train, user_shrink=5, item_shrink=2)

    # the same problem in one dense system, with an unpenalised user 15 and item 12
    design = np.zeros((len(users), 29))
    rows = np.arange(len(users))
    design[rows, users] = design[rows, 16 + items] = 1
    penalty = np.diag([5.0] * 16 + [2.0] * 13)
    rest = ratings - ratings.mean(dtype=np.float64)
    exact = np.linalg.solve(design.T @ design + penalty, design.T @ rest)
    np.testing.assert_allclose(offsets.user, exact[:16], atol=2e-3)
    np.testing.assert_allclose(offsets.item, exact[16:], atol=2e-3)
    assert offsets.user[15] == offsets.item[12] == 0
    np.testing.assert_allclose(
        offsets.at(users[:4], items[:4]),
        offsets.mean + offsets.user[users[:4]] + offsets.item[items[:4]],
        rtol=1e-6,
    )


def test_offsets_without_ratings_are_refused():
    nothing = Interactions(
        users=np.zeros(1, np.int32), items=np.zeros(1, np.int32), n_users=1, n_items=1
    )

    with pytest.raises(DataError, match="ratings"):
        Offsets.fit(nothing)
