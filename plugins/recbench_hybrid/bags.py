"""Sums of embeddings over what rows hold: features, or items that users had.

A sum over the entries of each row of a batch costs as much as the rows hold, and its
gradient some thirty times that. As rows come up in a batch again and again, it can be
less to sum for every row once: a product with the whole matrix, whose gradient is a
product with its transpose.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn.functional import embedding, embedding_bag

from recbench.neural import Entries, Rows

LARGE = 0.25  # share of all entries in a batch from which summing every row is less
Sums = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bags:
    """The entries of ``b`` rows.

    Attributes:
        sums: Takes a table, one row for each column of the matrix, ``(m, d)``, to the
            weighted sum of each row's, ``(b, d)``.
        squares: The same with squared weights.
        counts: How many entries each row has, float32, shape ``(b,)``.
    """

    sums: Sums
    squares: Sums
    counts: Tensor


def of_entries(entries: Entries) -> Bags:
    """Return the entries of a batch as they are."""
    at, starts, values = entries.column, entries.starts, entries.value
    ends = torch.cat((starts[1:], starts.new_tensor([len(at)])))
    return Bags(
        sums=lambda table: weighted(table, at, starts, values),
        squares=lambda table: weighted(table, at, starts, values.square()),
        counts=(ends - starts).to(torch.float32),
    )


class Matrix:
    """A sparse matrix on the device.

    Args:
        matrix: float32, shape ``(n, m)``.
        device: Where the batches will be used.

    Attributes:
        matrix: As given.
    """

    def __init__(self, matrix: csr_array, device: torch.device) -> None:
        """Copy the matrix and its transpose to the device."""
        self.matrix = matrix
        self.rows = Rows(matrix, device)
        self.columns = Rows(csr_array(matrix.T.tocsr()), device)

    def of(self, rows: Tensor) -> Bags:
        """Return the entries of rows, int64, shape ``(b,)``."""
        counts = self.rows.counts[rows]
        if int(counts.sum()) < LARGE * len(self.rows.columns):
            return of_entries(self.rows.entries(rows))
        return Bags(
            sums=lambda table: self._all(table, rows, squared=False),
            squares=lambda table: self._all(table, rows, squared=True),
            counts=counts.to(torch.float32),
        )

    def _all(self, table: Tensor, rows: Tensor, *, squared: bool) -> Tensor:
        every: Tensor = _SumsOfAll.apply(table, self, squared)  # type: ignore[no-untyped-call]  # torch ships no type for it
        return embedding(rows, every)


class _SumsOfAll(torch.autograd.Function):
    """The sums of all rows, with their gradient."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, matrix: Matrix, squared: bool) -> Tensor:  # noqa: ANN401 - torch gives the context no public type, and takes no keywords
        """Return the sum of the table's rows for each row of the matrix."""
        ctx.back, ctx.squared = matrix.columns, squared
        return _product(matrix.rows, table, squared=squared)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401 - torch gives the context no public type
        """Return the gradient with respect to the table."""
        return _product(ctx.back, gradient, squared=ctx.squared), None, None


def _product(rows: Rows, table: Tensor, *, squared: bool) -> Tensor:
    """Return the matrix, or that of its squares, times the table."""
    values = rows.values.square() if squared else rows.values
    return weighted(table, rows.columns, rows.starts, values)


def weighted(table: Tensor, at: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
    """Return a weighted sum of the table's rows for each part of ``at``."""
    return embedding_bag(at, table, starts, mode="sum", per_sample_weights=weights)
