import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from recbench import hardware
from recbench.neural import Linear, linear, products

SHAPES = [
    pytest.param((7, 5), 3, id="a batch"),
    pytest.param((2, 4, 5), 3, id="rows of positions"),
    pytest.param((1, 1), 1, id="a number"),
    pytest.param((0, 5), 3, id="no row"),
]


@pytest.fixture
def by_numpy(monkeypatch):
    """Let NumPy take every product, and count those it took."""
    taken = []

    def counted(left, right):
        taken.append((left.shape, right.shape))
        return product(left, right)

    product = products._product
    monkeypatch.setattr(products, "LARGE", 0)
    monkeypatch.setattr(products, "_numpy_is_faster", lambda: True)
    monkeypatch.setattr(products, "_product", counted)
    return taken


def numbers(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape)).float()


def with_gradients(function, *tensors):
    """Return the output and what reaches each argument from a weighted sum of it."""
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    found = function(*leaves)
    (found * numbers(*found.shape, seed=9).to(found)).sum().backward()
    return [found.detach(), *(leaf.grad for leaf in leaves)]


@pytest.mark.parametrize(("shape", "out"), SHAPES)
@pytest.mark.parametrize("biased", [True, False], ids=["bias", "no bias"])
def test_outputs_and_gradients_are_torchs_in_double_precision(
    shape, out, biased, by_numpy
):
    arguments = [numbers(*shape), numbers(out, shape[-1]), numbers(out)]
    arguments = arguments[: 2 + biased]

    found = with_gradients(linear, *arguments)

    assert len(by_numpy) == 3  # forward, and two gradients
    expected = with_gradients(functional.linear, *(a.double() for a in arguments))
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-5, atol=1e-5)


def test_rows_with_gaps_and_turned_tables_are_read_as_they_are(by_numpy):
    wide, turned = numbers(6, 5), numbers(4, 3)

    found = linear(wide[::2, :-1], turned.T)

    torch.testing.assert_close(found, wide[::2, :-1] @ turned)


def test_what_is_frozen_costs_no_product(by_numpy):
    x, weight = numbers(4, 3), numbers(2, 3).requires_grad_()

    linear(x, weight).sum().backward()

    assert len(by_numpy) == 2
    assert x.grad is None


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_without_gradients_it_is_one_product(mode, by_numpy):
    layer, x = Linear(3, 2), numbers(4, 3)

    with mode():
        found = layer(x)

    assert len(by_numpy) == 1
    expected = x @ layer.weight.T + layer.bias
    torch.testing.assert_close(found, expected, check_stride=False)


@pytest.mark.parametrize(
    ("x", "context"),
    [
        pytest.param(numbers(4, 3).double(), torch.no_grad, id="double precision"),
        pytest.param(numbers(3), torch.no_grad, id="a single row"),
        pytest.param(
            numbers(4, 3),
            lambda: torch.autocast("cpu", dtype=torch.bfloat16),
            id="mixed precision",
        ),
        pytest.param(torch.empty(4, 3, device="meta"), torch.no_grad, id="elsewhere"),
    ],
)
def test_the_rest_is_torchs(x, context, by_numpy):
    weight = numbers(2, 3).to(x)

    with context():
        found, expected = linear(x, weight), functional.linear(x, weight)

    assert not by_numpy
    assert found.dtype == expected.dtype
    if x.device.type == "cpu":
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_small_products_are_torchs(monkeypatch):
    monkeypatch.setattr(products, "_numpy_is_faster", lambda: True)
    monkeypatch.setattr(products, "_product", None)

    found = linear(numbers(8, 4), numbers(2, 4))

    torch.testing.assert_close(found, numbers(8, 4) @ numbers(2, 4).T)


@pytest.mark.parametrize(
    ("cpu", "mkl", "faster"),
    [
        ("AMD EPYC 9354", True, True),
        ("AMD64 Family 25 Model 80 Stepping 0, AuthenticAMD", True, True),
        ("Intel(R) Xeon(R) Gold 6338", True, False),
        ("Intel64 Family 6 Model 151 Stepping 2, GenuineIntel", True, False),
        ("Apple M3", False, False),
    ],
)
def test_numpy_serves_where_mkl_meets_a_foreign_processor(
    cpu, mkl, faster, monkeypatch
):
    monkeypatch.setattr(hardware, "cpu_name", lambda: cpu)
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: mkl)

    assert products._numpy_is_faster.__wrapped__() is faster


def test_parameters_start_and_are_named_as_in_torch():
    torch.manual_seed(3)
    ours = Linear(4, 2)
    torch.manual_seed(3)
    theirs = nn.Linear(4, 2)

    assert ours.state_dict().keys() == theirs.state_dict().keys()
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, rtol=0, atol=0)
