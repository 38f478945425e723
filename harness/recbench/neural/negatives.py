"""Negative samples for all pairs of an epoch at once."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from recbench.interactions import Interactions
from recbench.neural.precision import moved

ROUNDS = 8


class NegativeSampler:
    """Draw items that a user has not interacted with, for many users at once.

    Items are drawn independently, with replacement, uniformly or by
    ``popularity ** power`` (Mikolov et al., 2013, use 0.75). Draws that hit a
    positive of the user are drawn again, up to eight times; after that the draw
    stays, so a user who knows almost every item costs no endless loop.

    Args:
        train: Interactions that count as positive.
        distribution: ``uniform`` over items with an interaction, or ``popularity``.
        power: Exponent of the popularity.
        avoid_positives: Whether to draw hits of positives again.
        device: Where the draws are wanted; they are drawn on the CPU, so that they
            are the same on every device.
    """

    def __init__(
        self,
        train: Interactions,
        *,
        distribution: Literal["uniform", "popularity"] = "uniform",
        power: float = 1.0,
        avoid_positives: bool = True,
        device: torch.device | str = "cpu",
    ) -> None:
        """Sort the positive pairs and sum up the distribution."""
        self.device = torch.device(device)
        self.n_items = train.n_items
        counts = np.bincount(train.items, minlength=train.n_items)
        self.known = torch.from_numpy(np.flatnonzero(counts))
        self.cumulative: Tensor | None = None
        if distribution == "popularity":
            weights = counts[self.known.numpy()].astype(np.float64) ** power
            self.cumulative = torch.from_numpy(np.cumsum(weights))
        self.keys: Tensor | None = None
        if avoid_positives:
            keys = train.users.astype(np.int64) * train.n_items + train.items
            self.keys = torch.from_numpy(np.unique(keys))

    def draw(self, users: Tensor, per_user: int = 1) -> Tensor:
        """Draw ``per_user`` items for each entry of ``users``.

        Args:
            users: int64 user codes, shape ``(n,)``; an epoch's worth at once.
            per_user: Draws for each.

        Returns:
            int64 item codes, shape ``(n, per_user)``.
        """
        owners = users.cpu().repeat_interleave(per_user)
        items = self._items(len(owners))
        if self.keys is not None:
            wrong = self._positive(owners, items).nonzero().squeeze(1)
            for _ in range(ROUNDS):
                if not len(wrong):
                    break
                items[wrong] = self._items(len(wrong))
                wrong = wrong[self._positive(owners[wrong], items[wrong])]
        return moved(items.view(len(users), per_user), self.device)

    def _items(self, n: int) -> Tensor:
        """Draw ``n`` items, whoever they are for."""
        if self.cumulative is None:
            return self.known[torch.randint(len(self.known), (n,))]
        total = self.cumulative[-1]
        where = torch.rand(n, dtype=torch.float64) * total
        return self.known[torch.searchsorted(self.cumulative, where, right=True)]

    def _positive(self, users: Tensor, items: Tensor) -> Tensor:
        """Return whether each pair is a positive one, by binary search."""
        keys = self.keys
        if keys is None or not len(keys):
            return torch.zeros(len(items), dtype=torch.bool)
        wanted = users * self.n_items + items
        at = torch.searchsorted(keys, wanted).clamp_(max=len(keys) - 1)
        return keys[at] == wanted
