"""Encoder, latent code and decoder as one torch module."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax, normalize

from recbench.neural import Dropout
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
        down = (m, *params.hidden)
        up = (params.latent, *params.hidden[::-1])
        self.encoder = nn.Sequential(*_layers(down))
        self.moments = nn.Linear(down[-1], 2 * params.latent)
        self.decoder = nn.Sequential(*_layers(up))
        self.output = nn.Linear(up[-1], m)
        for name, weight in self.named_parameters():
            if name.endswith("weight"):
                nn.init.xavier_uniform_(weight)
            else:
                nn.init.trunc_normal_(weight, std=0.001)
        self.register_buffer("codes", torch.zeros(n_users, up[-1]))
        self.register_buffer("threshold", torch.tensor(-torch.inf))

    def loss(self, rows: Tensor, beta: float) -> Tensor:
        """Return the negative evidence bound of a batch, its KL part times ``beta``.

        Args:
            rows: 1 where the user has the item, else 0, shape ``(b, m)``.
            beta: Weight of the KL divergence from the standard normal prior.
        """
        mean, log_variance = self._posterior(rows)
        noise = torch.randn_like(mean) if self.training else torch.zeros_like(mean)
        code = mean + noise * torch.exp(0.5 * log_variance)
        log_p = log_softmax(self.output(self.decoder(code)), dim=1)
        fit = (log_p * rows).sum(dim=1)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)
        return torch.mean(beta * kl - fit)

    def encode(self, rows: Tensor) -> Tensor:
        """Return what the last layer reads, ``(b, m)`` to ``(b, hidden[0])``."""
        codes: Tensor = self.decoder(self._posterior(rows)[0])
        return codes

    def _posterior(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the code, ``(b, latent)`` each."""
        hidden = self.encoder(self.corrupt(normalize(rows, dim=1)))
        mean, log_variance = self.moments(hidden).split(self.latent, dim=1)
        return mean, log_variance


def _layers(sizes: tuple[int, ...]) -> list[nn.Module]:
    """Return a linear layer and a tanh for each step from size to size."""
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), nn.Tanh()]
    return layers
