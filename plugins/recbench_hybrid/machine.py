"""Factorization machine of the second order (Rendle, 2010).

``y = w_0 + sum_f w_f x_f + sum_{f < g} <v_f, v_g> x_f x_g`` over all features of a
pair of user and item: the two codes, the features of both and, with ``history``, the
other items of the user, each ``1 / sqrt(n)`` (the paper's section on SVD++). The pairs
between the two sides are one dot product of sums; those within a side belong to its
bias. So a factorization machine is served by vectors.

Deviations. Adam with one penalty for all weights, where the paper takes single steps.
For ``top-n`` a softmax over the catalogue (or BPR) is minimised. Pairs within a user's
history, and between it and the user's other features, are left out: for a given user
they change no order. With ``code_dropout`` codes are left out at random, as in
:mod:`recbench_hybrid.sums`. Features are weighed as there.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import mse_loss

from recbench import DataError, FitContext, Interactions, Queries, UsageError
from recbench.neural import (
    EarlyStopping,
    adam,
    batches,
    descend,
    mean,
    seed_everything,
    tensors,
)
from recbench_hybrid.known import Known
from recbench_hybrid.net import Net, paired
from recbench_hybrid.params import MachineParams
from recbench_hybrid.ranking import fit, kept
from recbench_hybrid.served import Served
from recbench_hybrid.sums import plan

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]


class FactorizationMachine:
    """All pairs of features, by dot products."""

    def __init__(self, params: MachineParams) -> None:
        """Make an untrained model."""
        self.params = params
        self.n_parameters = 0

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Minimise the loss with Adam.

        Raises:
            UsageError: If the loss does not fit the task.
            DataError: If there are no ratings to fit.
        """
        p, device = self.params, seed_everything(context)
        if p.loss != "squared" and context.task == "rating":
            msg = f"factorization-machine: loss={p.loss} predicts no ratings; "
            raise UsageError(msg + "use loss=squared")
        if p.loss == "squared" and train.ratings is None:
            msg = "factorization-machine: loss=squared needs ratings; "
            raise DataError(msg + "use loss=softmax")
        table = train if p.loss == "squared" else train.positives()
        known = Known.of(train, table, p.features)
        history = p.history and p.loss != "squared"
        net = Net.of(known, p.embedding_dim, pairs=True, history=history)
        net.to(device)
        self.n_parameters = sum(weight.numel() for weight in net.parameters())
        self.served = Served(net, known, table.csr() if history else None, device)
        if p.loss == "squared":
            self._fit_ratings(train, context)
        else:
            fit(self, self.served, table, plan(p), context)

    def _fit_ratings(self, train: Interactions, context: FitContext) -> None:
        """Minimise the squared error of the ratings."""
        p, served = self.params, self.served
        net, device = served.net, served.device
        ratings = np.asarray(train.ratings, dtype=np.float32)
        with torch.no_grad():
            net.mean.fill_(float(ratings.mean()))
        columns = tensors(train.users, train.items, ratings, device=device)
        weights = [w for name, w in net.named_parameters() if name != "mean"]
        optimizer = adam(
            (weights, p.weight_decay),
            ([net.mean], 0.0),
            learning_rate=p.learning_rate,
        )

        def steps_of_an_epoch() -> Iterator[Tensor]:
            for users, items, values in batches(*columns, size=p.batch_size):
                keep = [kept(len(users), p.code_dropout, device) for _ in range(2)]
                u = net.user_rows(served.user_batch(users, keep[0]))
                i = net.items(served.item_batch(items, keep[1]))
                loss = mse_loss(paired(u, i) + net.mean, values)
                yield descend(loss, optimizer)

        stopping = EarlyStopping(
            self, net, context, epochs=p.epochs, patience=p.patience
        )
        stopping.run(lambda _epoch: mean(steps_of_an_epoch()), before=served.refresh)

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return the ratings of pairs, shape ``(n,)``."""
        return self.served.predict(users, items)

    def user_vectors(self, users: Codes) -> Scores:
        """Return float32, shape ``(b, d + 2)``."""
        return self.served.user_vectors(users)

    def item_vectors(self) -> Scores:
        """Return float32, shape ``(n_items, d + 2)``."""
        return self.served.item_vectors()

    def score_queries(self, queries: Queries) -> Scores:
        """Return float32, shape ``(n, n_items)``: by features and, if read, history."""
        return self.served.score_queries(queries)

    def save(self, path: Path) -> None:
        """Write the rows that are served, the net, and what is known."""
        self.served.save(path)

    def load(self, path: Path) -> None:
        """Read what :meth:`save` wrote."""
        self.served = Served.load(path, self.params.embedding_dim, pairs=True)
