"""The nets of the hybrid models against loops, and their losses by hand."""

import math

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from recbench.neural import Rows
from recbench_hybrid import losses
from recbench_hybrid.bags import Matrix, of_entries
from recbench_hybrid.net import Batch, Net, paired, products


def net_and_data(*, pairs, history):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    users = csr_array(rng.random((5, 3)) * (rng.random((5, 3)) < 0.6))
    items = csr_array(rng.random((4, 6)) * (rng.random((4, 6)) < 0.6))
    net = Net((5, 4), (3, 6), 2, pairs=pairs, history=history)
    with torch.no_grad():
        for weight in net.parameters():
            weight.normal_()
    return net, users, items


def batch(rows, keep):
    codes = torch.arange(rows.shape[0])
    return Batch(
        codes=codes,
        keep=torch.tensor(keep)[:, None],
        features=Matrix(rows, torch.device("cpu")).of(codes),
    )


def test_a_factorization_machine_sums_all_pairs():
    """Rendle's equation 1 over the code and the features of user and item."""
    net, users, items = net_and_data(pairs=True, history=False)
    keep_u, keep_i = [1.0, 0.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 1.0]
    with torch.no_grad():
        found = products(
            net.users(batch(users, keep_u)), net.items(batch(items, keep_i))
        )

    def parts(side, code, row, keep):
        active = [(keep[code], side.codes[code].detach().numpy())]
        return active + [
            (x, side.features[f].detach().numpy()) for f, x in enumerate(row)
        ]

    for u in range(5):
        for i in range(4):
            all_parts = parts(net.users, u, users.toarray()[u], keep_u)
            all_parts += parts(net.items, i, items.toarray()[i], keep_i)
            total = sum(x * w[-1] for x, w in all_parts)
            for a in range(len(all_parts)):
                for b in range(a):
                    (x, v), (y, w) = all_parts[a], all_parts[b]
                    total += x * y * (v[:-1] @ w[:-1])
            assert float(found[u, i]) == pytest.approx(total, rel=1e-4, abs=1e-4)


def test_lightfm_is_a_product_of_sums():
    net, users, items = net_and_data(pairs=False, history=False)
    with torch.no_grad():
        u = net.users(batch(users, [1.0] * 5))
        i = net.items(batch(items, [1.0] * 4))
    sides = []
    for side, rows in ((net.users, users), (net.items, items)):
        codes, weights = side.codes.detach().numpy(), side.features.detach().numpy()
        sides.append(codes + rows.toarray() @ weights)

    wanted = sides[0][:, :-1] @ sides[1][:, :-1].T
    wanted = wanted + sides[0][:, -1:] + sides[1][:, -1]

    np.testing.assert_allclose(products(u, i), wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        paired(u[[4, 1]], i[[0, 3]]), wanted[[4, 1], [0, 3]], rtol=1e-4, atol=1e-5
    )


def test_the_past_counts_without_the_item_to_be_found():
    net, users, _ = net_and_data(pairs=False, history=True)
    past = csr_array(
        np.array([[1, 1, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]])
    ).astype(np.float32)
    entries = of_entries(Rows(past, "cpu").entries(torch.arange(5)))
    table = net.past.detach().numpy()
    alone = net.user_rows(batch(users, [1.0] * 5)).detach().numpy()
    target = torch.tensor([3, 1, 0, 0, 2])

    with torch.no_grad():
        whole = net.user_rows(batch(users, [1.0] * 5), entries).numpy()
        without = net.user_rows(batch(users, [1.0] * 5), entries, target).numpy()

    for row in (0, 1, 3, 4):
        had = np.flatnonzero(past.toarray()[row])
        added = table[had].sum(axis=0) / np.sqrt(len(had))
        np.testing.assert_allclose(whole[row], alone[row] + added, rtol=1e-4, atol=1e-5)
        rest = had[had != int(target[row])]
        added = table[rest].sum(axis=0) / np.sqrt(max(len(rest), 1))
        np.testing.assert_allclose(
            without[row], alone[row] + added, rtol=1e-4, atol=1e-5
        )
    np.testing.assert_allclose(whole[2], alone[2])


def test_warp_by_loops():
    torch.manual_seed(1)
    positive, negative = torch.randn(50), torch.randn(50, 4) - 1.5
    n_items, total, skipped = 30, 0.0, 0
    for row in range(50):
        for draw in range(4):
            if negative[row, draw] > positive[row] - 1:
                weight = math.log(max(1, (n_items - 1) // (draw + 1)))
                hinge = 1 - float(positive[row]) + float(negative[row, draw])
                total += weight * hinge
                break
        else:
            skipped += 1

    first, weight = losses.violators(positive, negative, n_items)
    hardest = negative.gather(1, first[:, None]).squeeze(1)
    found = losses.warp(positive, hardest, weight)

    assert 0 < skipped < 50
    assert int((weight == 0).sum()) == skipped
    assert float(found) == pytest.approx(total / 50, rel=1e-5)


def test_bpr_and_logistic_by_hand():
    positive, negative = torch.tensor([0.5]), torch.tensor([[1.5, -0.5]])

    def log_loss(x):
        return math.log(1 + math.exp(-x))

    pairs = (log_loss(-1.0) + log_loss(1.0)) / 2
    assert float(losses.bpr(positive, negative)) == pytest.approx(pairs, rel=1e-5)
    alone = log_loss(0.5) + (log_loss(-1.5) + log_loss(0.5)) / 2
    assert float(losses.logistic(positive, negative)) == pytest.approx(alone, rel=1e-5)


def test_the_softmax_over_all_items_is_exact():
    torch.manual_seed(2)
    scores, items = torch.randn(6, 9), torch.tensor([0, 8, 3, 3, 1, 5])
    positive = scores.gather(1, items[:, None]).squeeze(1)
    same = items[:, None] == torch.arange(9)

    found = losses.softmax(positive, scores, same, 9)

    wanted = -torch.log_softmax(scores, dim=1).gather(1, items[:, None]).mean()
    assert float(found) == pytest.approx(float(wanted), rel=1e-6)


def test_drawn_items_stand_for_all_of_them():
    """With equal scores everywhere the loss is the logarithm of the catalogue."""
    same = torch.zeros(4, 10, dtype=torch.bool)

    found = losses.softmax(torch.zeros(4), torch.zeros(4, 10), same, 1000)

    assert float(found) == pytest.approx(math.log(1000), rel=1e-6)


@pytest.mark.parametrize("squared", [False, True])
def test_the_sums_of_all_rows_have_the_gradient_of_a_dense_product(squared):
    torch.manual_seed(0)
    dense = torch.rand(7, 9) * (torch.rand(7, 9) < 0.4)
    dense[2] = 0
    codes = torch.tensor([0, 3, 3, 6, 2, 5, 3])
    matrix = Matrix(csr_array(dense.numpy()), torch.device("cpu"))
    weights = torch.randn(len(codes), 4)
    counted = dense.square()[codes] if squared else dense[codes]

    for bags in (matrix.of(codes), of_entries(matrix.rows.entries(codes))):
        table = torch.randn(9, 4, requires_grad=True)
        found = bags.squares(table) if squared else bags.sums(table)
        (found * weights).sum().backward()

        torch.testing.assert_close(found, counted @ table)
        torch.testing.assert_close(table.grad, counted.T @ weights)
        torch.testing.assert_close(bags.counts, (dense[codes] > 0).sum(dim=1).float())


def test_a_small_batch_is_summed_by_its_rows():
    matrix = Matrix(csr_array(np.eye(8, dtype=np.float32)), torch.device("cpu"))

    few = matrix.of(torch.tensor([1])).sums(torch.eye(8, requires_grad=True))
    many = matrix.of(torch.arange(8)).sums(torch.eye(8, requires_grad=True))

    assert "Bag" in few.grad_fn.name()
    assert "Bag" not in many.grad_fn.name()
