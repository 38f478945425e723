"""Two-tower model: ``score(u, i) = f(u) . g(i)``.

Each tower is an embedding of the code and a network on it. For ``top-n`` the sampled
softmax with the items of the batch as negatives is minimised, corrected for their
popularity (Yi et al., 2019); for ``rating`` the squared error of ratings.

A user unseen in training has no code to embed and is folded in as the mean of the
vectors of the positive items of the history.

Deviations. The towers know ids only; ``feature-two-tower`` reads features.
Popularity is counted, not estimated from a stream. With ``offsets`` the dot product
fits what regularised user and item offsets leave over; they are served as two more
dimensions of the vectors.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.optim.lr_scheduler import LinearLR

from recbench import DataError, FitContext, Interactions, Queries, UsageError
from recbench.neural import (
    EarlyStopping,
    Offsets,
    Precision,
    adam,
    batches,
    lazy_tables,
    mean,
    read_arrays,
    save_arrays,
    seed_everything,
    tensors,
)
from recbench_two_tower import Params
from recbench_two_tower.towers import Tower, batch_softmax

LAST_RATE = 0.02  # share of the learning rate that is left at the last step


class TwoTower:
    """Two towers; serves as a dot product of vectors.

    Attributes:
        users: float32, shape ``(n_users, d)``.
        items: float32, shape ``(n_items, d)``.
        n_parameters: How many numbers the towers learned.
    """

    def __init__(self, params: Params) -> None:
        """Make an untrained model."""
        self.params = params
        self.n_parameters = 0

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Minimise the loss with Adam."""
        p, device = self.params, seed_everything(context)
        self.threshold = -np.inf if train.threshold is None else train.threshold
        offsets = Offsets.none(train)
        if p.loss == "squared" and p.offsets:
            offsets = Offsets.fit(train)
        columns = tensors(*examples(p, train, context.task, offsets), device=device)
        user_tower, item_tower = Tower(p, train.n_users), Tower(p, train.n_items)
        net = nn.ModuleList([user_tower, item_tower]).to(device)
        self.n_parameters = sum(weight.numel() for weight in net.parameters())
        lazy_tables(net, batch_size=p.batch_size)
        optimizer = adam(
            (net.parameters(), p.weight_decay), learning_rate=p.learning_rate
        )
        steps = p.epochs * -(-len(columns[0]) // p.batch_size)
        schedule = LinearLR(optimizer, 1.0, LAST_RATE if p.anneal else 1.0, steps)

        mixed = Precision(p.precision, device)

        def steps_of_an_epoch() -> Iterator[Tensor]:
            for users, items, extra in batches(*columns, size=p.batch_size):
                with mixed.autocast():
                    u, v = user_tower(users), item_tower(items)  # (b, embedding_dim)
                    if p.loss == "softmax":
                        loss = batch_softmax(u, v, items, extra, p.temperature)
                    else:
                        loss = mse_loss((u * v).sum(dim=1), extra)
                yield mixed.descend(loss, optimizer)
                schedule.step()

        def serve() -> None:
            u = np.asarray(user_tower.everything(columns[0]).cpu())
            v = np.asarray(item_tower.everything(columns[1]).cpu())
            self.users = _beside(u, offsets.user + np.float32(offsets.mean), 1.0)
            self.items = _beside(v, 1.0, offsets.item)

        stopping = EarlyStopping(
            self, net, context, epochs=p.epochs, patience=p.patience
        )
        stopping.run(lambda _epoch: mean(steps_of_an_epoch()), before=serve)

    def predict(
        self, users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Return the ratings of pairs, shape ``(n,)``."""
        return np.asarray(
            np.einsum("nd,nd->n", self.users[users], self.items[items]),
            dtype=np.float32,
        )

    def user_vectors(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the users' vectors, shape ``(b, embedding_dim + 2)``."""
        return self.users[users]

    def item_vectors(self) -> NDArray[np.float32]:
        """Return the items' vectors, shape ``(n_items, embedding_dim + 2)``."""
        return self.items

    def score_queries(self, queries: Queries) -> NDArray[np.float32]:
        """Return float32, shape ``(n, n_items)``: a stranger is the mean of its items.

        Where there are offsets the item's counts in full, and the user's is the mean.
        """
        owners = np.repeat(np.arange(len(queries)), np.diff(queries.offsets))
        items = queries.items
        if queries.ratings is not None:
            liked = queries.ratings >= np.float32(self.threshold)
            owners, items = owners[liked], items[liked]
        shape = (len(queries), len(self.items))
        ones = np.ones(len(items), dtype=np.float32)
        past = csr_array((ones, (owners, items)), shape)
        counts = np.maximum(np.bincount(owners, minlength=len(queries)), 1)
        vectors = (past @ self.items) / counts[:, None].astype(np.float32)
        vectors[:, -2:] = (0, 1)
        known = queries.users >= 0
        vectors[known] = self.users[queries.users[known]]
        return np.asarray(vectors @ self.items.T, dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write the vectors."""
        threshold = np.array([self.threshold], dtype=np.float32)
        save_arrays(path, users=self.users, items=self.items, threshold=threshold)

    def load(self, path: Path) -> None:
        """Read what :meth:`save` wrote."""
        arrays = read_arrays(path, "users", "items", "threshold")
        self.threshold = float(arrays["threshold"][0])
        self.users = arrays["users"].astype(np.float32)
        self.items = arrays["items"].astype(np.float32)


def examples(
    params: Params, train: Interactions, task: str, offsets: Offsets
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Return users, items, and what the loss needs to know of each row.

    That is what the offsets leave of the rating, or the logarithm of the item's share
    of the rows.

    Raises:
        UsageError: If the loss does not fit the task.
        DataError: If there are no ratings to fit.
    """
    if params.loss == "softmax":
        if task == "rating":
            msg = "two-tower: loss=softmax predicts no ratings; use loss=squared"
            raise UsageError(msg)
        rows = train.positives()
        counts = np.bincount(rows.items, minlength=train.n_items)
        share = counts[rows.items] / len(rows)
        return rows.users, rows.items, (params.correction * np.log(share)).astype("f4")
    if train.ratings is None:
        msg = "two-tower: loss=squared needs ratings, and the data have none; "
        raise DataError(msg + "use loss=softmax")
    rest = train.ratings - offsets.at(train.users, train.items)
    return train.users, train.items, rest


def _beside(
    matrix: NDArray[np.float32], *columns: NDArray[np.float32] | float
) -> NDArray[np.float32]:
    """Return the matrix with columns added to its right."""
    full = [np.broadcast_to(np.float32(c), (len(matrix),)) for c in columns]
    return np.column_stack((matrix, *full))
