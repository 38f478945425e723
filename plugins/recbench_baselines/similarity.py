"""Nearest neighbours by blocks of a sparse product, without an n x n matrix."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

BLOCK_BYTES = 64 * 2**20  # of dense similarities held at once

BM25_K1, BM25_B = 1.2, 0.75

Dense = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weighting:
    """Weights of a binary matrix whose rows are the documents, columns the terms.

    What depends on all rows is taken from those of training, so that a row met later
    has the same weights whatever stands beside it.

    Attributes:
        scheme: ``none``, ``tf-idf`` (inverse document frequency) or ``bm25``
            (Robertson and Zaragoza, 2009, with k1 = 1.2 and b = 0.75).
        idf: Inverse document frequency of each column, float64, shape ``(m,)``.
        mean: Mean length of a row.
    """

    scheme: str
    idf: NDArray[np.float64]
    mean: float

    @classmethod
    def of(cls, rows: csr_array, scheme: str) -> Self:
        """Take the statistics from training rows, shape ``(n, m)``."""
        n, m = rows.shape
        frequency = np.bincount(rows.indices, minlength=m)
        if scheme == "bm25":
            idf = np.log1p((n - frequency + 0.5) / (frequency + 0.5))
        else:
            idf = np.log((1 + n) / (1 + frequency)) + 1
        return cls(scheme=scheme, idf=idf, mean=max(rows.nnz / n, 1e-12))

    def __call__(self, rows: csr_array) -> csr_array:
        """Return weighted rows, float32, shape ``(b, m)``."""
        if self.scheme == "none":
            return rows
        weights = self.idf[rows.indices]
        if self.scheme == "bm25":
            lengths = np.diff(rows.indptr).astype(np.float64)
            norm = BM25_K1 * (1 - BM25_B + BM25_B * lengths / self.mean)
            weights *= np.repeat((BM25_K1 + 1) / (1 + norm), np.diff(rows.indptr))
        data = rows.data * weights.astype(np.float32)
        return csr_array((data, rows.indices, rows.indptr), shape=rows.shape)


def squared_norms(rows: csr_array) -> Dense:
    """Return the squared length of each row, float32, shape ``(n,)``."""
    sums = csr_array((rows.data**2, rows.indices, rows.indptr), shape=rows.shape)
    return np.asarray(sums.sum(axis=1), dtype=np.float32)


def normalised(
    products: Dense, left: Dense, right: Dense, *, similarity: str, shrink: float
) -> Dense:
    """Turn products of rows into similarities, in place.

    ``cosine``: ``x.y / (|x| |y| + shrink)``; ``jaccard``:
    ``x.y / (|x|^2 + |y|^2 - x.y + shrink)``, which is Jaccard's index for binary rows
    and Tanimoto's for weighted ones; 0 where the product is 0.

    Args:
        products: float32, shape ``(b, n)``.
        left: Squared norms of the ``b`` rows.
        right: Squared norms of the ``n`` rows.
        similarity: ``cosine`` or ``jaccard``.
        shrink: Added to the denominator.
    """
    if similarity == "jaccard":
        scale = left[:, None] + right - products
    else:
        scale = np.sqrt(left)[:, None] * np.sqrt(right)
    scale += np.float32(shrink)
    np.divide(products, scale, out=products, where=products != 0)
    return products


def strongest(block: Dense, k: int) -> csr_array:
    """Keep the ``k`` entries of largest size in each row; zeros are never kept.

    Entries that tie with the k-th are kept too, so that the order of columns
    decides nothing.
    """
    size = np.abs(block)
    n = block.shape[1]
    if k < n:
        cut = np.partition(size, n - k, axis=1)[:, n - k]
        size[size < cut[:, None]] = 0
    rows, columns = np.nonzero(size)
    indptr = np.searchsorted(rows, np.arange(len(block) + 1))
    return csr_array((block[rows, columns], columns, indptr), shape=block.shape)


def by_blocks(n: int, width: int, part: Callable[[slice], csr_array]) -> csr_array:
    """Stack the rows that ``part`` makes, a bounded number at a time.

    Args:
        n: Number of rows.
        width: Columns of the dense block that ``part`` needs.
        part: Returns the sparse rows of a slice.
    """
    size = max(1, BLOCK_BYTES // (4 * max(width, 1)))
    blocks = [part(slice(start, start + size)) for start in range(0, n, size)]
    return csr_array(vstack(blocks, format="csr", dtype=np.float32))


def neighbours(rows: csr_array, *, k: int, similarity: str, shrink: float) -> csr_array:
    """Return the ``k`` most similar other rows of each row.

    Args:
        rows: float32, shape ``(n, m)``.
        k: Neighbours kept for each row.
        similarity: ``cosine`` or ``jaccard``.
        shrink: Added to the denominator of a similarity.

    Returns:
        Similarities, float32, shape ``(n, n)``, at most ``k`` in a row (more only
        where they tie), none on the diagonal.
    """
    norms = squared_norms(rows)
    columns = csr_array(rows.T.tocsr())  # (m, n)

    def part(chosen: slice) -> csr_array:
        block = (rows[chosen] @ columns).toarray()  # (b, n)
        block = normalised(
            block, norms[chosen], norms, similarity=similarity, shrink=shrink
        )
        local = np.arange(len(block))
        block[local, local + chosen.start] = 0
        return strongest(block, k)

    return by_blocks(rows.shape[0], rows.shape[0], part)
