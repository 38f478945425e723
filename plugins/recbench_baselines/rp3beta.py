"""RP3beta: random walks of three steps (Paudel et al., 2017; Christoffel et al., 2015).

From the user to an item of the history, to another user of that item, to an item of
theirs. Transition probabilities are raised to ``alpha`` and the score of an item is
divided by its popularity to the power of ``beta``.

Deviations: for each item of the history only the ``k`` largest targets are kept and
it never votes for itself (Ferrari Dacrema et al., 2019); the first step, which is the
same for all items of a history, weighs each by 1.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import FitContext, Interactions, Queries, load_fitted, save_fitted
from recbench_baselines.histories import Histories, as_scores
from recbench_baselines.params import RP3BetaParams
from recbench_baselines.similarity import by_blocks, strongest

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]


def transitions(rows: csr_array, alpha: float) -> csr_array:
    """Return ``(1 / length of the row) ** alpha`` in each entry of a binary matrix."""
    lengths = np.diff(rows.indptr)
    data = np.repeat(np.maximum(lengths, 1) ** -float(alpha), lengths)
    return csr_array(
        (data.astype(np.float32), rows.indices, rows.indptr), shape=rows.shape
    )


class RP3Beta:
    """``score = x W``, where ``W`` holds the walks from item to item."""

    histories: Histories
    walks: csr_array
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: RP3BetaParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Multiply the transitions, a block of items at a time."""
        del context
        p = self.params
        self.histories = Histories.of(train)
        by_user = self.histories.matrix
        by_item = csr_array(by_user.T.tocsr())
        onward = transitions(by_user, p.alpha)  # user to item
        back = transitions(by_item, p.alpha)  # item to user
        counts = np.diff(by_item.indptr)
        discount = np.maximum(counts, 1) ** -float(p.beta)

        def part(chosen: slice) -> csr_array:
            block = (back[chosen] @ onward).toarray()  # (b, n_items)
            block *= discount.astype(np.float32)
            local = np.arange(len(block))
            block[local, local + chosen.start] = 0
            return strongest(block, p.k)

        self.walks = by_blocks(train.n_items, train.n_items, part)
        self.n_parameters = self.walks.nnz

    def score(self, users: Codes) -> Scores:
        """Return float32, shape ``(b, n_items)``."""
        return as_scores(self.histories.of_users(users) @ self.walks)

    def score_queries(self, queries: Queries) -> Scores:
        """Return float32, shape ``(n, n_items)``; any history will do."""
        return as_scores(self.histories.of_queries(queries) @ self.walks)
