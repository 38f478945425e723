"""Neural collaborative filtering (He et al., 2017).

GMF scores ``h . (p_u * q_i)``, MLP a network on ``[p_u, q_i]``, NeuMF the sum of both
with embeddings of their own. For ``top-n`` the log loss of positives against sampled
negatives is minimised, for ``rating`` the squared error of ratings.

Deviations. The squared error, which the paper does not use. With ``offsets`` the
network fits what regularised user and item offsets leave over. NeuMF is trained at
once, not from pre-trained GMF and MLP, and its two parts are added, each with its own
last layer, which is what one layer on their concatenation computes. Negatives are
drawn anew in every epoch. Embeddings are regularised together with the layers.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss
from torch.optim import lr_scheduler

from recbench import DataError, FitContext, Interactions, UsageError
from recbench.neural import (
    EarlyStopping,
    NegativeSampler,
    Offsets,
    Precision,
    adam,
    batches,
    lazy_tables,
    load_module,
    mean,
    read_arrays,
    save_module,
    seed_everything,
    tensors,
)
from recbench_ncf import Params
from recbench_ncf.network import Network

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "squared": mse_loss,
    "log": binary_cross_entropy_with_logits,
}
LAST_RATE = 0.02  # share of the learning rate that is left at the last step
BLOCK_BYTES = 4 * 2**20  # of first-layer outputs at once, which a cache still holds
PAIRS = 2**16  # predicted at once


class NCF:
    """GMF, MLP or NeuMF."""

    net: Network

    def __init__(self, params: Params) -> None:
        """Make an untrained model."""
        self.params = params

    @property
    def n_parameters(self) -> int:
        """Return how many numbers the network learned."""
        return sum(weight.numel() for weight in self.net.parameters())

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Minimise the loss with Adam."""
        p, device = self.params, seed_everything(context)
        examples = _examples(p, train, context.task, device)
        self.net = Network(p, train.n_users, train.n_items)
        if p.loss == "squared":
            self._start_at(Offsets.fit(train))
        self.net.to(device)
        lazy_tables(self.net, batch_size=p.batch_size)
        known = tensors(train.users, train.items, device=device)
        optimizer = adam(
            (self.net.parameters(), p.weight_decay), learning_rate=p.learning_rate
        )
        steps = p.epochs * -(-len(examples()[0]) // p.batch_size)
        after_step, after_epoch = _schedule(p, optimizer, steps, context)

        mixed = Precision(p.precision, device)

        def steps_of_an_epoch() -> Iterator[Tensor]:
            for users, items, targets in batches(*examples(), size=p.batch_size):
                with mixed.autocast():
                    scores = self.net(users, items)
                    loss = LOSSES[p.loss](scores, targets)
                yield mixed.descend(loss, optimizer)
                after_step()

        stopping = EarlyStopping(
            self, self.net, context, epochs=p.epochs, patience=p.patience
        )
        stopping.run(
            lambda _epoch: mean(steps_of_an_epoch()),
            before=lambda: self.net.introduce(*known),
            after=after_epoch,
        )

    def _start_at(self, offsets: Offsets) -> None:
        """Fix the offsets, or let a layer's bias learn even the mean."""
        if self.params.offsets:
            self.net.user_offset += torch.from_numpy(offsets.user) + offsets.mean
            self.net.item_offset += torch.from_numpy(offsets.item)

    @torch.inference_mode()
    def predict(
        self, users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Return the ratings of pairs, shape ``(n,)``."""
        device = self.net.user_offset.device
        pairs = tensors(users, items, device=device)
        parts = [
            self.net(*block) for block in batches(*pairs, size=PAIRS, shuffle=False)
        ]
        return np.asarray(torch.cat(parts).cpu(), dtype=np.float32)

    @torch.inference_mode()
    def score(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the scores of all items, shape ``(b, n_items)``."""
        (codes,) = tensors(users, device=self.net.user_offset.device)
        width = max(self.params.hidden) * len(self.net.item_offset)
        block = max(1, BLOCK_BYTES // (4 * width))
        parts = [self.net.everything(part) for part in torch.split(codes, block)]
        return np.asarray(torch.cat(parts).cpu(), dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write the weights."""
        save_module(path, self.net)

    def load(self, path: Path) -> None:
        """Read what :meth:`save` wrote."""
        sizes = read_arrays(path, "user_offset", "item_offset")
        self.net = Network(
            self.params, len(sizes["user_offset"]), len(sizes["item_offset"])
        )
        load_module(path, self.net)
        self.net.eval()


def _examples(
    params: Params, train: Interactions, task: str, device: torch.device
) -> Callable[[], tuple[Tensor, ...]]:
    """Return what yields the users, items and targets of one epoch.

    Raises:
        UsageError: If the loss does not fit the task.
        DataError: If there are no ratings to fit.
    """
    if params.loss == "squared":
        if train.ratings is None:
            msg = "ncf: loss=squared needs ratings, and the data have none; "
            raise DataError(msg + "use loss=log")
        columns = tensors(train.users, train.items, train.ratings, device=device)
        return lambda: columns
    if task == "rating":
        msg = "ncf: loss=log predicts no ratings; use loss=squared"
        raise UsageError(msg)
    positives = train.positives()
    users, items = tensors(positives.users, positives.items, device=device)
    sampler = NegativeSampler(positives, device=device)
    n = params.negatives

    def draw() -> tuple[Tensor, ...]:
        negatives = sampler.draw(users, n).flatten()
        return (
            torch.cat((users, users.repeat_interleave(n))),
            torch.cat((items, negatives)),
            torch.cat((torch.ones_like(users), torch.zeros_like(negatives))).float(),
        )

    return draw


def _schedule(
    params: Params, optimizer: torch.optim.Optimizer, steps: int, context: FitContext
) -> tuple[Callable[[], None], Callable[[float | None], None]]:
    """Return what changes the learning rate after a step and after an epoch."""
    if params.schedule == "linear":
        linear = lr_scheduler.LinearLR(optimizer, 1.0, LAST_RATE, steps)
        return linear.step, lambda _value: None
    plateau = lr_scheduler.ReduceLROnPlateau(
        optimizer, "max" if context.maximize else "min", factor=0.5, patience=3
    )

    def after_epoch(value: float | None) -> None:
        if value is not None and params.schedule == "plateau":
            plateau.step(value)

    return lambda: None, after_epoch
