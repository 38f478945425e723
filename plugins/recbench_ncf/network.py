"""GMF, MLP and NeuMF as one torch module that scores pairs, and whole catalogues."""

from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from recbench.neural import Dropout
from recbench_ncf import Params

STD = 0.01  # of the embeddings at the start, as in the paper


class Network(nn.Module):
    """A score for a user and an item: product, network, or the sum of both.

    Args:
        params: Variant and sizes.
        n_users: Size of the user code space.
        n_items: Size of the item code space.
    """

    user_offset: Tensor
    item_offset: Tensor

    def __init__(self, params: Params, n_users: int, n_items: int) -> None:
        """Initialise embeddings near 0, layers as torch does."""
        super().__init__()
        d = params.embedding_dim
        self.product = params.variant in ("gmf", "neumf")
        self.deep = params.variant in ("mlp", "neumf")
        self.register_buffer("user_offset", torch.zeros(n_users))
        self.register_buffer("item_offset", torch.zeros(n_items))
        self.tables = nn.ModuleDict()
        if self.product:
            self._tables("gmf", n_users, n_items, d)
            self.mix = nn.Linear(d, 1, bias=not self.deep)
            nn.init.ones_(self.mix.weight)
        if self.deep:
            self._tables("mlp", n_users, n_items, d)
            self.first = nn.Linear(2 * d, params.hidden[0])
            self.rest = _rest(params)
        self.drop = Dropout(params.dropout)
        for weight in self.tables.parameters():
            nn.init.normal_(weight, std=STD)

    def _tables(self, part: str, n_users: int, n_items: int, d: int) -> None:
        """Add the embeddings of one part."""
        self.tables[f"user_{part}"] = nn.Embedding(n_users, d)
        self.tables[f"item_{part}"] = nn.Embedding(n_items, d)

    def _weight(self, name: str) -> Tensor:
        """Return a table as a matrix; for a whole catalogue, not for a batch."""
        return cast("nn.Embedding", self.tables[name]).weight

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Score pairs: codes ``(b,)`` to ``(b,)``."""
        scores = self.user_offset[users] + self.item_offset[items]
        t = self.tables
        if self.product:
            both = t["user_gmf"](users) * t["item_gmf"](items)  # (b, d)
            scores = scores + self.mix(self.drop(both)).squeeze(1)
        if self.deep:
            both = torch.cat((t["user_mlp"](users), t["item_mlp"](items)), dim=1)
            scores = scores + self.rest(self.first(both)).squeeze(1)
        return scores

    @torch.no_grad()
    def everything(self, users: Tensor) -> Tensor:
        """Score the catalogue: codes ``(b,)`` to ``(b, n_items)``.

        The first layer is linear in user and item, so each part is computed once per
        user and once per item instead of once per pair; the sum is the same.
        """
        scores = self.user_offset[users][:, None] + self.item_offset  # (b, n_items)
        t = self.tables
        if self.product:
            mixed = t["user_gmf"](users) * self.mix.weight
            scores = scores + mixed @ self._weight("item_gmf").T
            if self.mix.bias is not None:
                scores = scores + self.mix.bias
        if self.deep:
            items = self._weight("item_mlp")
            d = items.shape[1]
            of_user = linear(t["user_mlp"](users), self.first.weight[:, :d])
            of_item = linear(items, self.first.weight[:, d:], self.first.bias)
            both = of_user[:, None, :] + of_item  # (b, n_items, hidden[0])
            scores = scores + self.rest(both).squeeze(2)
        return scores

    @torch.no_grad()
    def introduce(self, users: Tensor, items: Tensor) -> None:
        """Give users and items without training rows the mean embedding.

        Args:
            users: User codes in training.
            items: Item codes in training.
        """
        for name in self.tables:
            codes = users if name.startswith("user") else items
            weight = self._weight(name)
            known = torch.zeros(len(weight), dtype=torch.bool, device=weight.device)
            known[codes] = True
            weight[~known] = weight[known].mean(dim=0)


def _rest(params: Params) -> nn.Sequential:
    """Return what follows the first layer."""
    layers: list[nn.Module] = []
    sizes = (*params.hidden, 1)
    for before, after in pairwise(sizes):
        layers += [nn.ReLU(), Dropout(params.dropout), nn.Linear(before, after)]
    return nn.Sequential(*layers)
