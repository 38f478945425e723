"""EASE: a linear autoencoder in closed form (Steck, 2019).

Objective: ``|X - X B|^2 + reg |B|^2`` with a zero diagonal of ``B``, where ``X`` holds
1 for each positive pair. With ``P = (X'X + reg I)^-1`` the solution is
``B_ij = -P_ij / P_jj`` off the diagonal.

Memory: one items x items matrix, factorised, inverted and turned into ``B`` in place.
It is float64 up to 10,000 items and float32 above (40,000 items: 6.4 GB).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_array

from recbench import FitContext, Interactions, Queries, load_fitted, save_fitted
from recbench_baselines.histories import Histories, as_scores
from recbench_baselines.params import EASEParams

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Matrix = NDArray[np.float64] | NDArray[np.float32]

DOUBLE_UP_TO = 10_000  # items; 800 MB of float64
BLOCK = 2048  # columns filled or mirrored at once


def gram(rows: csr_array) -> Scores:
    """Return ``X'X``, dense, float32, shape ``(n_items, n_items)``.

    Counts of common users are whole numbers, which float32 holds exactly up to 16
    million.
    """
    n = rows.shape[1]
    dense = np.empty((n, n), dtype=np.float32)
    columns = csr_array(rows.T.tocsr())  # (n_items, n_users)
    for start in range(0, n, BLOCK):
        part = slice(start, start + BLOCK)
        dense[part] = (columns[part] @ rows).toarray()
    return dense


def inverse(matrix: Matrix) -> Matrix:
    """Invert a symmetric positive definite matrix in its own memory.

    Args:
        matrix: Row-major, shape ``(n, n)``; overwritten by the answer.
    """
    # the transpose is the same matrix in the column-major order that LAPACK wants
    double = matrix.dtype == np.float64
    factorise = lapack.dpotrf if double else lapack.spotrf
    invert = lapack.dpotri if double else lapack.spotri
    factor, failed = factorise(matrix.T, lower=True, overwrite_a=True, clean=False)
    if failed:
        msg = f"X'X + reg I is not positive definite (LAPACK {failed}): raise reg"
        raise np.linalg.LinAlgError(msg)
    result = invert(factor, lower=True, overwrite_c=True)[0].T
    for start in range(0, len(result), BLOCK):  # potri fills one triangle only
        part = slice(start, start + BLOCK)
        corner = np.triu(result[part, part])
        result[part, part] = corner + np.triu(corner, 1).T
        result[start + BLOCK :, part] = result[part, start + BLOCK :].T
    return np.asarray(result)


class EASE:
    """``score = x B``: the user's items, each voting by its row of ``B``."""

    histories: Histories
    weights: Scores
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: EASEParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Invert the regularised Gram matrix."""
        del context
        self.histories = Histories.of(train)
        matrix: Matrix = gram(self.histories.matrix)
        if train.n_items <= DOUBLE_UP_TO:
            matrix = matrix.astype(np.float64)
        places = np.arange(train.n_items)
        matrix[places, places] += self.params.reg
        weights = inverse(matrix)
        weights /= -weights[places, places]  # divides column j by -P_jj
        weights[places, places] = 0
        self.weights = weights.astype(np.float32, copy=False)
        self.n_parameters = train.n_items * (train.n_items - 1)

    def score(self, users: Codes) -> Scores:
        """Return float32, shape ``(b, n_items)``."""
        return as_scores(self.histories.of_users(users) @ self.weights)

    def score_queries(self, queries: Queries) -> Scores:
        """Return float32, shape ``(n, n_items)``; any history will do."""
        return as_scores(self.histories.of_queries(queries) @ self.weights)
