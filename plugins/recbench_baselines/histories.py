"""What users did, as rows of a sparse matrix: known users and queries alike."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import Interactions, Queries


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Histories:
    """The training positives, and the same view of users met later.

    Attributes:
        matrix: 1 for each positive pair, float32, shape ``(n_users, n_items)``.
        threshold: Ratings from which an interaction is positive, or None.
    """

    matrix: csr_array
    threshold: float | None

    @classmethod
    def of(cls, train: Interactions) -> Self:
        """Return the histories of the users of ``train``."""
        return cls(matrix=train.positives().csr(), threshold=train.threshold)

    def of_users(self, users: NDArray[np.int32]) -> csr_array:
        """Return the rows of known users, float32, shape ``(b, n_items)``."""
        return self.matrix[users]

    def of_queries(self, queries: Queries) -> csr_array:
        """Return one row per query: 1 for each positive item of its history.

        Interactions rated below the threshold are left out, as in training.
        """
        rows = np.repeat(np.arange(len(queries)), np.diff(queries.offsets))
        items = queries.items
        if self.threshold is not None and queries.ratings is not None:
            kept = queries.ratings >= np.float32(self.threshold)
            rows, items = rows[kept], items[kept]
        ones = np.ones(len(items), dtype=np.float32)
        shape = (len(queries), self.matrix.shape[1])
        history = csr_array((ones, (rows, items)), shape=shape)
        history.sum_duplicates()
        history.data[:] = 1  # a repeated item counts once, as in training
        return history


def as_scores(product: csr_array | NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a sparse or dense product as a dense float32 array."""
    dense = product.toarray() if isinstance(product, csr_array) else product
    return np.ascontiguousarray(dense, dtype=np.float32)
