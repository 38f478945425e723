"""The loss with a closed gradient, against torch's own."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from recbench.neural import softmax_loss


def parts(dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, ...]:
    """Return positives, scores of others, and which of these do not compete."""
    torch.manual_seed(4)
    positive = torch.randn(7, dtype=dtype) * 3
    others = torch.randn(7, 12, dtype=dtype) * 3
    excluded = torch.rand(7, 12) < 0.3
    excluded[2] = True  # nothing competes there
    return positive, others, excluded


@pytest.mark.parametrize("shift", [0.0, 1.5, "columns"])
@pytest.mark.parametrize("scale", [1.0, 0.2])
def test_value_and_gradients_are_those_of_cross_entropy(scale, shift):
    positive, others, excluded = parts()
    added = torch.linspace(-2, 2, 12) if shift == "columns" else shift

    def by_torch(positive: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        rest = (others * scale + added).masked_fill(excluded, -torch.inf)
        logits = torch.cat((positive[:, None], rest), dim=1)
        return cross_entropy(logits, torch.zeros(len(logits), dtype=torch.int64))

    def by_ours(positive: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        return softmax_loss(
            positive, others, excluded=excluded, scale=scale, shift=added
        )

    values, gradients = [], []
    for loss_of in (by_torch, by_ours):
        inputs = [each.clone().requires_grad_() for each in (positive, others)]
        loss = loss_of(*inputs)
        (3 * loss).backward()
        values.append(loss.detach())
        gradients.append([each.grad for each in inputs])

    assert torch.allclose(*values, rtol=1e-6)
    for theirs, ours in zip(*gradients, strict=True):
        assert torch.allclose(theirs, ours, rtol=1e-5, atol=1e-8)
    assert torch.equal(others, parts()[1])  # the scores are left as they were


def test_scores_too_large_for_an_exponential_are_no_trouble():
    positive = torch.tensor([500.0, -500.0], requires_grad=True)
    others = torch.tensor([[-500.0], [500.0]], requires_grad=True)

    loss = softmax_loss(positive, others, excluded=torch.zeros(2, 1, dtype=torch.bool))
    loss.backward()

    assert loss.item() == pytest.approx(500.0)
    assert positive.grad is not None
    assert others.grad is not None
    assert positive.grad.tolist() == [0.0, -0.5]
    assert others.grad.tolist() == [[0.0], [0.5]]


def test_gradients_of_half_precision_scores_are_of_their_type():
    positive, others, excluded = parts(torch.bfloat16)
    others.requires_grad_()

    loss = softmax_loss(positive, others, excluded=excluded)
    loss.backward()

    assert loss.dtype == torch.float32
    assert others.grad is not None
    assert others.grad.dtype == torch.bfloat16
