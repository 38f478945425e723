"""Encoder, latent code and decoder as one torch module."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from recbench.neural import Dropout, Entries, SparseLinear
from recbench_mult_vae import Params


class Network(nn.Module):
    """A variational autoencoder of rows of ``m`` items, symmetric around the code.

    Args:
        params: Sizes and dropout.
        m: Number of items.
        n_users: Users of the training part.

    Attributes:
        codes: What the last layer reads for each of them.
        threshold: Smallest rating that makes an item one of the user's.
    """

    codes: Tensor
    threshold: Tensor

    def __init__(self, params: Params, m: int, n_users: int) -> None:
        """Initialise as the authors do: Xavier, biases near 0."""
        super().__init__()
        self.latent = params.latent
        self.corrupt = Dropout(params.dropout)
        down = (*params.hidden, 2 * params.latent)
        up = (params.latent, *params.hidden[::-1])
        self.first = SparseLinear(m, down[0])
        self.encoder = nn.Sequential(*_layers(down, tanh_first=True))
        self.decoder = nn.Sequential(*_layers(up))
        self.output = nn.Linear(up[-1], m)
        for name, weight in self.named_parameters():
            if name.endswith("weight"):
                nn.init.xavier_uniform_(weight)
            else:
                nn.init.trunc_normal_(weight, std=0.001)
        self.register_buffer("codes", torch.zeros(n_users, up[-1]))
        self.register_buffer("threshold", torch.tensor(-torch.inf))

    def loss(self, rows: Entries, beta: float) -> Tensor:
        """Return the negative evidence bound of a batch, its KL part times ``beta``.

        Args:
            rows: The items of ``b`` users, with values of 1.
            beta: Weight of the KL divergence from the standard normal prior.
        """
        mean, log_variance = self._posterior(rows)
        noise = torch.randn_like(mean) if self.training else torch.zeros_like(mean)
        code = mean + noise * torch.exp(0.5 * log_variance)
        log_p = log_softmax(self.output(self.decoder(code)), dim=1)
        fit = (log_p * rows.dense()[0]).sum(dim=1)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
        return torch.mean(beta * kl - fit)

    def encode(self, rows: Entries) -> Tensor:
        """Return what the last layer reads, one row for each of ``b`` users."""
        codes: Tensor = self.decoder(self._posterior(rows)[0])
        return codes

    def _posterior(self, rows: Entries) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the code, ``(b, latent)`` each."""
        rows = rows.normalized()
        thinned = rows.with_values(self.corrupt(rows.value))
        moments = self.encoder(self.first(thinned))
        return moments[:, : self.latent], moments[:, self.latent :]


def _layers(sizes: tuple[int, ...], *, tanh_first: bool = False) -> list[nn.Module]:
    """Return a linear layer and a tanh for each step from size to size."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        step = [nn.Linear(before, after), nn.Tanh()]
        layers += step[::-1] if tanh_first else step
    return layers
