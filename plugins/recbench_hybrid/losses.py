"""What ranking models minimise, from the scores of a positive and of drawn items."""

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from recbench.neural import softmax_loss


def bpr(positive: Tensor, negative: Tensor) -> Tensor:
    """Return ``-ln sigmoid(s_ui - s_uj)`` (Rendle et al., 2009), the mean over draws.

    Args:
        positive: Scores of the positives, shape ``(b,)``.
        negative: Scores of the items drawn for them, shape ``(b, s)``.
    """
    return softplus(negative - positive[:, None]).mean()


def logistic(positive: Tensor, negative: Tensor) -> Tensor:
    """Return the log loss of positives against drawn items, equally weighed."""
    return softplus(-positive).mean() + softplus(negative).mean()


@torch.no_grad()
def violators(
    positive: Tensor, negative: Tensor, n_items: int
) -> tuple[Tensor, Tensor]:
    """Return which drawn item counts in WARP (Weston et al., 2011), and how much.

    It is the first that comes within 1 of the positive. From how many draws it took
    follows about where the positive ranks, ``(n - 1) / draws``; the hinge is weighed
    by the logarithm of that, as LightFM does.

    Args:
        positive: Shape ``(b,)``.
        negative: In the order drawn, shape ``(b, s)``.
        n_items: Number of items to draw from.

    Returns:
        Its place, int64, and its weight, 0 where no item comes within 1; ``(b,)``.
    """
    within = negative > positive[:, None] - 1
    first = within.to(torch.uint8).argmax(dim=1)
    rank = torch.div(n_items - 1, first + 1, rounding_mode="floor").clamp(min=1)
    return first, rank.log() * within.any(dim=1)


def warp(positive: Tensor, negative: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted approximate-rank pairwise loss, the mean over rows.

    Args:
        positive: Shape ``(b,)``.
        negative: Scores of the violators, shape ``(b,)``.
        weight: Their weights, shape ``(b,)``.
    """
    return ((1 - positive + negative) * weight).mean()


def softmax(positive: Tensor, negative: Tensor, same: Tensor, n_items: int) -> Tensor:
    """Return the softmax loss over items drawn at random, the same for all rows.

    Drawn items stand for all: their odds are raised by ``(n - 1) / c``.

    Args:
        positive: Shape ``(b,)``.
        negative: Scores of the ``c`` drawn items, shape ``(b, c)``.
        same: bool, whether the drawn item is the positive, shape ``(b, c)``.
        n_items: Number of items to draw from.
    """
    c = negative.shape[1]
    others = c - 1 if c == n_items else c  # all items: the positive is among them
    raised = math.log(max(n_items - 1, 1) / max(others, 1))
    return softmax_loss(positive, negative, excluded=same, shift=raised)
