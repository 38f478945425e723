"""GMF, MLP and NeuMF as one torch module that scores pairs, and whole catalogues."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from recbench.neural import Dropout, Linear
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
        d = self.d = params.embedding_dim
        self.product = params.variant in ("gmf", "neumf")
        self.deep = params.variant in ("mlp", "neumf")
        self.register_buffer("user_offset", torch.zeros(n_users))
        self.register_buffer("item_offset", torch.zeros(n_items))
        parts = self.product + self.deep
        self.users = nn.Embedding(n_users, parts * d)  # the product's columns first
        self.items = nn.Embedding(n_items, parts * d)
        if self.product:
            self.mix = nn.Linear(d, 1, bias=not self.deep)
            nn.init.ones_(self.mix.weight)
        if self.deep:
            self.first = Linear(2 * d, params.hidden[0])
            self.rest = _rest(params)
        self.drop = Dropout(params.dropout)
        for table in (self.items, self.users):
            nn.init.normal_(table.weight, std=STD)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Score pairs: codes ``(b,)`` to ``(b,)``."""
        scores = self.user_offset[users] + self.item_offset[items]
        # one lookup and one split for both parts: each has a dense gradient otherwise
        of_user = self.users(users).split(self.d, dim=1)  # (b, d) each
        of_item = self.items(items).split(self.d, dim=1)
        if self.product:
            mixed = self.mix(self.drop(of_user[0] * of_item[0]))
            scores = scores + mixed.squeeze(1)
        if self.deep:
            both = torch.cat((of_user[-1], of_item[-1]), dim=1)
            scores = scores + self.rest(self.first(both)).squeeze(1)
        return scores

    @torch.no_grad()
    def everything(self, users: Tensor) -> Tensor:
        """Score the catalogue: codes ``(b,)`` to ``(b, n_items)``.

        The first layer is linear in user and item, so each part is computed once per
        user and once per item instead of once per pair; the sum is the same.
        """
        scores = self.user_offset[users][:, None] + self.item_offset  # (b, n_items)
        d = self.d
        users_of, items_of = self.users(users), self.items.weight
        if self.product:
            mixed = users_of[:, :d] * self.mix.weight
            scores += mixed @ items_of[:, :d].T
            if self.mix.bias is not None:
                scores += self.mix.bias
        if self.deep:
            weight, bias = self.first.weight, self.first.bias
            of_user = linear(users_of[:, -d:], weight[:, :d])
            of_item = linear(items_of[:, -d:], weight[:, d:], bias)
            x = of_user[:, None, :] + of_item  # (b, n_items, hidden[0])
            for layer in self.rest:
                # in place: a fresh matrix costs more than the product that fills it
                x = x.relu_() if isinstance(layer, Dropout) else layer(x)
            scores += x.squeeze(2)
        return scores

    @torch.no_grad()
    def introduce(self, users: Tensor, items: Tensor) -> None:
        """Give users and items without training rows the mean embedding.

        Args:
            users: User codes in training.
            items: Item codes in training.
        """
        for codes, table in ((users, self.users), (items, self.items)):
            weight = table.weight
            known = torch.zeros(len(weight), dtype=torch.bool, device=weight.device)
            known[codes] = True
            weight[~known] = weight[known].mean(dim=0)


def _rest(params: Params) -> nn.Sequential:
    """Return what follows the first layer."""
    layers: list[nn.Module] = []
    sizes = (*params.hidden, 1)
    for before, after in pairwise(sizes):
        layers += [Dropout(params.dropout, relu=True), Linear(before, after)]
    return nn.Sequential(*layers)
