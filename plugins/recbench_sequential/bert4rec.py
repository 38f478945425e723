"""BERT4Rec (Sun et al., 2019): items hidden from a transformer that sees both sides.

Windows of a history have a share of their items replaced by MASK, which the network
guesses by cross-entropy over the whole catalogue or a corrected sample of it. To serve,
MASK is put after the latest items.

Deviations. Layers are normalised before, not after; no layer between states and item
vectors; positions count from the end of a window. The paper adds copies of each
history whose last item alone is hidden; here it is hidden, among others, in a share
of the windows. The size suits ml-100k on one core; Petrov and Macdonald (2022) show
that the published quality takes many more epochs than the paper's code ran.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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
from recbench_sequential.params import BERT4RecParams
from recbench_sequential.sequences import Sequences
from recbench_sequential.training import learn, next_scores, remember
from recbench_sequential.windows import MARKS, Windows, counts_of


class MaskedEncoder(Encoder):
    """A transformer that sees both sides of what is hidden from it."""

    @classmethod
    def sized(cls, params: BERT4RecParams, n_items: int) -> "MaskedEncoder":
        """Return an untrained network."""
        return cls(
            n_items + MARKS,
            n_items,
            width=params.max_length,
            dim=params.embedding_dim,
            blocks=params.blocks,
            heads=params.heads,
            dropout=params.dropout,
            causal=False,
        )

    @property
    def mask(self) -> int:
        """Return the MASK token."""
        return self.n_items + 1

    def after(self, past: Sequences) -> Tensor:
        """Return the state of a MASK after each history, shape ``(n, dim)``."""
        device = self.bias.device
        items, kept = past.padded(len(self.positions.weight) - 1, self.n_items)
        tokens = np.pad(items, ((0, 0), (0, 1)), constant_values=self.n_items)
        tokens[np.arange(len(past)), kept] = self.mask
        lengths = torch.from_numpy(kept + 1).to(device)
        states: Tensor = self(torch.from_numpy(tokens).to(device), lengths)
        return states[torch.arange(len(past), device=device), lengths - 1]


class BERT4Rec:
    """Hidden items guessed from both sides."""

    net: MaskedEncoder

    def __init__(self, params: BERT4RecParams) -> None:
        """Make an untrained model."""
        self.params = params

    @property
    def n_parameters(self) -> int:
        """Return how many numbers the network learned."""
        return sum(weight.numel() for weight in self.net.parameters())

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Minimise the loss of the hidden items."""
        p, device = self.params, seed_everything(context)
        past = Sequences.of(train)
        windows = Windows.of(past, train.n_items, p.max_length)
        net = self.net = MaskedEncoder.sized(p, train.n_items).to(device)
        remember(net, train.threshold)
        rng = context.rng

        def examples() -> Iterator[tuple[Tensor, Tensor]]:
            for batch in windows.batches(p.batch_size, rng):
                items, lengths = (
                    moved(batch.targets, device),
                    moved(batch.lengths, device),
                )
                hidden = hide(items, lengths, p)
                shown = items.masked_fill(items < 0, net.n_items)
                states = net(shown.masked_fill(hidden, net.mask), lengths)
                yield states[hidden], items[hidden]

        objective = Objective(
            kind="cross-entropy",
            competitors=Competitors(
                counts_of(past, train.n_items),
                negatives=p.negatives,
                power=p.power,
                device=device,
            ),
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
        self.net = MaskedEncoder.sized(self.params, len(sizes["bias"]))
        load_module(path, self.net)
        self.net.eval()


def hide(items: Tensor, lengths: Tensor, params: BERT4RecParams) -> Tensor:
    """Choose the items to guess, at least one in each row.

    Args:
        items: int64, shape ``(b, w)``, -1 on the right where a row is shorter.
        lengths: Items of each row, shape ``(b,)``.
        params: Share of items, and of rows whose last item is hidden.

    Returns:
        bool, shape ``(b, w)``.
    """
    drawn = torch.rand(items.shape) < params.masked
    hidden = drawn.to(items.device) & (items >= 0)
    last = (torch.rand(len(items)) < params.last).to(items.device) | ~hidden.any(dim=1)
    rows = torch.arange(len(items), device=items.device)
    hidden[rows, lengths - 1] |= last
    return hidden
