"""Mult-VAE and Mult-DAE (Liang et al., 2018).

A user's items are a draw from a multinomial distribution over the catalogue, whose
logits a network computes from a code of the user's normalised, randomly thinned row.

Mult-VAE, the partially regularised form: the code has a posterior, and the evidence
bound is maximised with a KL weight that grows linearly from 0 to ``beta``. Mult-DAE:
the code is a tanh layer, and the likelihood is maximised, with an L2 penalty.

Deviations. The KL weight grows over a share of the epochs, not a number of steps.
The widths suit ml-100k; the paper's are ``hidden=(600,),latent=200`` for Mult-VAE and
the default for Mult-DAE. ``weight_decay`` is twice the factor that the authors put
before the sum of squares, and biases are penalised too.
"""

from collections.abc import Iterator
from itertools import count, repeat
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array
from torch import Tensor

from recbench import FitContext, Interactions, Queries
from recbench.neural import (
    EarlyStopping,
    Precision,
    Rows,
    adam,
    batches,
    load_module,
    mean,
    read_arrays,
    save_module,
    seed_everything,
)
from recbench_mult_vae import DenoisingParams, Params
from recbench_mult_vae.network import Network

BLOCK = 512  # rows encoded at once where no gradient is needed


class Autoencoder:
    """Either model; users in training are served by a dot product of stored codes."""

    net: Network

    def __init__(self, params: Params | DenoisingParams) -> None:
        """Make an untrained model; the kind of its parameters decides which."""
        self.params = params

    @property
    def n_parameters(self) -> int:
        """Return how many numbers the networks learned."""
        return sum(weight.numel() for weight in self.net.parameters())

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Maximise the evidence bound, or the likelihood, with Adam."""
        p, device = self.params, seed_everything(context)
        rows = Rows(train.positives().csr(), device)
        self.net = Network(p, train.n_items, train.n_users).to(device)
        if train.threshold is not None:
            self.net.threshold.fill_(train.threshold)
        optimizer = adam(
            (self.net.parameters(), p.weight_decay), learning_rate=p.learning_rate
        )
        users = torch.nonzero(rows.counts).squeeze(1)
        betas = kl_weights(p, steps_per_epoch=-(-len(users) // p.batch_size))

        mixed = Precision(p.precision, device)

        def steps_of_an_epoch() -> Iterator[Tensor]:
            for (batch,) in batches(users, size=p.batch_size):
                with mixed.autocast():
                    loss = self.net.loss(rows.entries(batch), next(betas))
                yield mixed.descend(loss, optimizer)

        stopping = EarlyStopping(
            self, self.net, context, epochs=p.epochs, patience=p.patience
        )
        stopping.run(
            lambda _epoch: mean(steps_of_an_epoch()),
            before=lambda: self._remember(rows),
        )

    @torch.no_grad()
    def _remember(self, rows: Rows) -> None:
        """Keep the code of every user in training."""
        every = torch.arange(rows.shape[0], device=rows.values.device)
        for block in torch.split(every, BLOCK):
            self.net.codes[block] = self.net.encode(rows.entries(block))

    def user_vectors(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the codes of users in training and a 1, shape ``(b, d + 1)``."""
        codes = np.asarray(self.net.codes.cpu())[users]
        return np.pad(codes, ((0, 0), (0, 1)), constant_values=np.float32(1))

    def item_vectors(self) -> NDArray[np.float32]:
        """Return the last layer's weights and bias, shape ``(n_items, d + 1)``."""
        last = self.net.output
        both = torch.cat((last.weight, last.bias[:, None]), dim=1)
        return np.asarray(both.detach().cpu())

    @torch.inference_mode()
    def score_queries(self, queries: Queries) -> NDArray[np.float32]:
        """Return the logits given each query's history, shape ``(n, n_items)``."""
        counts = np.diff(queries.offsets)
        owners = np.repeat(np.arange(len(queries)), counts)
        items = queries.items
        if queries.ratings is not None:
            liked = queries.ratings >= np.float32(self.net.threshold.item())
            owners, items = owners[liked], items[liked]
        shape = (len(queries), len(self.net.output.bias))
        ones = np.ones(len(items), dtype=np.float32)
        matrix = coo_array((ones, (owners, items)), shape=shape).tocsr()
        matrix.data[:] = 1  # an item counts once, however often it was chosen
        rows = Rows(matrix, self.net.codes.device)
        every = torch.arange(len(queries), device=rows.values.device)
        parts = [
            self.net.output(self.net.encode(rows.entries(block)))
            for block in torch.split(every, BLOCK)
        ]
        return np.asarray(torch.cat(parts).cpu(), dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write the weights and the users' codes."""
        save_module(path, self.net)

    def load(self, path: Path) -> None:
        """Read what :meth:`save` wrote."""
        sizes = read_arrays(path, "codes", "output.bias")
        self.net = Network(self.params, len(sizes["output.bias"]), len(sizes["codes"]))
        load_module(path, self.net)
        self.net.eval()


def kl_weights(
    params: Params | DenoisingParams, *, steps_per_epoch: int
) -> Iterator[float]:
    """Yield the KL weight of each step, without end."""
    if isinstance(params, DenoisingParams):
        yield from repeat(0.0)
        return
    steps_to_beta = params.anneal * params.epochs * steps_per_epoch
    for step in count():
        yield params.beta * min(1.0, step / steps_to_beta)
