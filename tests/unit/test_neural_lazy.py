"""Lazy updates of large tables, and the mean of an epoch's losses."""

import numpy as np
import pytest
import torch
from torch import nn

from recbench.neural import adam, descend, lazy_tables, mean


def table(n: int = 40, *, sparse: bool) -> nn.Embedding:
    torch.manual_seed(3)
    return nn.Embedding(n, 4, sparse=sparse)


def train(net: nn.Embedding, optimizer, steps: list[list[int]]) -> None:
    for codes in steps:
        rows = net(torch.tensor(codes))
        descend((rows - torch.arange(4.0)).square().mean(), optimizer)


def random_steps(n: int, *, rows: int, steps: int) -> list[list[int]]:
    rng = np.random.default_rng(0)
    return rng.integers(0, n, (steps, rows)).tolist()


def test_a_table_that_is_read_whole_moves_as_under_torchs_adam():
    steps = [[*range(40), 3, 3] for _ in range(20)]
    ours, theirs = table(sparse=True), table(sparse=False)

    train(ours, adam((ours.parameters(), 1e-2), learning_rate=0.05), steps)
    plain = torch.optim.Adam(theirs.parameters(), lr=0.05, weight_decay=1e-2)
    train(theirs, plain, steps)

    torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-5, atol=1e-6)


def test_without_a_penalty_rows_move_as_under_torchs_sparse_adam():
    steps = random_steps(40, rows=6, steps=50)
    ours, theirs = table(sparse=True), table(sparse=True)

    train(ours, adam((ours.parameters(), 0.0), learning_rate=0.05), steps)
    train(theirs, torch.optim.SparseAdam(theirs.parameters(), lr=0.05), steps)

    torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-4, atol=1e-5)


def test_rows_that_are_not_looked_up_stay_as_they_are():
    net = table(sparse=True)
    before = net.weight.detach().clone()

    train(net, adam((net.parameters(), 0.1), learning_rate=0.05), [[1, 2], [2, 5]])

    moved = (net.weight != before).any(dim=1).nonzero().squeeze(1)
    assert moved.tolist() == [1, 2, 5]


def test_dense_parameters_beside_a_lazy_table_move_as_ever():
    torch.manual_seed(0)
    both = nn.ModuleList([table(sparse=True), nn.Linear(4, 1)])
    alone = nn.Linear(4, 1)
    alone.load_state_dict(both[1].state_dict())
    x = torch.randn(8, 4)

    mixed = adam((both.parameters(), 1e-3), learning_rate=0.01)
    plain = torch.optim.Adam(alone.parameters(), lr=0.01, weight_decay=1e-3)
    for _ in range(5):
        loss = both[1](x).square().mean() + both[0](torch.tensor([1])).sum()
        descend(loss, mixed)
        descend(alone(x).square().mean(), plain)

    torch.testing.assert_close(both[1].weight, alone.weight)


@pytest.mark.parametrize("overflow", [False, True])
def test_scaled_gradients_are_unscaled_and_overflows_left_out(overflow):
    scaled, plain = table(sparse=True), table(sparse=True)
    before = scaled.weight.detach().clone()
    optimizer = adam((scaled.parameters(), 0.1), learning_rate=0.05)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    codes = torch.tensor([1, 2])

    loss = scaled(codes).square().sum() * (torch.inf if overflow else 1.0)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()

    other = adam((plain.parameters(), 0.1), learning_rate=0.05)
    descend(plain(codes).square().sum(), other)
    expected = before if overflow else plain.weight
    torch.testing.assert_close(scaled.weight.detach(), expected.detach())
    if not overflow:  # a first step has length 1 whatever the scale, moments have not
        moments = [o.state_dict()["state"][0]["exp_avg"] for o in (optimizer, other)]
        torch.testing.assert_close(*moments)


@pytest.mark.parametrize(("rows", "lazy"), [(160, False), (161, True)])
def test_the_size_of_the_table_and_of_the_batch_decide(rows, lazy):
    net = nn.Sequential(nn.Embedding(rows, 2), nn.Linear(2, 1))

    lazy_tables(net, batch_size=10)

    assert net[0].sparse is lazy


def test_a_lazy_step_costs_the_same_whatever_the_table():
    def touched(n: int) -> int:
        """Count the numbers that the optimiser was handed as gradients."""
        net = table(n, sparse=True)
        net(torch.tensor([1, 2, 2])).sum().backward()
        return net.weight.grad.coalesce().values().numel()

    assert touched(1_000) == touched(100_000) == 2 * 4


@pytest.mark.parametrize("losses", [[], [2.0], [1.0, 2.0, 6.0]])
def test_the_mean_of_losses_leaves_them_alone(losses):
    given = [torch.tensor(loss) for loss in losses]

    assert mean(iter(given)) == pytest.approx(np.mean(losses) if losses else 0.0)
    assert [float(loss) for loss in given] == losses
