"""Encoder, code and decoder of both models as one torch module."""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx
from torch.nn.functional import log_softmax, pad

from recbench.neural import Dropout, Entries, Linear, SparseLinear, linear
from recbench_mult_vae import DenoisingParams, Params

ALIGNED = 16  # float32 numbers in 64 bytes


class Network(nn.Module):
    """An autoencoder of rows of ``m`` items, symmetric around the code.

    Args:
        params: Sizes and dropout; their kind decides whether the code is drawn from a
            distribution (variational) or computed (denoising).
        m: Number of items.
        n_users: Users of the training part.

    Attributes:
        codes: What the last layer reads for each of them.
        threshold: Smallest rating that makes an item one of the user's.
    """

    codes: Tensor
    threshold: Tensor

    def __init__(self, params: Params | DenoisingParams, m: int, n_users: int) -> None:
        """Initialise as the authors do: Xavier, biases near 0."""
        super().__init__()
        self.latent = params.latent
        self.variational = isinstance(params, Params)
        self.corrupt = Dropout(params.dropout)
        down = (*params.hidden, params.latent * (2 if self.variational else 1))
        up = (params.latent, *params.hidden[::-1])
        self.first = SparseLinear(m, down[0])
        self.encoder = nn.Sequential(*_layers(down, tanh_first=True))
        self.decoder = nn.Sequential(*_layers(up))
        self.output = Linear(up[-1], m)
        for name, weight in self.named_parameters():
            if name.endswith("weight"):
                nn.init.xavier_uniform_(weight)
            else:
                nn.init.trunc_normal_(weight, std=0.001)
        self.register_buffer("codes", torch.zeros(n_users, up[-1]))
        self.register_buffer("threshold", torch.tensor(-torch.inf))

    def loss(self, rows: Entries, beta: float) -> Tensor:
        """Return the negative evidence bound of a batch, its KL part times ``beta``.

        Denoising: the negative log-likelihood alone.

        Args:
            rows: The items of ``b`` users, with values of 1.
            beta: Weight of the KL divergence from the standard normal prior.
        """
        encoded = self._encoded(rows)
        if not self.variational:
            return -self._log_likelihood(torch.tanh(encoded), rows).mean()
        mean, log_variance = encoded[:, : self.latent], encoded[:, self.latent :]
        noise = torch.randn_like(mean) if self.training else torch.zeros_like(mean)
        code = mean + noise * torch.exp(0.5 * log_variance)
        fit = self._log_likelihood(code, rows)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
        return torch.mean(beta * kl - fit)

    def encode(self, rows: Entries) -> Tensor:
        """Return what the last layer reads, one row for each of ``b`` users."""
        encoded = self._encoded(rows)
        code = encoded[:, : self.latent] if self.variational else torch.tanh(encoded)
        codes: Tensor = self.decoder(code)
        return codes

    def _encoded(self, rows: Entries) -> Tensor:
        """Return mean and log-variance of the code side by side, or what becomes it."""
        rows = rows.normalized()
        thinned = rows.with_values(self.corrupt(rows.value))
        encoded: Tensor = self.encoder(self.first(thinned))
        return encoded

    def _log_likelihood(self, code: Tensor, rows: Entries) -> Tensor:
        """Return the multinomial log-likelihood of each row, shape ``(b,)``."""
        logits = aligned_logits(self.decoder(code), self.output)
        return log_likelihood(logits.float(), rows)


def aligned_logits(hidden: Tensor, layer: nn.Linear) -> Tensor:
    """Return a layer's logits and some of -inf, so that rows take whole cache lines.

    MKL is half as slow again where they do not: 36 ms against 24 for 943 x 600 by
    600 x 1,682. What is added has probability 0 and no gradient.
    """
    extra = -layer.out_features % ALIGNED
    weight = pad(layer.weight, (0, 0, 0, extra))
    bias = pad(layer.bias, (0, extra), value=-torch.inf)
    return linear(hidden, weight, bias)


class _LogLikelihood(torch.autograd.Function):
    """Its closed gradient: a third of what autograd makes of the dense product."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, logits: Tensor, owner: Tensor, column: Tensor, value: Tensor
    ) -> Tensor:
        """Return the sum over the stored entries, shape ``(b,)``."""
        log_p = log_softmax(logits, dim=1)
        at = owner * logits.shape[1] + column
        ctx.save_for_backward(log_p, owner, at, value)
        found = log_p.new_zeros(len(log_p))
        return found.index_add_(0, owner, log_p.view(-1)[at] * value)

    @staticmethod
    def backward(
        ctx: Any,  # noqa: ANN401 - torch's FunctionCtx lacks saved_tensors
        grad: Tensor,
    ) -> tuple[Tensor, None, None, None]:
        """Return what is stored minus what is expected, times ``grad``."""
        log_p, owner, at, value = ctx.saved_tensors
        counts = value.new_zeros(len(log_p)).index_add_(0, owner, value)
        slope = log_p.exp().mul_((-grad * counts)[:, None])
        slope.view(-1).index_add_(0, at, grad[owner] * value)
        return slope, None, None, None


def log_likelihood(logits: Tensor, rows: Entries) -> Tensor:
    """Return the multinomial log-likelihood of sparse rows.

    Args:
        logits: float, shape ``(b, m)`` or wider, where the rest is -inf.
        rows: How often each item was drawn in each of ``b`` rows.

    Returns:
        Shape ``(b,)``, without the constant of the counts.
    """
    found: Tensor = _LogLikelihood.apply(  # type: ignore[no-untyped-call]  # torch's
        logits, rows.owner, rows.column, rows.value
    )
    return found


def _layers(sizes: tuple[int, ...], *, tanh_first: bool = False) -> list[nn.Module]:
    """Return a linear layer and a tanh for each step from size to size."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        step = [Linear(before, after), nn.Tanh()]
        layers += step[::-1] if tanh_first else step
    return layers
