"""Two towers that read features and histories beside codes (Yi et al., 2019).

The input of a tower is a sum: the embedding of the code, of the features, and, in the
user's tower, of the items the user had, divided by the root of their number. What is to
be predicted is taken out of the history first. The loss is that of ``two-tower``: the
softmax over the items of the batch, corrected for their popularity.

Deviations. Features are summed, not concatenated, so that a missing one is a missing
summand; each column of categories or words has length 1. With ``code_dropout`` a row is
at times known without its code (after Volkovs et al., 2017, DropoutNet); codes without
a training interaction never have an embedding. There is no stream: popularity is
counted.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn.functional import embedding, embedding_bag, normalize
from torch.optim.lr_scheduler import LinearLR

from recbench import FeatureEncoder, Features, FitContext, Interactions, Queries
from recbench.neural import (
    EarlyStopping,
    Entries,
    Rows,
    adam,
    batches,
    descend,
    seed_everything,
    tensors,
)
from recbench_two_tower import FeatureParams
from recbench_two_tower.towers import STD, batch_softmax, network

LAST_RATE = 0.02  # share of the learning rate that is left at the last step
Codes = NDArray[np.int32]
Scores = NDArray[np.float32]


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
        self.codes = nn.Parameter(torch.randn(n, d) * STD)
        self.features = nn.Parameter(torch.randn(width, d) * STD)
        self.past = nn.Parameter(torch.randn(n_past, d) * STD)
        self.network = network(params)
        self.residual, self.normalize = params.residual, params.normalize

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
        x = embedding(codes, self.codes) * keep
        if len(self.features):
            x = x + _bag(self.features, features)
        if past is not None and len(self.past):
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
            summed = summed - embedding(target, self.past)
            count = count - 1
        return summed / count.clamp(min=1).sqrt()[:, None]


class FeatureTwoTower:
    """Two towers on features; serves as a dot product of vectors.

    Attributes:
        users: float32, shape ``(n_users, d)``.
        items: float32, shape ``(n_items, d)``.
        n_parameters: How many numbers the towers learned.
    """

    def __init__(self, params: FeatureParams) -> None:
        """Make an untrained model."""
        self.params = params
        self.n_parameters = 0

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Minimise the softmax over the items of each batch with Adam."""
        p, self.device = self.params, seed_everything(context)
        positives = train.positives()
        counts = np.bincount(positives.items, minlength=train.n_items)
        share = counts[positives.items] / max(len(positives), 1)
        log_share = (p.correction * np.log(share)).astype(np.float32)
        self._prepare(train, positives)
        net = nn.ModuleList([self.user_tower, self.item_tower])
        self.n_parameters = sum(weight.numel() for weight in net.parameters())
        optimizer = adam(
            (net.parameters(), p.weight_decay), learning_rate=p.learning_rate
        )
        columns = tensors(
            positives.users, positives.items, log_share, device=self.device
        )
        steps = p.epochs * -(-len(positives) // p.batch_size)
        schedule = LinearLR(optimizer, 1.0, LAST_RATE if p.anneal else 1.0, steps)

        def one_epoch(_epoch: int) -> float:
            losses = []
            for users, items, extra in batches(*columns, size=p.batch_size):
                u = self._users(users, items, dropout=p.code_dropout)
                v = self._items(items, dropout=p.code_dropout)
                loss = batch_softmax(u @ v.T / p.temperature, items, extra)
                losses.append(descend(loss, optimizer))
                schedule.step()
            return float(torch.stack(losses).mean())

        stopping = EarlyStopping(
            self, net, context, epochs=p.epochs, patience=p.patience
        )
        stopping.run(one_epoch, before=self._serve)

    def _prepare(self, train: Interactions, positives: Interactions) -> None:
        """Encode the features and make the towers."""
        p, device = self.params, self.device
        of_users = train.user_features if p.features in {"all", "users"} else None
        of_items = train.item_features if p.features in {"all", "items"} else None
        self.threshold = train.threshold
        self.encoder, users, self.user_known = _encoded(
            of_users, positives.users, train.n_users, device
        )
        _, items, self.item_known = _encoded(
            of_items, positives.items, train.n_items, device
        )
        self.user_features, self.item_features = users, items
        self.past = Rows(positives.csr(), device) if p.history else None
        n_past = train.n_items if p.history else 0
        self.user_tower = FeatureTower(p, train.n_users, users.shape[1], n_past)
        self.item_tower = FeatureTower(p, train.n_items, items.shape[1])
        self.user_tower.to(device)
        self.item_tower.to(device)

    def _users(
        self, codes: Tensor, target: Tensor | None = None, *, dropout: float = 0.0
    ) -> Tensor:
        """Return vectors of users, each without the item that it is to find."""
        past = None if self.past is None else self.past.entries(codes)
        keep = self.user_known[codes] * _kept(len(codes), dropout, self.device)
        vectors: Tensor = self.user_tower(
            codes, keep, self.user_features.entries(codes), past, target
        )
        return vectors

    def _items(self, codes: Tensor, *, dropout: float = 0.0) -> Tensor:
        keep = self.item_known[codes] * _kept(len(codes), dropout, self.device)
        vectors: Tensor = self.item_tower(
            codes, keep, self.item_features.entries(codes)
        )
        return vectors

    @torch.no_grad()
    def _serve(self) -> None:
        """Bring the vectors up to date with the towers."""
        every = [
            torch.arange(len(known), device=self.device)
            for known in (self.user_known, self.item_known)
        ]
        self.users = np.asarray(self._users(every[0]).cpu())
        self.items = np.asarray(self._items(every[1]).cpu())

    def user_vectors(self, users: Codes) -> Scores:
        """Return the users' vectors, shape ``(b, embedding_dim)``."""
        return self.users[users]

    def item_vectors(self) -> Scores:
        """Return the items' vectors, shape ``(n_items, embedding_dim)``."""
        return self.items

    @torch.no_grad()
    def score_queries(self, queries: Queries) -> Scores:
        """Return float32, shape ``(n, n_items)``: by history, features and code."""
        n = torch.arange(len(queries), device=self.device)
        codes = torch.from_numpy(queries.users.astype(np.int64)).to(self.device)
        known = codes.clamp(min=0)
        keep = self.user_known[known] * (codes >= 0)[:, None]
        features = self.user_features.entries(known)
        if queries.user_features is not None and self.encoder.names:
            rows = self.encoder.matrix(queries.user_features)
            features = Rows(rows, self.device).entries(n)
        past = None
        if self.past is not None:
            past = Rows(self._histories(queries), self.device).entries(n)
        vectors = np.asarray(self.user_tower(known, keep, features, past).cpu())
        return np.asarray(vectors @ self.items.T)

    def _histories(self, queries: Queries) -> csr_array:
        """Return 1 for each positive item of each query."""
        owners = np.repeat(np.arange(len(queries)), np.diff(queries.offsets))
        items = queries.items
        if self.threshold is not None and queries.ratings is not None:
            liked = queries.ratings >= np.float32(self.threshold)
            owners, items = owners[liked], items[liked]
        ones = np.ones(len(items), dtype=np.float32)
        rows = csr_array((ones, (owners, items)), (len(queries), len(self.items)))
        rows.sum_duplicates()
        rows.data[:] = 1
        return rows


def _encoded(
    features: Features | None, codes: Codes, n: int, device: torch.device
) -> tuple[FeatureEncoder, Rows, Tensor]:
    """Return the encoder, the encoded rows and which codes occur, as 0 or 1."""
    known = np.bincount(codes, minlength=n) > 0
    encoder = FeatureEncoder.fit(features, rows=known)
    rows = csr_array(np.zeros((n, 0), dtype=np.float32))
    matrix = rows if features is None else encoder.matrix(features)
    flags = torch.from_numpy(known.astype(np.float32)[:, None])
    return encoder, Rows(matrix, device), flags.to(device)


def _bag(table: Tensor, entries: Entries) -> Tensor:
    return embedding_bag(
        entries.column,
        table,
        entries.starts,
        mode="sum",
        per_sample_weights=entries.value,
    )


def _kept(n: int, dropout: float, device: torch.device) -> Tensor:
    """Draw which codes stay, shape ``(n, 1)``."""
    if dropout == 0:
        return torch.ones(n, 1, device=device)
    return (torch.rand(n, 1) >= dropout).to(torch.float32).to(device)
