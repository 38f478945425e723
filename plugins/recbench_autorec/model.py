"""AutoRec (Sedhain et al., 2015): ``r_hat = V g(W r + b) + c`` per rating vector.

``r`` is the vector of an item (its ratings by ``m`` users) or of a user (``m`` items),
0 where nothing is observed. Squared error over observed entries and an L2 penalty are
minimised. A held-out rating is predicted from training ratings alone: the vectors
hold nothing else, whatever is asked.

Deviations. Adam replaces RProp and L-BFGS, and the penalty differs between encoder and
decoder. With ``offsets`` the output is what regularised user and item offsets leave
over; the input stays the ratings, so that it also says who rated. With ``loss=all``
the vectors hold 1 for each positive and every cell is fitted, for then an observed
entry is always 1 and the paper's loss would be solved by a constant.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recbench import FitContext, Interactions
from recbench.neural import (
    EarlyStopping,
    Precision,
    Rows,
    adam,
    batches,
    read_arrays,
    save_arrays,
    seed_everything,
)
from recbench_autorec import Params
from recbench_autorec.network import Network, vectors

LAST_RATE = 0.02  # share of the learning rate that is left at the last step


class AutoRec:
    """Item-based or user-based AutoRec; serves as a dot product of codes and weights.

    Attributes:
        users: float32, shape ``(n_users, hidden + 2)``.
        items: float32, shape ``(n_items, hidden + 2)``.
        n_parameters: How many numbers the autoencoder learned.
    """

    def __init__(self, params: Params) -> None:
        """Make an untrained model."""
        self.params = params
        self.n_parameters = 0

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Minimise the squared error of the rebuilt vectors with Adam."""
        p, device = self.params, seed_everything(context)
        rows, offsets = vectors(p, train, context.task, device)
        net = Network(p, rows.shape[1]).to(device)
        self.n_parameters = sum(weight.numel() for weight in net.parameters())
        sides = (offsets.item, offsets.user)
        if p.axis == "user":
            sides = sides[::-1]
        row_offset = torch.from_numpy(sides[0] + np.float32(offsets.mean)).to(device)
        column_offset = torch.from_numpy(sides[1]).to(device)

        def serve() -> None:
            codes, weight, bias = net.sides(rows)
            left = _columns(codes, row_offset, torch.ones_like(row_offset))
            right = _columns(weight, torch.ones_like(bias), bias + column_offset)
            self.items, self.users = (
                (left, right) if p.axis == "item" else (right, left)
            )

        one_epoch = self._trainer(net, rows, row_offset, column_offset)
        stopping = EarlyStopping(
            self, net, context, epochs=p.epochs, patience=p.patience
        )
        stopping.run(one_epoch, before=serve)

    def _trainer(
        self, net: Network, rows: Rows, row_offset: Tensor, column_offset: Tensor
    ) -> Callable[[int], float]:
        """Return the function that trains for one epoch."""
        p = self.params
        optimizer = adam(
            (net.encoder.parameters(), p.encoder_decay),
            (net.decoder.parameters(), p.decoder_decay),
            learning_rate=p.learning_rate,
        )
        observed = torch.nonzero(rows.counts).squeeze(1)
        size = p.batch_size or len(observed)
        steps = p.epochs * -(-len(observed) // size)
        schedule = torch.optim.lr_scheduler.LinearLR(
            optimizer, 1.0, LAST_RATE if p.anneal else 1.0, steps
        )

        mixed = Precision(p.precision, row_offset.device)

        def one_epoch(_epoch: int) -> float:
            losses = []
            for (batch,) in batches(observed, size=size):
                offsets = row_offset[batch, None] + column_offset  # (b, m)
                with mixed.autocast():
                    loss = net.loss(rows.entries(batch), offsets)
                losses.append(mixed.descend(loss, optimizer))
                schedule.step()
            return float(torch.stack(losses).mean())

        return one_epoch

    def predict(
        self, users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Return the rebuilt ratings of pairs, shape ``(n,)``."""
        return np.asarray(
            np.einsum("nd,nd->n", self.users[users], self.items[items]),
            dtype=np.float32,
        )

    def user_vectors(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the users' side of the dot product, shape ``(b, hidden + 2)``."""
        return self.users[users]

    def item_vectors(self) -> NDArray[np.float32]:
        """Return the items' side of the dot product."""
        return self.items

    def save(self, path: Path) -> None:
        """Write both sides of the dot product."""
        save_arrays(path, users=self.users, items=self.items)

    def load(self, path: Path) -> None:
        """Read what :meth:`save` wrote."""
        arrays = read_arrays(path, "users", "items")
        self.users = arrays["users"].astype(np.float32)
        self.items = arrays["items"].astype(np.float32)


def _columns(matrix: Tensor, *columns: Tensor) -> NDArray[np.float32]:
    """Return the matrix with columns added to its right, as a NumPy array."""
    wide = torch.cat((matrix, *(column[:, None] for column in columns)), dim=1)
    return np.asarray(wide.cpu(), dtype=np.float32)
