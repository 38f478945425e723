"""Batches by index tensors: one permutation and one gather per column and epoch."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recbench.errors import UsageError
from recbench.neural.precision import moved


def tensors(
    *columns: NDArray[np.generic], device: torch.device | str = "cpu"
) -> tuple[Tensor, ...]:
    """Move columns to the device once, integers as int64, the rest as float32.

    Args:
        *columns: Arrays of equal length.
        device: Where the batches will be used.

    Returns:
        One tensor per column, sharing memory with it where nothing had to change.
    """
    return tuple(
        moved(
            torch.as_tensor(
                np.asarray(c, dtype=np.int64 if c.dtype.kind in "iub" else np.float32)
            ),
            device,
        )
        for c in columns
    )


def batches(
    *columns: Tensor, size: int, shuffle: bool = True, drop_last: bool = False
) -> Iterator[tuple[Tensor, ...]]:
    """Yield one epoch of aligned batches.

    A loader that fetches row by row costs more than the training step of a small
    model. Here the epoch's order is drawn once, on the CPU whatever the device (so
    that it is the same there), and every batch is a view of the gathered columns.

    Args:
        *columns: Tensors with equal first dimension, on one device.
        size: Rows of a batch; the last one holds what is left.
        shuffle: Whether to permute the rows, from torch's global generator.
        drop_last: Whether to leave out an incomplete last batch (but never the
            only one).

    Yields:
        One tuple per batch, a tensor per column.

    Raises:
        UsageError: If the columns differ in length or ``size`` is below 1.
    """
    lengths = {len(column) for column in columns}
    if len(lengths) != 1 or size < 1:
        msg = f"batches needs columns of one length and size >= 1, got {lengths}, "
        raise UsageError(msg + f"size {size}")
    n = lengths.pop()
    if shuffle:
        order = moved(torch.randperm(n), columns[0].device)
        columns = tuple(column.index_select(0, order) for column in columns)
    stop = n - n % size if drop_last and n >= size else n
    for start in range(0, stop, size):
        yield tuple(column[start : start + size] for column in columns)
