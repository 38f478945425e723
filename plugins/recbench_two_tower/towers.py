"""The towers, and the loss that compares the items of a batch with each other."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from recbench.neural import Dropout
from recbench_two_tower import FeatureParams, Params

STD = 0.01  # of the embeddings at the start, as in the notebook


class Tower(nn.Module):
    """Codes to vectors: an embedding and a network on it.

    What a code is known by beside its embedding (features) would join the input of
    the network.

    Args:
        params: Sizes and dropout.
        n: Size of the code space.
    """

    def __init__(self, params: Params, n: int) -> None:
        """Initialise the embedding near 0, the layers as torch does."""
        super().__init__()
        self.embedding = nn.Embedding(n, params.embedding_dim)
        nn.init.normal_(self.embedding.weight, std=STD)
        self.network = network(params)
        self.residual, self.normalize = params.residual, params.normalize

    def forward(self, codes: Tensor) -> Tensor:
        """Return vectors, codes ``(b,)`` to ``(b, embedding_dim)``."""
        embedded = self.embedding(codes)
        vectors: Tensor = self.network(embedded)
        if self.residual:
            vectors = vectors + embedded
        return normalize(vectors, dim=1) if self.normalize else vectors

    @torch.no_grad()
    def everything(self, known: Tensor) -> Tensor:
        """Return all vectors; whoever is not ``known`` gets the mean of those.

        Args:
            known: Codes with training rows.
        """
        codes = torch.arange(self.embedding.num_embeddings, device=known.device)
        vectors: Tensor = self(codes)
        strange = torch.ones(len(codes), dtype=torch.bool, device=known.device)
        strange[known] = False
        vectors[strange] = vectors[~strange].mean(dim=0)
        return vectors


def network(params: Params | FeatureParams) -> nn.Sequential:
    """Return the layers between an embedding and a vector of the same length."""
    sizes = (params.embedding_dim, *params.hidden)
    layers: list[nn.Module] = []
    for before, after in pairwise(sizes):
        layers += [nn.Linear(before, after), Dropout(params.dropout, relu=True)]
    if params.hidden:
        layers.append(nn.Linear(sizes[-1], params.embedding_dim))
    return nn.Sequential(*layers)


def batch_softmax(scores: Tensor, items: Tensor, log_share: Tensor) -> Tensor:
    """Return the sampled softmax loss with the items of the batch as negatives.

    A popular item is a negative more often. Subtracting the logarithm of its share of
    the training rows (logQ; Yi et al., 2019) makes the softmax estimate that over the
    whole catalogue. Where the positive item occurs in other rows too, those are no
    negatives.

    Args:
        scores: Scores of row ``r``'s user and row ``c``'s item, shape ``(b, b)``.
        items: Item codes of the rows, shape ``(b,)``.
        log_share: Logarithm of each row's item's share, shape ``(b,)``; 0 corrects
            nothing.

    Returns:
        The mean over rows of the negative log-probability of the diagonal.
    """
    logits = scores - log_share
    same = items[:, None] == items
    same.fill_diagonal_(fill_value=False)
    rows = torch.arange(len(items), device=items.device)
    return cross_entropy(logits.masked_fill(same, -torch.inf), rows)
