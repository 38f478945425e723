"""Rows of a sparse matrix as batches, so that no dense matrix ever exists."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, linear

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entries:
    """What is stored of a batch of ``b`` rows, row by row.

    Attributes:
        owner: Position of each entry's row in the batch, int64, shape ``(nnz,)``.
        column: int64, shape ``(nnz,)``.
        value: float32, shape ``(nnz,)``.
        starts: Where each row's entries begin, int64, shape ``(b,)``.
        width: Number of columns.
    """

    owner: Tensor
    column: Tensor
    value: Tensor
    starts: Tensor
    width: int

    def with_values(self, value: Tensor) -> Self:
        """Return the same entries with other values."""
        return replace(self, value=value)

    def normalized(self) -> Self:
        """Return the entries with rows of length one."""
        squares = torch.zeros(len(self.starts), device=self.value.device)
        squares.index_add_(0, self.owner, self.value.square())
        return self.with_values(self.value * squares.rsqrt()[self.owner])

    def without_zeros(self) -> Self:
        """Return the entries that are not 0, such as those a dropout leaves."""
        kept = torch.nonzero(self.value).squeeze(1)
        owner = self.owner[kept]
        counts = torch.bincount(owner, minlength=len(self.starts))
        return replace(
            self,
            owner=owner,
            column=self.column[kept],
            value=self.value[kept],
            starts=counts.cumsum(0) - counts,
        )

    def dense(self) -> tuple[Tensor, Tensor]:
        """Return the batch as a matrix, and the mask of what is stored.

        Returns:
            Values and mask, float32, shape ``(b, width)`` each; 0 where nothing is
            stored.
        """
        at = self.owner * self.width + self.column
        size = len(self.starts) * self.width
        values = torch.zeros(size, device=self.value.device)
        mask = torch.zeros(size, device=self.value.device)
        values[at] = self.value
        mask[at] = 1.0
        shape = (len(self.starts), self.width)
        return values.view(shape), mask.view(shape)


class Rows:
    """A sparse matrix on the device, read a batch of rows at a time.

    Memory is that of the stored entries plus one batch.

    Args:
        matrix: float32, shape ``(n, m)``; what is stored is observed, zeros included.
        device: Where the batches will be used.

    Attributes:
        shape: ``(n, m)``.
        counts: int64, stored entries per row, shape ``(n,)``.
        columns: int64, the column of every stored entry.
    """

    def __init__(self, matrix: "csr_array", device: torch.device | str = "cpu") -> None:
        """Copy the three arrays of the matrix to the device."""
        self.shape: tuple[int, int] = matrix.shape
        offsets = matrix.indptr.astype(np.int64)
        self.starts = torch.from_numpy(offsets[:-1]).to(device)
        self.counts = torch.from_numpy(np.diff(offsets)).to(device)
        self.columns = torch.from_numpy(matrix.indices.astype(np.int64)).to(device)
        self.values = torch.from_numpy(matrix.data.astype(np.float32)).to(device)

    def entries(self, rows: Tensor) -> Entries:
        """Return the stored entries of ``rows``, int64, shape ``(b,)``."""
        counts = self.counts[rows]
        owner = torch.repeat_interleave(counts)  # (nnz,)
        starts = counts.cumsum(0) - counts
        first = (self.starts[rows] - starts).index_select(0, owner)
        at = torch.arange(len(owner), device=owner.device).add_(first)
        return Entries(
            owner=owner,
            column=self.columns.index_select(0, at),  # half the time of indexing
            value=self.values.index_select(0, at),
            starts=starts,
            width=self.shape[1],
        )

    def dense(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``rows`` as a matrix and the mask of what is stored, ``(b, m)``."""
        return self.entries(rows).dense()


class SparseLinear(nn.Module):
    """A linear layer whose input is a batch of sparse rows.

    On a CPU it sums the weights of the stored columns, which costs as much as there
    are entries; elsewhere a dense product is faster.

    Args:
        width: Columns of the input.
        out: Columns of the output.
    """

    def __init__(self, width: int, out: int) -> None:
        """Initialise as ``nn.Linear`` does."""
        super().__init__()
        bound = width**-0.5
        self.weight = nn.Parameter(torch.empty(width, out).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(out).uniform_(-bound, bound))

    def forward(self, entries: Entries) -> Tensor:
        """Return the outputs, shape ``(b, out)``."""
        if entries.value.device.type != "cpu":
            return linear(entries.dense()[0], self.weight.T, self.bias)
        if self.training:
            entries = entries.without_zeros()
        return sparse_product(entries, self.weight) + self.bias


def sparse_product(entries: Entries, weight: Tensor) -> Tensor:
    """Return sparse rows times a matrix, which is a weighted sum of its rows for each.

    Args:
        entries: ``b`` rows of ``m`` columns.
        weight: float32, shape ``(m, d)``; the gradient is with respect to it alone.

    Returns:
        float32, shape ``(b, d)``.
    """
    product: Tensor = _SparseProduct.apply(weight, entries)  # type: ignore[no-untyped-call]  # torch's
    return product


class _SparseProduct(torch.autograd.Function):
    """Sparse rows times a matrix; its gradient is a sum of rows like the product.

    A third of the time that ``embedding_bag`` takes for the gradient of its table.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, entries: Entries) -> Tensor:  # noqa: ANN401 - torch gives the context no public type
        """Return the products, shape ``(b, out)``."""
        ctx.entries = entries
        return _sums(weight, entries.column, entries.starts, entries.value)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401 - torch gives the context no public type
        """Return the gradient with respect to the matrix."""
        entries: Entries = ctx.entries
        order = _by_column(entries.column)
        counts = torch.bincount(entries.column, minlength=entries.width)
        owner = entries.owner.index_select(0, order)
        value = entries.value.index_select(0, order)
        return _sums(gradient, owner, counts.cumsum(0) - counts, value), None


def _by_column(column: Tensor) -> Tensor:
    """Return the order of entries by column, those of one column as they stand.

    On a CPU NumPy sorts in a tenth of torch's time, and what it sorts are numbers that
    are all different: they hold the place in their last bits.
    """
    if column.device.type != "cpu":
        return torch.argsort(column, stable=True)
    bits = max(1, len(column)).bit_length()
    keys = (column << bits) | torch.arange(len(column))
    ordered = torch.from_numpy(np.sort(keys.numpy()))
    return ordered & ((1 << bits) - 1)


def _sums(table: Tensor, rows: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
    """Return a weighted sum of rows of a table for each start."""
    return embedding_bag(rows, table, starts, mode="sum", per_sample_weights=weights)
