"""SASRec (Kang and McAuley, 2018) with a loss that knows more than one negative.

A causal transformer reads the last ``max_length`` items; each position's state scores
what comes next. Trained by cross-entropy over a shared sample of the catalogue,
corrected for how it was drawn, or over all of it (Klenitskiy and Vasilev, 2023), or by
gBCE (Petrov and Macdonald, 2023). The original's single negative with binary
cross-entropy is ``loss=gbce,negatives=1,calibration=0`` but for sharing it.

Deviations from the paper. Layers are normalised before, not after; GELU; a bias for
each item; positions count from the left of a window; a START token, so that an empty
history has a state; no dropout of attention weights; negatives are shared by a batch.
With gBCE the biases start where a sampled item is as seldom right as one of the
negatives; from 0 the first steps push all scores down and nothing else is learned.
Histories are cut into windows that do not overlap, at another place in each epoch.
The size suits ml-100k on one core; the papers' for ml-1m is ``max_length=200``,
``blocks=2,embedding_dim=128,heads=1,batch_size=128,learning_rate=0.001,dropout=0.2``.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recbench import FitContext, Interactions, Queries
from recbench.neural import (
    load_module,
    moved,
    read_arrays,
    save_module,
    seed_everything,
)
from recbench_sequential.attention import Encoder
from recbench_sequential.losses import Competitors, Objective
from recbench_sequential.params import SASRecParams
from recbench_sequential.sequences import Sequences
from recbench_sequential.training import learn, next_scores, remember
from recbench_sequential.windows import MARKS, Windows, counts_of, latest


class CausalEncoder(Encoder):
    """A causal transformer whose last state scores what comes next."""

    @classmethod
    def sized(cls, params: SASRecParams, n_items: int) -> "CausalEncoder":
        """Return an untrained network."""
        return cls(
            n_items + MARKS,
            n_items,
            width=params.max_length,
            dim=params.embedding_dim,
            blocks=params.blocks,
            heads=params.heads,
            dropout=params.dropout,
            causal=True,
        )

    def after(self, past: Sequences) -> Tensor:
        """Return the state after each history, shape ``(n, dim)``."""
        tokens, kept = latest(past, self.n_items, len(self.positions.weight))
        device = self.bias.device
        states: Tensor = self(tokens.to(device), kept.to(device))
        return states[torch.arange(len(past), device=device), kept.to(device) - 1]


class SASRec:
    """Self-attention over the latest items."""

    net: CausalEncoder

    def __init__(self, params: SASRecParams) -> None:
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
        net = self.net = CausalEncoder.sized(p, train.n_items).to(device)
        remember(net, train.threshold)
        rng = context.rng

        def examples() -> Iterator[tuple[Tensor, Tensor]]:
            for batch in windows.batches(p.batch_size, rng):
                tokens, lengths = (
                    moved(batch.tokens, device),
                    moved(batch.lengths, device),
                )
                targets = moved(batch.targets, device)
                asked = targets >= 0
                yield net(tokens, lengths)[asked], targets[asked]

        competitors = Competitors(
            counts_of(past, train.n_items),
            negatives=p.negatives,
            power=p.power,
            device=device,
        )
        if p.loss == "gbce":
            rivals = competitors.negatives or competitors.n_items
            nn.init.constant_(net.bias, -math.log(rivals))
        objective = Objective(
            kind=p.loss, competitors=competitors, calibration=p.calibration
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
        self.net = CausalEncoder.sized(self.params, len(sizes["bias"]))
        load_module(path, self.net)
        self.net.eval()
