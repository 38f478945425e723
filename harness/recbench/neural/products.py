"""Dense products by the faster of the two BLAS at hand, torch's or NumPy's.

torch brings Intel's MKL, which on processors of other makers leaves half of their
vector units idle; NumPy brings OpenBLAS, which does not. There NumPy takes what is
large enough to repay the way through Python: float32 on the CPU, outside autocast.
Everything else is torch's own, to the bit.
"""

import functools
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from recbench import hardware

LARGE = 2**21  # multiplications that repay some twenty microseconds


class Linear(nn.Linear):
    """``nn.Linear``, with the same parameters, by the faster BLAS."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs, shape ``(..., out_features)``."""
        return linear(x, self.weight, self.bias)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``x @ weight.T + bias``.

    Args:
        x: Shape ``(..., d)``.
        weight: Shape ``(m, d)``; with no bias this is the table of all dot products.
        bias: Shape ``(m,)``.

    Returns:
        Shape ``(..., m)``.
    """
    if not (_numpy_is_faster() and x.numel() * len(weight) >= LARGE and _plain(x)):
        return functional.linear(x, weight, bias)
    rows: Tensor = _Linear.apply(x.flatten(0, -2), weight, bias)  # type: ignore[no-untyped-call]  # torch's
    return rows.view(*x.shape[:-1], len(weight))


@functools.cache
def _numpy_is_faster() -> bool:
    by_mkl: bool = torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]  # torch's
    return by_mkl and "Intel" not in hardware.cpu_name()


def _plain(x: Tensor) -> bool:
    """Return whether NumPy can read it, and nobody asked for less precision."""
    known = x.device.type == "cpu" and x.dtype == torch.float32 and x.ndim > 1
    return known and not torch.is_autocast_enabled("cpu")


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch gives the context no public type
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None,
    ) -> Tensor:
        """Return the outputs, shape ``(b, m)``."""
        ctx.save_for_backward(x, weight)
        found = _product(x, weight.T)
        return found if bias is None else found.add_(bias)

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any,  # noqa: ANN401 - torch gives the context no public type
        slope: Tensor,
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """Return the gradients of the three arguments."""
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad
        return (
            _product(slope, weight) if of_x else None,
            _product(slope.T, x) if of_weight else None,
            slope.sum(dim=0) if of_bias else None,
        )


def _product(left: Tensor, right: Tensor) -> Tensor:
    out = torch.empty(len(left), right.shape[1])
    np.matmul(left.detach().numpy(), right.detach().numpy(), out=out.numpy())
    return out
