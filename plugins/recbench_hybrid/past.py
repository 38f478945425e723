"""What users had, as sums of embeddings of items.

A sum over the items of each row of a batch costs as much as the rows hold, and its
gradient some thirty times that. As active users come up in a batch again and again,
it can be less to sum for every user once: a product with the whole matrix, whose
gradient is a product with its transpose.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn.functional import embedding, embedding_bag

from recbench.neural import Entries, Rows

DENSE = 0.25  # of all entries in a batch, from where summing for every user is less


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """The items of some users.

    Attributes:
        sums: Takes a table of items, ``(m, d)``, to the sum of each user's, ``(b, d)``.
        counts: How many items each has, float32, shape ``(b,)``.
    """

    sums: Callable[[Tensor], Tensor]
    counts: Tensor


def of_entries(entries: Entries) -> Past:
    """Return the items that are stored in rows, 1 each."""
    counts = torch.zeros(len(entries.starts), device=entries.value.device)
    counts.index_add_(0, entries.owner, entries.value)

    def sums(table: Tensor) -> Tensor:
        return embedding_bag(entries.column, table, entries.starts, mode="sum")

    return Past(sums=sums, counts=counts)


class Histories:
    """The items of all users, 1 each.

    Args:
        matrix: float32, shape ``(n_users, n_items)``.
        device: Where the batches will be used.
    """

    def __init__(self, matrix: csr_array, device: torch.device) -> None:
        """Copy the matrix and its transpose to the device."""
        self.matrix = matrix
        self.rows = Rows(matrix, device)
        self.columns = Rows(csr_array(matrix.T.tocsr()), device)

    def of(self, users: Tensor) -> Past:
        """Return the items of users, int64, shape ``(b,)``."""
        counts = self.rows.counts[users]
        if int(counts.sum()) < DENSE * len(self.rows.columns):
            return of_entries(self.rows.entries(users))

        def sums(table: Tensor) -> Tensor:
            every: Tensor = _SumsOfAll.apply(table, self.rows, self.columns)  # type: ignore[no-untyped-call]  # torch ships no type for it
            return embedding(users, every)

        return Past(sums=sums, counts=counts.to(torch.float32))


class _SumsOfAll(torch.autograd.Function):
    """The sums of all rows, with their gradient."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, rows: Rows, columns: Rows) -> Tensor:  # noqa: ANN401 - torch gives the context no public type
        """Return the sum of the table's rows for each row of the matrix."""
        ctx.columns = columns
        return embedding_bag(rows.columns, table, rows.starts, mode="sum")

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401 - torch gives the context no public type
        """Return the gradient with respect to the table."""
        back: Rows = ctx.columns
        grad = embedding_bag(back.columns, gradient, back.starts, mode="sum")
        return grad, None, None
