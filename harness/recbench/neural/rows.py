"""Rows of a sparse matrix as batches, so that no dense matrix ever exists."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Rows:
    """A sparse matrix on the device, read a batch of rows at a time.

    Memory is that of the stored entries plus one dense batch.

    Args:
        matrix: float32, shape ``(n, m)``; what is stored is observed, zeros included.
        device: Where the batches will be used.

    Attributes:
        shape: ``(n, m)``.
        counts: int64, stored entries per row, shape ``(n,)``.
    """

    def __init__(self, matrix: "csr_array", device: torch.device | str = "cpu") -> None:
        """Copy the three arrays of the matrix to the device."""
        self.shape: tuple[int, int] = matrix.shape
        offsets = matrix.indptr.astype(np.int64)
        self.starts = torch.from_numpy(offsets[:-1]).to(device)
        self.counts = torch.from_numpy(np.diff(offsets)).to(device)
        self.columns = torch.from_numpy(matrix.indices.astype(np.int64)).to(device)
        self.values = torch.from_numpy(matrix.data.astype(np.float32)).to(device)

    def entries(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the stored entries of ``rows``.

        Args:
            rows: int64, shape ``(b,)``.

        Returns:
            The position in ``rows`` (int64), the column (int64) and the value
            (float32) of each entry, row by row.
        """
        counts = self.counts[rows]
        owner = torch.repeat_interleave(counts)  # (nnz,)
        first = counts.cumsum(0) - counts
        within = torch.arange(len(owner), device=owner.device) - first[owner]
        at = self.starts[rows][owner] + within
        return owner, self.columns[at], self.values[at]

    def dense(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``rows`` as a dense batch, and the mask of what is stored.

        Returns:
            Values and mask, float32, shape ``(b, m)`` each; 0 where nothing is
            stored.
        """
        owner, column, value = self.entries(rows)
        at = owner * self.shape[1] + column
        size = len(rows) * self.shape[1]
        values = torch.zeros(size, device=value.device)
        mask = torch.zeros(size, device=value.device)
        values[at] = value
        mask[at] = 1.0
        shape = (len(rows), self.shape[1])
        return values.view(shape), mask.view(shape)
