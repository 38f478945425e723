"""``sgd-mf``: biased matrix factorization, one rating at a time (Funk, 2006).

``r_hat = mu + b_u + b_i + <q_i, p_u>`` (Koren et al., 2009) minimises squared error
with an L2 penalty by stochastic gradient descent. It is ``svd`` of scikit-surprise over
again, compiled and in float32: the same fresh factors for a seed, the same order of
steps (user by user in the order of their first row), the same step.

Deviation: float32 where Surprise computes in float64; predictions are clipped by the
harness. Users and items without a training row have factors and bias 0; without
biases, their pairs get the mean of the training ratings.

Memory beyond the columns: 4 (d + 1) bytes for each user and item, ``d`` rounded up to a
multiple of 8, and 8 bytes for each row unless the rows of each user stand together
already. Columns are read where they are, memory-mapped or not.
"""

import numpy as np
from numpy.typing import NDArray

from recbench import FitContext, Interactions, load_fitted, save_fitted
from recbench_baselines.compiled import kernel, kernels_for, zeros
from recbench_baselines.kernels import LANES
from recbench_baselines.params import SGDMFParams

Codes = NDArray[np.int32]
Places = NDArray[np.int64]
Scores = NDArray[np.float32]

SEEDS = 2**32  # Surprise takes numpy's legacy seeds
DRAWN = 1 << 20  # fresh factors drawn at once in float64
PAIRS = 1 << 14  # pairs predicted at once


class SGDMF:
    """Mean, biases and factors."""

    mean: np.float32
    users: Scores
    items: Scores
    user_bias: Scores
    item_bias: Scores
    known_users: NDArray[np.bool_]
    known_items: NDArray[np.bool_]
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: SGDMFParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Descend, rating by rating."""
        p = self.params
        loops = kernels_for(("sgd_epoch", "seen", "group"), context.log)
        owners, starts, items, ratings = by_user(train)
        item_order, _, _ = first_seen(train.items, train.n_items)
        self._fresh(train, owners, item_order, context.seed)
        self.mean = np.float32(np.mean(ratings, dtype=np.float64))
        mean = self.mean * np.float32(p.biased)
        rates = (p.learning_rate, p.learning_rate * p.biased, p.reg)
        for epoch in range(1, p.epochs + 1):
            total = loops[0](
                owners,
                starts,
                items,
                ratings,
                mean,
                *map(np.float32, rates),
                self.user_bias,
                self.item_bias,
                self.users,
                self.items,
            )
            context.report(
                epoch=epoch, epochs=p.epochs, loss=float(total / max(len(train), 1))
            )
            if context.should_stop():
                break
        biases = self.user_bias.size + self.item_bias.size + 1
        sides = train.n_users + train.n_items
        self.n_parameters = sides * p.embedding_dim + p.biased * biases

    def _fresh(
        self, train: Interactions, owners: Codes, item_order: Codes, seed: int
    ) -> None:
        """Draw factors as Surprise does: users, then items, by first appearance."""
        self.known_users = np.zeros(train.n_users, dtype=np.bool_)
        self.known_items = np.zeros(train.n_items, dtype=np.bool_)
        self.known_users[owners] = self.known_items[item_order] = True
        # Surprise's generator: the same seed gives the same model
        rng = np.random.RandomState(seed % SEEDS)
        width, std = self.params.embedding_dim, self.params.init_std
        self.users = drawn(rng, owners, (train.n_users, width), std)
        self.items = drawn(rng, item_order, (train.n_items, width), std)
        self.user_bias = np.zeros(train.n_users, dtype=np.float32)
        self.item_bias = np.zeros(train.n_items, dtype=np.float32)

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return predictions, float32, shape ``(n,)``."""
        out = np.empty(len(users), dtype=np.float32)
        for start in range(0, len(out), PAIRS):
            part = slice(start, start + PAIRS)
            out[part] = self._pairs(users[part], items[part])
        return out

    def _pairs(self, users: Codes, items: Codes) -> Scores:
        product = np.einsum("nd,nd->n", self.users[users], self.items[items])
        if self.params.biased:
            biases = self.user_bias[users] + self.item_bias[items]
            return np.asarray(self.mean + biases + product)
        both = self.known_users[users] & self.known_items[items]
        return np.where(both, product, self.mean)

    def user_vectors(self, users: Codes) -> Scores:
        """Return ``(p_u, 1)``, float32, shape ``(b, d + 1)``."""
        ones = np.ones(len(users), dtype=np.float32)
        return np.column_stack((self.users[users, : self.params.embedding_dim], ones))

    def item_vectors(self) -> Scores:
        """Return ``(q_i, b_i)``, float32, shape ``(n_items, d + 1)``.

        Mean and user bias, which are the same for all items, are left out.
        """
        factors = self.items[:, : self.params.embedding_dim]
        return np.column_stack((factors, self.item_bias))


def first_seen(codes: Codes, size: int) -> tuple[Codes, Places, bool]:
    """Return the codes that occur, by first row; the rows of each; and if grouped."""
    counts = np.zeros(size, dtype=np.int64)
    order = np.empty(size, dtype=np.int32)
    codes = np.ascontiguousarray(codes, dtype=np.int32)
    found, grouped = kernel("seen")(codes, counts, order)
    return order[:found], counts, grouped


def by_user(train: Interactions) -> tuple[Codes, Places, Codes, Scores]:
    """Return owners, starts, items and ratings as ``kernels.sgd_epoch`` takes them.

    Rows that stand together by user already are not copied.
    """
    users = np.ascontiguousarray(train.users, dtype=np.int32)
    items = np.ascontiguousarray(train.items, dtype=np.int32)
    ratings = np.ascontiguousarray(train.ratings, dtype=np.float32)
    owners, counts, grouped = first_seen(users, train.n_users)
    starts = np.zeros(len(owners) + 1, dtype=np.int64)
    np.cumsum(counts[owners], out=starts[1:])
    if grouped:
        return owners, starts, items, ratings
    free = np.zeros(train.n_users, dtype=np.int64)
    free[owners] = starts[:-1]
    to, put = np.empty_like(items), np.empty_like(ratings)
    kernel("group")(users, items, ratings, free, to, put)
    return owners, starts, to, put


def drawn(
    rng: np.random.RandomState, order: Codes, shape: tuple[int, int], std: float
) -> Scores:
    """Draw a row for each code of ``order``, in that order; zero for all others.

    Returns:
        float32, with columns of zeros up to a multiple of ``LANES``.
    """
    size, width = shape
    out = zeros((size, -(-width // LANES) * LANES))
    rows = max(1, DRAWN // width)
    for start in range(0, len(order), rows):
        part = order[start : start + rows]
        out[part, :width] = rng.normal(0, std, (len(part), width))
    return out
