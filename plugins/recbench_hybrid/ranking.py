"""Training a net to rank: positives against drawn items, by Adam."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding

from recbench import FitContext, Interactions
from recbench.neural import (
    EarlyStopping,
    NegativeSampler,
    adam,
    batches,
    descend,
    tensors,
)
from recbench_hybrid import losses
from recbench_hybrid.net import paired, products
from recbench_hybrid.served import Served


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a net is trained; the names are those of the parameters."""

    loss: str
    negatives: int
    code_dropout: float
    learning_rate: float
    weight_decay: float
    batch_size: int
    epochs: int
    patience: int


def fit(
    model: object,
    served: Served,
    positives: Interactions,
    plan: Plan,
    context: FitContext,
) -> None:
    """Minimise the loss and stop where validation stops improving.

    Args:
        model: What the harness validates.
        served: The net with its features.
        positives: What counts as positive.
        plan: How to train.
        context: What the harness lent.
    """
    net = served.net
    users, items = tensors(positives.users, positives.items, device=served.device)
    optimizer = adam(
        (net.parameters(), plan.weight_decay), learning_rate=plan.learning_rate
    )
    loss_of = _shared(served, plan) if plan.loss == "softmax" else _drawn(served, plan)
    sampler = NegativeSampler(positives, device=served.device)
    per_row = 1 if plan.loss == "softmax" else plan.negatives

    def one_epoch(_epoch: int) -> float:
        drawn = sampler.draw(users, per_row)
        found = [
            descend(loss_of(*batch), optimizer)
            for batch in batches(users, items, drawn, size=plan.batch_size)
        ]
        return float(torch.stack(found).mean())

    stopping = EarlyStopping(
        model, net, context, epochs=plan.epochs, patience=plan.patience
    )
    stopping.run(one_epoch, before=served.refresh)


Loss = Callable[[Tensor, Tensor, Tensor], Tensor]


def kept(n: int, dropout: float, device: torch.device) -> Tensor | None:
    """Draw which embeddings of codes stay, shape ``(n, 1)``; None where all do.

    What stays is not scaled up: at the end, known codes are added as they are, and
    the features must do without for codes that are not.
    """
    if dropout == 0:
        return None
    return (torch.rand(n, 1) >= dropout).to(torch.float32).to(device)


def _users(served: Served, users: Tensor, items: Tensor, dropout: float) -> Tensor:
    """Return rows of users, each without the item that it is to find."""
    batch = served.user_batch(users, kept(len(users), dropout, served.device))
    past = None if served.past is None else served.past.of(users)
    return served.net.user_rows(batch, past, items)


def _drawn(served: Served, plan: Plan) -> Loss:
    """Return a loss of items drawn for each row."""
    every = torch.arange(len(served.item_trained), device=served.device)
    n_items = int(served.item_trained.sum())

    def loss(users: Tensor, items: Tensor, drawn: Tensor) -> Tensor:
        keep = kept(len(every), plan.code_dropout, served.device)
        table = served.net.items(served.item_batch(every, keep))
        mine = _users(served, users, items, plan.code_dropout)
        positive = paired(mine, embedding(items, table))
        if plan.loss == "warp":
            with torch.no_grad():
                scores = paired(mine[:, None, :], embedding(drawn, table))
            first, weight = losses.violators(positive, scores, n_items)
            found = drawn.gather(1, first[:, None]).squeeze(1)
            return losses.warp(positive, paired(mine, embedding(found, table)), weight)
        negative = paired(mine[:, None, :], embedding(drawn, table))
        return {"bpr": losses.bpr, "logistic": losses.logistic}[plan.loss](
            positive, negative
        )

    return loss


def _shared(served: Served, plan: Plan) -> Loss:
    """Return the softmax over items that are drawn once for all rows of a batch."""
    known = torch.from_numpy(np.flatnonzero(served.known.items.trained))
    known = known.to(served.device)

    def loss(users: Tensor, items: Tensor, _drawn: Tensor) -> Tensor:
        some = known
        if len(known) > plan.negatives:
            some = known[torch.randperm(len(known))[: plan.negatives].to(known.device)]
        both = torch.cat((some, items))
        keep = kept(len(both), plan.code_dropout, served.device)
        table = served.net.items(served.item_batch(both, keep))
        mine = _users(served, users, items, plan.code_dropout)
        positive = paired(mine, table[len(some) :])
        negative = products(mine, table[: len(some)])
        same = items[:, None] == some
        return losses.softmax(positive, negative, same, len(known))

    return loss
