"""LightFM (Kula, 2015): users and items are sums of the embeddings of their features.

``score = <sum_f e_f, sum_g e_g> + sum_f b_f + sum_g b_g`` over the features ``f`` of
the user and ``g`` of the item, the code of each being one of them. WARP, BPR or the
log loss is minimised.

Deviations. Adam on mini-batches, where the paper takes single steps of Adagrad. Words
and categories are weighed so that each column of a row has length 1, and numbers are
shared out between knots. With ``code_dropout`` a user or item is at times known by its
features alone (after Volkovs et al., 2017, DropoutNet), so that these learn to stand
without the code; 0 is the paper's. A code without a training interaction has no
embedding of its own at all, where the original keeps what it drew at the start.
"""

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recbench import FitContext, Interactions, Queries
from recbench.neural import seed_everything
from recbench_hybrid.known import Known
from recbench_hybrid.net import Net
from recbench_hybrid.params import LightFMParams
from recbench_hybrid.ranking import Plan, fit
from recbench_hybrid.served import Served

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]


class LightFM:
    """Sums of embeddings, trained to rank."""

    def __init__(self, params: LightFMParams) -> None:
        """Make an untrained model."""
        self.params = params
        self.n_parameters = 0

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Minimise the loss over the positives."""
        p, device = self.params, seed_everything(context)
        positives = train.positives()
        known = Known.of(train, positives, p.features)
        net = Net.of(known, p.embedding_dim, pairs=False, history=False)
        net.to(device)
        self.n_parameters = sum(weight.numel() for weight in net.parameters()) - 1
        self.served = Served(net, known, None, device)
        fit(self, self.served, positives, plan(p), context)

    def user_vectors(self, users: Codes) -> Scores:
        """Return float32, shape ``(b, d + 2)``."""
        return self.served.user_vectors(users)

    def item_vectors(self) -> Scores:
        """Return float32, shape ``(n_items, d + 2)``."""
        return self.served.item_vectors()

    def score_queries(self, queries: Queries) -> Scores:
        """Return float32, shape ``(n, n_items)``; strangers by their features only."""
        return self.served.score_queries(queries)

    def save(self, path: Path) -> None:
        """Write the rows that are served, the net, and what is known."""
        self.served.save(path)

    def load(self, path: Path) -> None:
        """Read what :meth:`save` wrote."""
        self.served = Served.load(path, self.params.embedding_dim, pairs=False)


def plan(params: object) -> Plan:
    """Return the fields of parameters that say how to train."""
    names = [field.name for field in dataclasses.fields(Plan)]
    return Plan(**{name: getattr(params, name) for name in names})
