"""GRU4Rec (Hidasi et al., 2016) with the losses and negatives of its later versions.

A recurrent network reads the items one by one; after each, its state scores what
comes next. As in the authors' later papers and code (Hidasi and Karatzoglou, 2018;
Hidasi and Czapp, 2023) the input and output vectors of an item are the same, targets
compete with extra negatives that a batch shares, drawn by a power of popularity, and
the loss is cross-entropy with the logQ correction or BPR-max.

Deviations. Batches hold windows of ``max_length`` events, through which gradients
flow, in place of parallel sessions that are advanced by one event a step; so the
targets of other sessions are no negatives, only the drawn ones are. Adam in place of
Adagrad with momentum. A START token, so that an empty history has a state.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recbench import FitContext, Interactions, Queries
from recbench.neural import (
    Dropout,
    load_module,
    moved,
    read_arrays,
    save_module,
    seed_everything,
)
from recbench_sequential.losses import Competitors, Objective
from recbench_sequential.params import GRU4RecParams
from recbench_sequential.sequences import Sequences
from recbench_sequential.training import learn, next_scores, remember
from recbench_sequential.windows import MARKS, Windows, counts_of, latest


class Recurrent(nn.Module):
    """Gated recurrent units between shared item vectors."""

    threshold: Tensor

    def __init__(self, params: GRU4RecParams, n_items: int) -> None:
        """Initialise uniformly by the sizes, as the authors do; biases at 0."""
        super().__init__()
        dim, self.n_items = params.embedding_dim, n_items
        self.width = params.max_length
        self.tokens = nn.Embedding(n_items + MARKS, dim)
        self.bias = nn.Parameter(torch.zeros(n_items))
        self.register_buffer("threshold", torch.tensor(torch.nan))
        self.gru = nn.GRU(dim, dim, num_layers=params.layers, batch_first=True)
        self.before = Dropout(params.dropout_items)
        self.behind = Dropout(params.dropout_states)
        for weight in self.parameters():
            if weight.dim() > 1:
                nn.init.xavier_uniform_(weight)
            else:
                nn.init.zeros_(weight)

    @property
    def vectors(self) -> Tensor:
        """Return the item vectors, shape ``(n_items, dim)``."""
        return self.tokens.weight[: self.n_items]

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the state after each token, ``(b, w)`` to ``(b, w, dim)``."""
        states, _ = self.gru(self.before(self.tokens(tokens)))
        return self.behind(states)  # type: ignore[no-any-return]  # a Module's call

    def after(self, past: Sequences) -> Tensor:
        """Return the state after each history, shape ``(n, dim)``."""
        device = self.bias.device
        tokens, kept = latest(past, self.n_items, self.width)
        states: Tensor = self(tokens.to(device))
        return states[torch.arange(len(past), device=device), kept.to(device) - 1]


class GRU4Rec:
    """A recurrent network over a user's items."""

    net: Recurrent

    def __init__(self, params: GRU4RecParams) -> None:
        """Make an untrained model."""
        self.params = params

    @property
    def n_parameters(self) -> int:
        """Return how many numbers the network learned."""
        return sum(weight.numel() for weight in self.net.parameters())

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Minimise the loss of every next item."""
        p, device = self.params, seed_everything(context)
        past = Sequences.of(train)
        windows = Windows.of(past, train.n_items, p.max_length)
        net = self.net = Recurrent(p, train.n_items).to(device)
        remember(net, train.threshold)
        rng = context.rng

        def examples() -> Iterator[tuple[Tensor, Tensor]]:
            for batch in windows.batches(p.batch_size, rng):
                targets = moved(batch.targets, device)
                asked = targets >= 0
                yield net(moved(batch.tokens, device))[asked], targets[asked]

        objective = Objective(
            kind=p.loss,
            competitors=Competitors(
                counts_of(past, train.n_items),
                negatives=p.negatives,
                power=p.power,
                device=device,
            ),
            log_q=p.log_q,
            penalty=p.penalty,
        )
        learn(
            self,
            net,
            context,
            p,
            examples=examples,
            objective=objective,
            steps=windows.steps(p.batch_size),
        )

    def score_queries(self, queries: Queries) -> NDArray[np.float32]:
        """Return the scores of what comes next, float32, shape ``(n, n_items)``."""
        return next_scores(self.net, queries)

    def save(self, path: Path) -> None:
        """Write the weights."""
        save_module(path, self.net)

    def load(self, path: Path) -> None:
        """Read what :meth:`save` wrote."""
        sizes = read_arrays(path, "bias")
        self.net = Recurrent(self.params, len(sizes["bias"]))
        load_module(path, self.net)
        self.net.eval()
