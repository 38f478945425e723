import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from recbench import UsageError
from recbench.neural import Rows, SparseLinear, batches, tensors


def test_an_epoch_holds_every_row_once_and_keeps_columns_aligned():
    torch.manual_seed(0)
    a = torch.arange(103)

    seen = list(batches(a, 2 * a, size=10))

    assert [len(x) for x, _ in seen] == [10] * 10 + [3]
    assert torch.cat([x for x, _ in seen]).sort().values.equal(a)
    assert all(y.equal(2 * x) for x, y in seen)


def test_two_epochs_have_two_orders_and_one_seed_has_one():
    orders = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        orders.append([torch.cat([x for (x,) in batches(torch.arange(50), size=7)])])
        orders[-1].append(torch.cat([x for (x,) in batches(torch.arange(50), size=7)]))

    assert not orders[0][0].equal(orders[0][1])
    assert orders[0][0].equal(orders[1][0])
    assert not orders[0][0].equal(orders[2][0])


def test_without_shuffling_the_rows_stay_in_order_and_draw_nothing():
    state = torch.get_rng_state()

    parts = list(batches(torch.arange(5), size=2, shuffle=False))

    assert torch.cat([x for (x,) in parts]).tolist() == [0, 1, 2, 3, 4]
    assert torch.get_rng_state().equal(state)


@pytest.mark.parametrize(
    ("n", "sizes"),
    [
        pytest.param(7, [3, 3], id="the rest is left out"),
        pytest.param(6, [3, 3], id="nothing is left over"),
        pytest.param(2, [2], id="the only batch stays"),
    ],
)
def test_the_last_batch_can_be_dropped(n, sizes):
    parts = batches(torch.arange(n), size=3, drop_last=True)

    assert [len(x) for (x,) in parts] == sizes


@pytest.mark.parametrize(
    ("columns", "size"),
    [
        pytest.param((torch.arange(3), torch.arange(4)), 2, id="lengths differ"),
        pytest.param((torch.arange(3),), 0, id="no rows in a batch"),
    ],
)
def test_batches_that_cannot_be_made_are_refused(columns, size):
    with pytest.raises(UsageError, match="one length and size >= 1"):
        next(batches(*columns, size=size))


def test_columns_become_int64_or_float32():
    columns = tensors(
        np.array([1, 2], dtype=np.int32),
        np.array([True, False]),
        np.array([0.5, 1.5], dtype=np.float64),
    )

    assert [c.dtype for c in columns] == [torch.int64, torch.int64, torch.float32]
    assert columns[2].tolist() == [0.5, 1.5]


def some_matrix():
    """A 6 x 5 matrix with an empty row and a stored zero."""
    dense = np.array(
        [
            [1, 0, 2, 0, 0],
            [0, 0, 0, 0, 0],
            [0, 3, 0, 0, 4],
            [5, 0, 0, 0, 0],
            [0, 0, 0, 6, 0],
            [7, 8, 9, 1, 2],
        ],
        dtype=np.float32,
    )
    matrix = csr_array(dense)
    matrix.data[matrix.data == 6] = 0  # a rating of 0 is observed all the same
    return matrix


def test_dense_rows_are_those_of_the_matrix_in_any_order():
    matrix = some_matrix()
    rows = Rows(matrix)
    wanted = [5, 1, 0, 4, 4]

    values, mask = rows.dense(torch.tensor(wanted))

    np.testing.assert_array_equal(values, matrix.toarray()[wanted])
    stored = csr_array((np.ones(11), matrix.indices, matrix.indptr), shape=(6, 5))
    np.testing.assert_array_equal(mask, stored.toarray()[wanted])
    assert rows.counts.tolist() == [2, 0, 2, 1, 1, 5]


def test_entries_name_their_place_in_the_batch():
    entries = Rows(some_matrix()).entries(torch.tensor([2, 1, 0]))

    assert entries.owner.tolist() == [0, 0, 2, 2]
    assert entries.column.tolist() == [1, 4, 0, 2]
    assert entries.value.tolist() == [3, 4, 1, 2]
    assert entries.starts.tolist() == [0, 2, 2]


def test_a_batch_of_empty_rows_is_all_zeros():
    values, mask = Rows(some_matrix()).dense(torch.tensor([1, 1]))

    assert values.abs().sum() == 0
    assert mask.sum() == 0


def test_normalised_rows_have_length_one():
    entries = Rows(some_matrix()).entries(torch.tensor([5, 1, 2])).normalized()

    lengths = entries.dense()[0].norm(dim=1)

    torch.testing.assert_close(lengths, torch.tensor([1.0, 0.0, 1.0]))


def test_entries_without_zeros_are_the_same_matrix():
    entries = Rows(some_matrix()).entries(torch.tensor([5, 1, 0, 0]))
    thinned = entries.with_values(entries.value * (entries.column != 0))

    left = thinned.without_zeros()

    assert 0 < len(left.value) < len(entries.value)
    assert (left.value != 0).all()
    torch.testing.assert_close(left.dense()[0], thinned.dense()[0])
    ends = torch.cat((left.starts[1:], torch.tensor([len(left.value)])))
    torch.testing.assert_close(ends - left.starts, left.dense()[1].sum(dim=1).long())


@pytest.mark.parametrize("train", [True, False])
def test_a_sparse_layer_and_its_gradient_are_those_of_a_dense_one(train):
    torch.manual_seed(0)
    layer = SparseLinear(5, 3).train(train)
    dense = torch.nn.Linear(5, 3)
    with torch.no_grad():
        dense.weight.copy_(layer.weight.T)
        dense.bias.copy_(layer.bias)
    entries = Rows(some_matrix()).entries(torch.tensor([5, 1, 0, 0]))
    weight = torch.randn(4, 3)

    found, expected = layer(entries), dense(entries.dense()[0])
    (found * weight).sum().backward()
    (expected * weight).sum().backward()

    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(layer.weight.grad, dense.weight.grad.T)
    torch.testing.assert_close(layer.bias.grad, dense.bias.grad)
