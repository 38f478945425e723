"""``knn-baseline`` of Surprise: neighbours vote with what a bias model leaves over.

(Koren, 2010, formula 3)::

    r_hat = b_ui + sum_v sim(u, v) (r_vi - b_vi) / sum_v sim(u, v)

over the ``k`` users ``v`` most similar to ``u`` among those who rated ``i``, those
with positive similarity only; or the same with users and items exchanged. Biases and
similarities are Surprise's own. Predictions follow its definition exactly, ties of
similarity included, for many pairs at once.

Deviation: where a similarity is not a number (no variance), Surprise's choice of
neighbours is undefined; here such a neighbour is the last to be chosen and does not
vote.
"""

from dataclasses import dataclass

import numpy as np
import surprise
from numpy.typing import NDArray

from recbench import FitContext, Interactions, load_fitted, save_fitted
from recbench_svd.params import KNNBaselineParams
from recbench_svd.trainset import Known, spread

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Exact = NDArray[np.float64]
Places = NDArray[np.int64]

VOTES = 2_000_000  # weighed at once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ratings:
    """The ratings that meet at each ``y`` (an item, if neighbours are users).

    Attributes:
        offsets: int64, shape ``(n_y + 1,)``, in inner ids.
        others: int64, the ``x`` that rated, in Surprise's order.
        residuals: float64, ratings less their bias.
    """

    offsets: Places
    others: Places
    residuals: Exact

    @classmethod
    def of(cls, algorithm: surprise.KNNBaseline) -> "Ratings":
        """Flatten the lists of a fitted algorithm."""
        groups = [algorithm.yr[y] for y in range(algorithm.n_y)]
        lengths = np.array([len(group) for group in groups])
        others = np.array([x for group in groups for x, _ in group])
        ratings = np.array([r for group in groups for _, r in group])
        by = np.repeat(algorithm.by, lengths)
        # added up in Surprise's order, so that rounding agrees
        bias = algorithm.trainset.global_mean + algorithm.bx[others] + by
        return cls(
            offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
            others=others.astype(np.int64),
            residuals=ratings - bias,
        )

    def vote(
        self, x: Places, y: Places, similar: Exact, params: KNNBaselineParams
    ) -> Exact:
        """Return the weighted mean residual for pairs of inner ids, shape ``(n,)``."""
        lengths = np.diff(self.offsets)[y]
        pair = np.repeat(np.arange(len(x)), lengths)
        first = np.repeat(np.cumsum(lengths) - lengths, lengths)
        place = np.arange(len(pair)) - first + self.offsets[y][pair]
        weight = similar[x[pair], self.others[place]]
        alike = weight > 0  # the others would come last and do not vote
        pair, place, weight = pair[alike], place[alike], weight[alike]
        # stable: among equals the earlier rating wins, as in heapq.nlargest
        order = np.lexsort((-weight, pair))
        rank = np.arange(len(pair)) - np.searchsorted(pair, pair)
        order = order[rank < params.k]
        pair, weight, residual = (
            pair[order],
            weight[order],
            self.residuals[place[order]],
        )
        total = np.bincount(pair, weight * residual, minlength=len(x))
        size = np.bincount(pair, weight, minlength=len(x))
        enough = (np.bincount(pair, minlength=len(x)) >= params.min_k) & (size > 0)
        return np.divide(total, size, out=np.zeros(len(x)), where=enough)


class KNNBaseline:
    """Nearest users, or nearest items, over a bias model."""

    known: Known
    similar: Exact
    ratings: Ratings
    user_bias: Exact
    item_bias: Exact
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: KNNBaselineParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Let Surprise compute biases and similarities."""
        del context
        p = self.params
        known, trainset = Known.of(train)
        algorithm = surprise.KNNBaseline(
            k=p.k,
            min_k=p.min_k,
            sim_options={
                "name": p.similarity,
                "user_based": p.user_based,
                "shrinkage": p.shrinkage,
                "min_support": p.min_support,
            },
            bsl_options={
                "reg_u": p.reg_user,
                "reg_i": p.reg_item,
                "n_epochs": p.bias_epochs,
            },
            verbose=False,
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            algorithm.fit(trainset)
        self.known = known
        self.similar = np.where(np.isnan(algorithm.sim), -np.inf, algorithm.sim)
        self.ratings = Ratings.of(algorithm)
        self.user_bias = spread(algorithm.bu, known.users)
        self.item_bias = spread(algorithm.bi, known.items)
        biases = self.user_bias.size + self.item_bias.size + 1
        self.n_parameters = self.similar.size + biases

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return predictions, float32, shape ``(n,)``."""
        return self.estimate(users, items).astype(np.float32)

    def estimate(self, users: Codes, items: Codes) -> Exact:
        """Return predictions, float64, shape ``(n,)``."""
        values = self.known.mean + self.user_bias[users] + self.item_bias[items]
        both = np.flatnonzero(self.known.both(users, items))
        x, y = self.known.users[users[both]], self.known.items[items[both]]
        if not self.params.user_based:
            x, y = y, x
        ends = np.cumsum(np.diff(self.ratings.offsets)[y])
        start = 0
        while start < len(x):  # as many pairs at once as have VOTES votes between them
            done = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, done + VOTES, "right")))
            part = slice(start, stop)
            values[both[part]] += self.ratings.vote(
                x[part], y[part], self.similar, self.params
            )
            start = stop
        return np.asarray(values)
