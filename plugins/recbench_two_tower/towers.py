"""The towers, and the loss that compares the items of a batch with each other."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from recbench.neural import Dropout, Linear, linear, softmax_loss
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
        layers += [Linear(before, after), Dropout(params.dropout, relu=True)]
    if params.hidden:
        layers.append(Linear(sizes[-1], params.embedding_dim))
    return nn.Sequential(*layers)


def batch_softmax(
    users: Tensor, items: Tensor, codes: Tensor, log_share: Tensor, temperature: float
) -> Tensor:
    """Return the sampled softmax loss with the items of the batch as negatives.

    A popular item is a negative more often. Subtracting the logarithm of its share of
    the training rows (logQ; Yi et al., 2019) makes the softmax estimate that over the
    whole catalogue. Where the positive item occurs in other rows too, those are no
    negatives.

    Args:
        users: Vectors of the rows' users, shape ``(b, d)``.
        items: Vectors of the rows' items, shape ``(b, d)``.
        codes: Codes of these items, shape ``(b,)``.
        log_share: Logarithm of each row's item's share, shape ``(b,)``; 0 corrects
            nothing.
        temperature: What the scores are divided by.

    Returns:
        The mean over rows of the negative log-probability of the row's own item.
    """
    own = (users * items).sum(dim=1) / temperature - log_share
    return softmax_loss(
        own,
        linear(users, items),
        excluded=codes[:, None] == codes,
        scale=1 / temperature,
        shift=-log_share,
    )
