"""One training loop and one way to serve for all neural models of this plugin."""

from collections.abc import Callable, Iterator
from math import isnan
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from recbench import FitContext, Queries
from recbench.neural import EarlyStopping, Precision, adam, mean
from recbench_sequential.losses import Objective
from recbench_sequential.sequences import Sequences

WARM_UP = 50  # steps until the learning rate is reached
LAST_RATE = 0.02  # share of it that is left at the last step
BLOCK = 512  # histories served at once

Examples = Callable[[], Iterator[tuple[Tensor, Tensor]]]


class Schedule(Protocol):
    """What training reads of a model's parameters."""

    @property
    def learning_rate(self) -> float:
        """Largest step of Adam."""

    @property
    def weight_decay(self) -> float:
        """Penalty of the weights; biases are free."""

    @property
    def epochs(self) -> int:
        """Passes over the events."""

    @property
    def patience(self) -> int:
        """Validations without improvement until training ends."""

    @property
    def precision(self) -> Literal["float32", "bfloat16", "float16"]:
        """Of products while training."""


class Network(Protocol):
    """What serves: vectors and biases of items, and the state of a history.

    Attributes:
        bias: Bias of each item, shape ``(n_items,)``.
        threshold: Ratings from which an event counts, a buffer; NaN for all.
    """

    bias: nn.Parameter
    threshold: Tensor

    @property
    def vectors(self) -> Tensor:
        """Item vectors, shape ``(n_items, d)``."""

    def after(self, past: Sequences) -> Tensor:
        """Return the states in which what comes next is scored, shape ``(n, d)``."""


def learn(
    model: object,
    net: nn.Module,
    context: FitContext,
    params: Schedule,
    *,
    examples: Examples,
    objective: Objective,
    steps: int,
) -> None:
    """Minimise the objective with Adam, then restore the best state.

    The learning rate rises for a few steps and falls linearly to the last one.

    Args:
        model: What the harness validates.
        net: A :class:`Network`.
        context: What the harness lent the model.
        params: Learning rate, penalty, epochs, patience.
        examples: Yields one epoch of states ``(N, d)`` and their targets ``(N,)``.
        objective: The loss.
        steps: Batches of an epoch, about.
    """
    total = max(params.epochs * steps, WARM_UP)
    weights = [w for w in net.parameters() if w.dim() > 1]
    biases = [w for w in net.parameters() if w.dim() <= 1]
    optimizer = adam(
        (weights, params.weight_decay),
        (biases, 0.0),
        learning_rate=params.learning_rate,
        decoupled=True,
    )
    schedule = LambdaLR(
        optimizer,
        lambda k: min(1.0, (k + 1) / WARM_UP) * max(LAST_RATE, 1 - k / total),
    )

    mixed = Precision(params.precision, net.bias.device)  # type: ignore[arg-type]  # a Network

    def steps_of_an_epoch() -> Iterator[Tensor]:
        for states, targets in mixed.under(examples()):
            with mixed.autocast():
                loss = objective(states, targets, net.vectors, net.bias)  # type: ignore[arg-type]  # a Network
            yield mixed.descend(loss, optimizer)
            schedule.step()

    stopping = EarlyStopping(
        model, net, context, epochs=params.epochs, patience=params.patience
    )
    stopping.run(lambda _epoch: mean(steps_of_an_epoch()))


def remember(net: Network, threshold: float | None) -> None:
    """Keep the threshold of positive events with the weights."""
    net.threshold.fill_(torch.nan if threshold is None else threshold)


@torch.inference_mode()
def next_scores(net: Network, queries: Queries) -> NDArray[np.float32]:
    """Return the scores of all items after each history, shape ``(n, n_items)``."""
    threshold = float(net.threshold)
    past = Sequences.of_queries(queries, None if isnan(threshold) else threshold)
    scores = np.empty((len(past), len(net.bias)), dtype=np.float32)
    for start in range(0, len(past), BLOCK):
        states = net.after(past.part(start, start + BLOCK))
        block = torch.addmm(net.bias, states, net.vectors.T)
        scores[start : start + BLOCK] = np.asarray(block.cpu())
    return scores
