"""A tower that sums the embeddings of code, features and history."""

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, normalize

from recbench.neural import Entries, lazy_tables, sparse_product
from recbench_two_tower import FeatureParams
from recbench_two_tower.towers import STD, network


class FeatureTower(nn.Module):
    """One tower: a sum of embeddings and a network on it.

    Args:
        params: Sizes and dropout.
        n: Size of the code space.
        width: Columns of the features.
        n_past: Items a history may hold; 0 where the tower reads none.
    """

    def __init__(
        self, params: FeatureParams, n: int, width: int, n_past: int = 0
    ) -> None:
        """Initialise the embeddings near 0, the layers as torch does."""
        super().__init__()
        d = params.embedding_dim
        self.codes, self.features, self.past = (
            nn.Embedding(size, d, _weight=torch.randn(size, d) * STD)
            for size in (n, width, n_past)
        )
        self.network = network(params)
        self.residual, self.normalize = params.residual, params.normalize

    def make_lazy(self, batch_size: int, entries: float, events: float = 0.0) -> None:
        """Let large tables be moved row by row; see ``lazy_tables``.

        Args:
            batch_size: Codes in a batch.
            entries: Mean number of entries that the features of one have.
            events: Mean length of a history.
        """
        reads = ((self.codes, 1.0), (self.features, entries), (self.past, events))
        for table, each in reads:
            lazy_tables(table, batch_size=max(1, round(batch_size * each)))

    def forward(
        self,
        codes: Tensor,
        keep: Tensor,
        features: Entries,
        past: Entries | None = None,
        target: Tensor | None = None,
    ) -> Tensor:
        """Return vectors, shape ``(b, d)``.

        Args:
            codes: int64, shape ``(b,)``.
            keep: Shape ``(b, 1)``: 0 for whoever is known without the code.
            features: Encoded features.
            past: The users' items, 1 each; None for items.
            target: The item of each history that does not count, shape ``(b,)``.
        """
        x = self.codes(codes) * keep
        if self.features.num_embeddings:
            x = x + _bag(self.features, features)
        if past is not None and self.past.num_embeddings:
            x = x + self._history(past, target)
        vectors: Tensor = self.network(x)
        if self.residual:
            vectors = vectors + x
        return normalize(vectors, dim=1) if self.normalize else vectors

    def _history(self, past: Entries, target: Tensor | None) -> Tensor:
        """Return the sum of the items' embeddings over the root of their number."""
        summed = _bag(self.past, past)
        count = torch.zeros(len(summed), device=summed.device)
        count.index_add_(0, past.owner, past.value)
        if target is not None:
            summed = summed - self.past(target)
            count = count - 1
        return summed / count.clamp(min=1).sqrt()[:, None]


def _bag(table: nn.Embedding, entries: Entries) -> Tensor:
    if not table.sparse:
        return sparse_product(entries, table.weight)
    return embedding_bag(
        entries.column,
        table.weight,
        entries.starts,
        mode="sum",
        sparse=True,
        per_sample_weights=entries.value,
    )
