"""Users and items as sums of embeddings: of their code, their features, their past.

``b`` is a batch, ``d`` the length of an embedding. Every row has ``d + 1`` columns;
the last is the bias, which is summed like the rest.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from recbench.neural import linear
from recbench_hybrid.bags import Bags
from recbench_hybrid.known import Known

STD = 0.05  # of the embeddings at the start


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Some users or items.

    Attributes:
        codes: int64, shape ``(b,)``; any code where ``keep`` is 0.
        keep: float32, shape ``(b, 1)``: what the embedding of the code is multiplied
            by; 0 for whoever is known by the features alone.
        features: Their encoded features.
    """

    codes: Tensor
    keep: Tensor
    features: Bags


class Sums(nn.Module):
    """One side: embeddings of codes and of features.

    Args:
        n: Number of codes.
        width: Number of columns of the features.
        dim: Length of an embedding.
        pairs: Whether the bias holds the products of all pairs of a row's own parts,
            as in a factorization machine.
    """

    def __init__(self, n: int, width: int, dim: int, *, pairs: bool) -> None:
        """Initialise embeddings near 0 and biases at 0."""
        super().__init__()
        self.codes = nn.Parameter(_start(n, dim))
        self.features = nn.Parameter(_start(width, dim))
        self.pairs = pairs

    def forward(self, batch: Batch) -> Tensor:
        """Return the sums, shape ``(b, d + 1)``."""
        own = embedding(batch.codes, self.codes) * batch.keep
        total = own
        if len(self.features):
            total = total + batch.features.sums(self.features)
        if not self.pairs:
            return total
        squares = own[:, :-1].square().sum(dim=1, keepdim=True)
        if len(self.features):
            lengths = self.features[:, :-1].square().sum(dim=1, keepdim=True)
            squares = squares + batch.features.squares(lengths)
        crossed = (total[:, :-1].square().sum(dim=1, keepdim=True) - squares) / 2
        return torch.cat((total[:, :-1], total[:, -1:] + crossed), dim=1)


class Net(nn.Module):
    """Both sides, the embeddings of a user's past, and the overall mean.

    Args:
        n: Numbers of users and of items.
        width: Columns of their features.
        dim: Length of an embedding.
        pairs: See :class:`Sums`.
        history: Whether a user's items are features of the user.
    """

    def __init__(
        self,
        n: tuple[int, int],
        width: tuple[int, int],
        dim: int,
        *,
        pairs: bool,
        history: bool,
    ) -> None:
        """Make both sides."""
        super().__init__()
        self.users = Sums(n[0], width[0], dim, pairs=pairs)
        self.items = Sums(n[1], width[1], dim, pairs=pairs)
        self.past = nn.Parameter(_start(n[1], dim)) if history else None
        self.mean = nn.Parameter(torch.zeros(()))

    @classmethod
    def of(cls, known: Known, dim: int, *, pairs: bool, history: bool) -> Self:
        """Make a net for these users and items and their features."""
        sides = (known.users.rows.shape, known.items.rows.shape)
        n, width = ((users, items) for users, items in zip(*sides, strict=True))
        return cls(n, width, dim, pairs=pairs, history=history)

    def user_rows(
        self, batch: Batch, past: Bags | None = None, target: Tensor | None = None
    ) -> Tensor:
        """Return rows of users, shape ``(b, d + 1)``.

        Args:
            batch: The users.
            past: Their items.
            target: The item of each row's past that is to be predicted and so does
                not count, int64, shape ``(b,)``.
        """
        rows: Tensor = self.users(batch)
        if self.past is None or past is None:
            return rows
        summed, count = past.sums(self.past), past.counts
        if target is not None:
            summed = summed - embedding(target, self.past)
            count = count - 1
        return rows + summed / count.clamp(min=1).sqrt()[:, None]


def products(users: Tensor, items: Tensor) -> Tensor:
    """Return the score of every pair of rows, shape ``(b, c)``."""
    # one product with 1 beside each bias: adding them costs passes over the matrix
    one_user, one_item = users.new_ones(len(users), 1), items.new_ones(len(items), 1)
    left = torch.cat((users[:, :-1], one_user, users[:, -1:]), dim=1)
    return linear(left, torch.cat((items, one_item), dim=1))


def paired(users: Tensor, items: Tensor) -> Tensor:
    """Return the score of each row's pair; dimensions before the last may broadcast."""
    dot = (users[..., :-1] * items[..., :-1]).sum(dim=-1)
    return dot + users[..., -1] + items[..., -1]


def _start(n: int, dim: int) -> Tensor:
    table = torch.randn(n, dim + 1) * STD
    table[:, -1] = 0
    return table
