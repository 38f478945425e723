"""BPR-MF: matrix factorization for pairwise ranking (Rendle et al., 2009).

Objective, over draws of a user ``u``, a positive ``i`` and another item ``j``::

    -ln sigmoid(s_ui - s_uj) + reg/2 (|w_u|^2 + |h_i|^2 + |h_j|^2 + b_i^2 + b_j^2)

with ``s_ui = <w_u, h_i> + b_i``. Deviations: mini-batches, whose gradients are summed
per row and applied by Adagrad, instead of single steps of plain descent; an epoch
passes over every positive once, in random order, instead of drawing with replacement;
``j`` is drawn among the items with a positive, a second time where it hits a positive
of the user, up to four times.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import FitContext, Interactions
from recbench_baselines.params import BPRParams

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Places = NDArray[np.int64]

REDRAWS = 4


class Table:
    """Rows of parameters with an Adagrad step (Duchi et al., 2011) for some of them."""

    def __init__(self, values: Scores, learning_rate: float) -> None:
        """Start from ``values``, shape ``(n, d)``, which are changed in place."""
        self.weights = values
        self.squares = np.full_like(values, 1e-8)
        self.rate = np.float32(learning_rate)

    def step(self, rows: Places, gradients: Scores) -> None:
        """Sum the gradients of equal rows, then move these rows.

        Args:
            rows: Shape ``(b,)``, with repetitions.
            gradients: Shape ``(b, d)``.
        """
        unique, where = np.unique(rows, return_inverse=True)
        ones = np.ones(len(rows), dtype=np.float32)
        places = (where, np.arange(len(rows)))
        gather = csr_array((ones, places), shape=(len(unique), len(rows)))
        total = gather @ gradients
        self.squares[unique] += total**2
        self.weights[unique] -= self.rate * total / np.sqrt(self.squares[unique])


class BPR:
    """``score = <w_u, h_i> + b_i``."""

    def __init__(self, params: BPRParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Descend on drawn pairs."""
        p, rng = self.params, context.rng
        positives = train.positives()
        shape_users = (train.n_users, p.embedding_dim)
        shape_items = (train.n_items, p.embedding_dim)
        # the last column: 1 for users, the bias for items
        self.users = np.ones((train.n_users, p.embedding_dim + 1), dtype=np.float32)
        self.items = np.zeros((train.n_items, p.embedding_dim + 1), dtype=np.float32)
        self.users[:, :-1] = rng.normal(0, p.init_std, shape_users)
        self.items[:, :-1] = rng.normal(0, p.init_std, shape_items)
        users = Table(self.users, p.learning_rate)
        items = Table(self.items, p.learning_rate)
        for epoch in range(1, p.epochs + 1):
            order = rng.permutation(len(positives))
            drawn = self._negatives(positives, rng)
            losses = [
                self._batch(
                    users, items, positives, drawn, order[start:][: p.batch_size]
                )
                for start in range(0, len(order), p.batch_size)
            ]
            context.report(
                epoch=epoch, epochs=p.epochs, loss=sum(losses) / max(len(losses), 1)
            )
            if context.should_stop():
                break
        self.n_parameters = self.users.size - train.n_users + self.items.size

    def _batch(
        self,
        users: Table,
        items: Table,
        positives: Interactions,
        drawn: Places,
        rows: Places,
    ) -> float:
        """Take one step; return the mean loss of the batch before it."""
        reg = np.float32(self.params.reg)
        u = positives.users[rows].astype(np.int64)
        i, j = positives.items[rows].astype(np.int64), drawn[rows]
        w, h_i, h_j = self.users[u], self.items[i], self.items[j]  # (b, d + 1)
        margin = np.einsum("bd,bd->b", w, h_i - h_j)
        pull = (1 / (1 + np.exp(np.clip(margin, -30, 30))))[:, None]
        to_user = pull * (h_j - h_i) + reg * w
        to_user[:, -1] = 0  # stays 1
        to_items = np.concatenate((-pull * w + reg * h_i, pull * w + reg * h_j))
        users.step(u, to_user)
        items.step(np.concatenate((i, j)), to_items)
        return float(np.logaddexp(0, -margin).mean())

    @staticmethod
    def _negatives(positives: Interactions, rng: np.random.Generator) -> Places:
        """Draw another item for each positive."""
        known = np.unique(positives.items)
        users = positives.users.astype(np.int64) * positives.n_items
        keys = users + positives.items  # sorted, because positives() sorts
        drawn = known[rng.integers(len(known), size=len(keys))].astype(np.int64)
        for _ in range(REDRAWS):
            wanted = users + drawn
            found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            wrong = np.flatnonzero(keys[found] == wanted)
            if not len(wrong):
                break
            drawn[wrong] = known[rng.integers(len(known), size=len(wrong))]
        return drawn

    def user_vectors(self, users: Codes) -> Scores:
        """Return float32, shape ``(b, d + 1)``."""
        return self.users[users]

    def item_vectors(self) -> Scores:
        """Return float32, shape ``(n_items, d + 1)``."""
        return self.items
