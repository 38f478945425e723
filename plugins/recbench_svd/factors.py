"""Surprise's factor models, predicted by one formula for all pairs.

``svd`` (Funk, 2006; Koren et al., 2009) and ``svd-pp`` (Koren, 2008)::

    r_hat = mu + b_u + b_i + <q_i, p_u>       p_u + |I_u|^-1/2 sum_j y_j for svd-pp

minimise squared error with an L2 penalty by stochastic gradient descent, one rating at
a time; ``nmf`` (Luo et al., 2014) keeps ``p`` and ``q`` non-negative by its choice of
step, without mean and biases unless ``biased``.

Training is Surprise's own, that of ``svd-pp`` its steps in blocks (``plus_plus``).
Deviation: none in the models; predictions are not clipped here, because the harness
clips everybody's. In the task ``top-n`` the score is the
predicted rating: these models are trained on given ratings only, and rank as such.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import surprise
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import FitContext, Interactions, load_fitted, save_fitted
from recbench_svd import plus_plus
from recbench_svd.params import NMFParams, SVDParams, SVDppParams
from recbench_svd.trainset import Known, spread

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Exact = NDArray[np.float64]

Training = Callable[[surprise.AlgoBase, surprise.Trainset], object]

SEEDS = 2**32  # Surprise takes numpy's legacy seeds
PAIRS = 1 << 12  # pairs predicted at once, so that their factors stay in cache


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Factors:
    """What a fitted factor model comes down to, one row per code.

    Attributes:
        known: Which codes Surprise knows.
        mean: Added to every prediction; 0 without biases.
        user_bias: float64, shape ``(n_users,)``; 0 where unknown.
        item_bias: float64, shape ``(n_items,)``; likewise.
        users: float64, shape ``(n_users, d)``; likewise.
        items: float64, shape ``(n_items, d)``; likewise.
        biased: Whether a pair with an unknown side gets mean and biases; otherwise
            it gets the mean of the training ratings, as in Surprise.
    """

    known: Known
    mean: float
    user_bias: Exact
    item_bias: Exact
    users: Exact
    items: Exact
    biased: bool

    def of(self, users: Codes, items: Codes) -> Exact:
        """Return predictions of pairs, float64, shape ``(n,)``."""
        values = self.mean + self.user_bias[users] + self.item_bias[items]
        for start in range(0, len(values), PAIRS):
            part = slice(start, start + PAIRS)
            rows = self.items[items[part]], self.users[users[part]]
            values[part] += np.einsum("nd,nd->n", *rows)
        if self.biased:
            return np.asarray(values)
        return np.where(self.known.both(users, items), values, self.known.mean)

    def table(self, users: Codes) -> Exact:
        """Return predictions of all items, float64, shape ``(b, n_items)``."""
        values = self.users[users] @ self.items.T
        values += self.mean + self.user_bias[users, None] + self.item_bias
        if self.biased:
            return np.asarray(values)
        users_known = self.known.users[users, None] >= 0
        both = users_known & (self.known.items >= 0)
        return np.where(both, values, self.known.mean)

    @property
    def n_parameters(self) -> int:
        """How many numbers were learned."""
        biases = self.user_bias.size + self.item_bias.size
        return self.users.size + self.items.size + self.biased * (biases + 1)


def collected(algorithm: surprise.AlgoBase, known: Known, *, biased: bool) -> Factors:
    """Read the factors out of a fitted Surprise algorithm."""
    users = algorithm.pu
    if hasattr(algorithm, "yj"):  # SVD++: what the user rated is part of the user
        users = users + implicit(algorithm.trainset, algorithm.yj)
    return Factors(
        known=known,
        mean=known.mean if biased else 0.0,
        user_bias=spread(algorithm.bu, known.users),
        item_bias=spread(algorithm.bi, known.items),
        users=spread(users, known.users),
        items=spread(algorithm.qi, known.items),
        biased=biased,
    )


def implicit(trainset: surprise.Trainset, vectors: Exact) -> Exact:
    """Return ``|I_u|^-1/2 sum_j y_j`` of each inner user, shape ``(n_users, d)``."""
    lengths = [len(trainset.ur[user]) for user in range(trainset.n_users)]
    columns = [
        item for user in range(trainset.n_users) for item, _ in trainset.ur[user]
    ]
    indptr = np.concatenate(([0], np.cumsum(lengths)))
    shape = (trainset.n_users, trainset.n_items)
    rated = csr_array((np.ones(len(columns)), columns, indptr), shape=shape)
    return np.asarray(rated @ vectors) / np.sqrt(lengths)[:, None]


def _fit(algorithm: surprise.AlgoBase, trainset: surprise.Trainset) -> None:
    algorithm.fit(trainset)


class FactorModel:
    """A factor model of Surprise."""

    factors: Factors
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(
        self,
        make: Callable[[int], surprise.AlgoBase],
        *,
        biased: bool = True,
        train: Training = _fit,
    ) -> None:
        """Make an untrained model.

        Args:
            make: Returns the Surprise algorithm for a seed.
            biased: Whether it has mean and biases.
            train: Fits it.
        """
        self.make = make
        self.biased = biased
        self.train = train

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Let Surprise train, then read out the factors."""
        known, trainset = Known.of(train)
        algorithm = self.make(context.seed % SEEDS)
        self.train(algorithm, trainset)
        self.factors = collected(algorithm, known, biased=self.biased)
        self.n_parameters = self.factors.n_parameters

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return predictions, float32, shape ``(n,)``."""
        return self.factors.of(users, items).astype(np.float32)

    def user_vectors(self, users: Codes) -> Scores:
        """Return ``(p_u, 1)``, float32, shape ``(b, d + 1)``."""
        vectors = self.factors.users[users]
        return np.column_stack((vectors, np.ones(len(users)))).astype(np.float32)

    def item_vectors(self) -> Scores:
        """Return ``(q_i, b_i)``, float32, shape ``(n_items, d + 1)``.

        Mean and user bias, which are the same for all items, are left out.
        """
        factors = self.factors
        return np.column_stack((factors.items, factors.item_bias)).astype(np.float32)


def svd(params: SVDParams) -> FactorModel:
    """Return an untrained SVD."""
    p = params
    return FactorModel(
        lambda seed: surprise.SVD(
            n_factors=p.embedding_dim,
            n_epochs=p.epochs,
            biased=p.biased,
            init_std_dev=p.init_std,
            lr_all=p.learning_rate,
            reg_all=p.reg,
            random_state=seed,
        ),
        biased=p.biased,
    )


def svd_pp(params: SVDppParams) -> FactorModel:
    """Return an untrained SVD++."""
    p = params
    return FactorModel(
        lambda seed: surprise.SVDpp(
            n_factors=p.embedding_dim,
            n_epochs=p.epochs,
            init_std_dev=p.init_std,
            lr_all=p.learning_rate,
            reg_all=p.reg,
            random_state=seed,
            cache_ratings=True,
        ),
        train=plus_plus.train,
    )


def nmf(params: NMFParams) -> FactorModel:
    """Return an untrained NMF."""
    p = params
    return FactorModel(
        lambda seed: surprise.NMF(
            n_factors=p.embedding_dim,
            n_epochs=p.epochs,
            biased=p.biased,
            reg_pu=p.reg,
            reg_qi=p.reg,
            reg_bu=p.bias_reg,
            reg_bi=p.bias_reg,
            lr_bu=p.bias_learning_rate,
            lr_bi=p.bias_learning_rate,
            random_state=seed,
        ),
        biased=p.biased,
    )
