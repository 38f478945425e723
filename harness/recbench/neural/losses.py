"""The softmax of one positive against many others, without a copy for each step."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def softmax_loss(
    positive: Tensor,
    others: Tensor,
    *,
    excluded: Tensor,
    scale: float = 1.0,
    shift: Tensor | float = 0.0,
) -> Tensor:
    """Return the mean negative log-probability of the positives.

    ``mean_r log(exp p_r + sum_c exp(scale * o_rc + shift_c)) - p_r``, by one matrix
    that holds the exponentials and becomes the gradient; ``cross_entropy`` of the
    same makes six.

    Args:
        positive: Logits of the positives, shape ``(b,)``.
        others: Scores of what they compete with, shape ``(b, c)``.
        excluded: bool, what does not compete after all, shape ``(b, c)``.
        scale: Factor of the scores; the inverse of a temperature.
        shift: What is added to the scores of each column, shape ``(c,)``, or of all;
            it has no gradient.

    Returns:
        A number, float32.
    """
    loss: Tensor = _SoftmaxLoss.apply(  # type: ignore[no-untyped-call]  # torch's
        positive.float(), others, excluded, scale, shift
    )
    return loss


class _SoftmaxLoss(torch.autograd.Function):
    @staticmethod
    def forward(  # noqa: PLR0917 - torch passes no keywords
        ctx: Any,  # noqa: ANN401 - torch gives the context no public type
        positive: Tensor,
        others: Tensor,
        excluded: Tensor,
        scale: float,
        shift: Tensor | float,
    ) -> Tensor:
        """Return the loss."""
        x = others.float().mul(scale).add_(shift).masked_fill_(excluded, -torch.inf)
        top = torch.maximum(x.amax(dim=1), positive)
        x.sub_(top[:, None]).exp_()
        own = torch.exp(positive - top)
        total = x.sum(dim=1) + own
        ctx.x, ctx.own, ctx.total = x, own, total
        ctx.scale, ctx.type = scale, others.dtype
        return (total.log() + top - positive).mean()

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any,  # noqa: ANN401 - torch gives the context no public type
        gradient: Tensor,
    ) -> tuple[Tensor, Tensor, None, None, None]:
        """Return the gradients of the positives and of the others."""
        each = gradient / len(ctx.own)
        share = each / ctx.total
        others = ctx.x.mul_((share * ctx.scale)[:, None]).to(ctx.type)
        return share * ctx.own - each, others, None, None, None
