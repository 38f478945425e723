"""Bayesian matrix factorization by Gibbs sampling (Salakhutdinov and Mnih, 2008).

``r_ui ~ N(mu + b_u + b_i + <p_u, q_i>, 1 / precision)``; the vectors ``(p_u, b_u)``
and ``(q_i, b_i)`` have normal priors whose mean and precision are sampled too, from a
normal-Wishart distribution with the paper's constants (mean 0, weight 2, as many
degrees of freedom as dimensions, unit scale). A prediction is the mean over samples.

Deviations: biases of users and items are part of the vectors; the precision of the
ratings, fixed at 2 in the paper, is sampled under a flat prior; the chain starts from
random vectors and not from a fitted factorization; predictions of single samples are
not clipped, so that their mean stays a dot product.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import FitContext, Interactions, load_fitted, save_fitted
from recbench_baselines.params import BayesianMFParams

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Matrix = NDArray[np.float64]

WEIGHT = 2.0  # of the prior mean, in observations
PAIRS = 200_000  # predicted at once


def sample_prior(vectors: Matrix, rng: np.random.Generator) -> tuple[Matrix, Matrix]:
    """Draw mean ``(d,)`` and precision ``(d, d)`` of the prior, given the vectors."""
    n, d = vectors.shape
    mean = vectors.mean(axis=0)
    spread = (vectors - mean).T @ (vectors - mean)
    scale = np.eye(d) + spread + WEIGHT * n / (WEIGHT + n) * np.outer(mean, mean)
    precision = sample_wishart(d + n, np.linalg.inv(scale), rng)
    factor = np.linalg.cholesky((WEIGHT + n) * precision)
    noise = np.linalg.solve(factor.T, rng.normal(size=d))
    return n * mean / (WEIGHT + n) + noise, precision


def sample_wishart(freedom: int, scale: Matrix, rng: np.random.Generator) -> Matrix:
    """Draw from a Wishart distribution by its Bartlett decomposition."""
    d = len(scale)
    lower = np.tril(rng.normal(size=(d, d)), -1)
    lower[np.diag_indices(d)] = np.sqrt(rng.chisquare(freedom - np.arange(d)))
    factor = np.linalg.cholesky((scale + scale.T) / 2) @ lower
    return np.asarray(factor @ factor.T)


def conditional(
    rows: csr_array, other: Matrix, noise: float, mean: Matrix, precision: Matrix
) -> tuple[Matrix, Matrix]:
    """Return what the vectors of one side are distributed as, given the other's.

    Args:
        rows: Ratings less their mean, float64, shape ``(n, m)``.
        other: Vectors of the columns, bias last, shape ``(m, d)``.
        noise: Precision of the ratings.
        mean: Of the prior, shape ``(d,)``.
        precision: Of the prior, shape ``(d, d)``.

    Returns:
        Precisions ``(n, d, d)`` of independent normals, and these times their means,
        ``(n, d)``.
    """
    n, d = rows.shape[0], other.shape[1]
    design = other.copy()
    design[:, -1] = 1  # what multiplies the row's own bias
    one, two = np.tril_indices(d)  # the rest is the same
    squares = design[:, one] * design[:, two]
    known = csr_array((np.ones(rows.nnz), rows.indices, rows.indptr), shape=rows.shape)
    left = rows.data - other[rows.indices, -1]
    target = csr_array((left, rows.indices, rows.indptr), shape=rows.shape)
    summed = noise * np.asarray(known @ squares) + precision[one, two]
    precisions = np.empty((n, d, d))
    precisions[:, one, two] = precisions[:, two, one] = summed
    return precisions, noise * np.asarray(target @ design) + precision @ mean


def sample_side(
    rows: csr_array,
    own: Matrix,
    other: Matrix,
    noise: float,
    rng: np.random.Generator,
) -> Matrix:
    """Draw the vectors of one side, their prior first.

    Args:
        rows: Ratings less their mean, float64, shape ``(n, m)``.
        own: Vectors of the rows, bias last, shape ``(n, d)``.
        other: Vectors of the columns, bias last, shape ``(m, d)``.
        noise: Precision of the ratings.
        rng: Source of randomness.
    """
    mean, precision = sample_prior(own, rng)
    precisions, weighed = conditional(rows, other, noise, mean, precision)
    factors = np.linalg.cholesky(precisions)
    # P^-1 L z has the covariance P^-1, so that one system gives mean and noise
    moved = weighed[:, :, None] + factors @ rng.normal(size=(*own.shape, 1))
    return np.asarray(np.linalg.solve(precisions, moved)[:, :, 0])


class BayesianMF:
    """``r_hat``: the mean over samples of ``mu + b_u + b_i + <p_u, q_i>``."""

    mean: float
    users: Scores  # (n_samples, n_users, d)
    items: Scores
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: BayesianMFParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Run the chain and keep its samples."""
        p, rng, d = self.params, context.rng, self.params.embedding_dim + 1
        by_user = train.csr(values="ratings").astype(np.float64)
        by_user.data /= train.csr().data  # repeated pairs: the mean of their ratings
        self.mean = float(by_user.data.mean())
        by_user.data -= self.mean
        by_item = csr_array(by_user.T.tocsr())
        at = np.repeat(np.arange(train.n_users), np.diff(by_user.indptr))
        users = rng.normal(0, p.init_std, (train.n_users, d))
        items = rng.normal(0, p.init_std, (train.n_items, d))
        noise = 1 / max(float(by_user.data.var()), 1e-6)
        samples: list[tuple[Scores, Scores]] = []
        total = p.burn_in + p.sweeps
        for sweep in range(1, total + 1):
            users = sample_side(by_user, users, items, noise, rng)
            items = sample_side(by_item, items, users, noise, rng)
            errors = by_user.data - dot(users[at], items[by_user.indices])
            noise = rng.gamma(1 + len(errors) / 2, 2 / float(errors @ errors))
            late = context.should_stop()
            if sweep > p.burn_in or late:
                kept = users.astype(np.float32), items.astype(np.float32)
                samples.append(kept)
            loss = float(np.sqrt(np.mean(errors**2)))
            context.report(epoch=sweep, epochs=total, loss=loss)
            if late:
                break
        of_users, of_items = zip(*samples, strict=True)
        self.users, self.items = np.stack(of_users), np.stack(of_items)
        self.n_parameters = self.users.size + self.items.size

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return predictions, float32, shape ``(n,)``."""
        total = np.zeros(len(users))
        for start in range(0, len(users), PAIRS):
            part = slice(start, start + PAIRS)
            for of_users, of_items in zip(self.users, self.items, strict=True):
                total[part] += dot(of_users[users[part]], of_items[items[part]])
        return (self.mean + total / len(self.users)).astype(np.float32)


def dot(users: Matrix | Scores, items: Matrix | Scores) -> Matrix | Scores:
    """Return ``b_u + b_i + <p_u, q_i>`` of aligned vectors, shape ``(n,)``."""
    product = np.einsum("nd,nd->n", users[:, :-1], items[:, :-1])
    return np.asarray(product + users[:, -1] + items[:, -1])
