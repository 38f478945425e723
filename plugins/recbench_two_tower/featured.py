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

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.optim.lr_scheduler import LinearLR

from recbench import (
    DataError,
    FeatureEncoder,
    FitContext,
    Interactions,
    Queries,
    load_state,
    save_fitted,
)
from recbench.neural import (
    EarlyStopping,
    Rows,
    adam,
    batches,
    descend,
    mean,
    seed_everything,
    tensors,
)
from recbench_two_tower import FeatureParams
from recbench_two_tower.feature_rows import encoded, histories, matrix_of
from recbench_two_tower.feature_tower import FeatureTower
from recbench_two_tower.towers import batch_softmax

LAST_RATE = 0.02  # share of the learning rate that is left at the last step
Codes = NDArray[np.int32]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """What is kept of a fitted model: its vectors, and how strangers get theirs."""

    users: Scores
    items: Scores
    threshold: float | None
    encoder: FeatureEncoder
    known: Scores
    features: csr_array
    tower: dict[str, NDArray[np.float32]]


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
        self._make_lazy(positives)
        optimizer = adam(
            (net.parameters(), p.weight_decay), learning_rate=p.learning_rate
        )
        columns = tensors(
            positives.users, positives.items, log_share, device=self.device
        )
        steps = p.epochs * -(-len(positives) // p.batch_size)
        schedule = LinearLR(optimizer, 1.0, LAST_RATE if p.anneal else 1.0, steps)

        def steps_of_an_epoch() -> Iterator[Tensor]:
            for users, items, extra in batches(*columns, size=p.batch_size):
                u = self._users(users, items, dropout=p.code_dropout)
                v = self._items(items, dropout=p.code_dropout)
                loss = batch_softmax(u, v, items, extra, p.temperature)
                yield descend(loss, optimizer)
                schedule.step()

        stopping = EarlyStopping(
            self, net, context, epochs=p.epochs, patience=p.patience
        )
        stopping.run(lambda _epoch: mean(steps_of_an_epoch()), before=self._serve)

    def _prepare(self, train: Interactions, positives: Interactions) -> None:
        """Encode the features and make the towers."""
        p, device = self.params, self.device
        of_users = train.user_features if p.features in {"all", "users"} else None
        of_items = train.item_features if p.features in {"all", "items"} else None
        self.threshold = train.threshold
        self.encoder, users, self.user_known = encoded(
            of_users, positives.users, train.n_users, device
        )
        _, items, self.item_known = encoded(
            of_items, positives.items, train.n_items, device
        )
        self.user_features, self.item_features = users, items
        self.past = Rows(positives.csr(), device) if p.history else None
        n_past = train.n_items if p.history else 0
        self.user_tower = FeatureTower(p, train.n_users, users.shape[1], n_past)
        self.item_tower = FeatureTower(p, train.n_items, items.shape[1])
        self.user_tower.to(device)
        self.item_tower.to(device)

    def _make_lazy(self, positives: Interactions) -> None:
        """Let steps cost what they read, not what the tables hold."""
        users, items = tensors(positives.users, positives.items, device=self.device)
        events = 0.0 if self.past is None else _mean(self.past.counts[users])
        size, of_user = self.params.batch_size, self.user_features.counts[users]
        self.user_tower.make_lazy(size, _mean(of_user), events)
        self.item_tower.make_lazy(size, _mean(self.item_features.counts[items]))

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
        if self.params.history:
            rows = histories(queries, self.threshold, len(self.items))
            past = Rows(rows, self.device).entries(n)
        vectors = np.asarray(self.user_tower(known, keep, features, past).cpu())
        return np.asarray(vectors @ self.items.T)

    def save(self, path: Path) -> None:
        """Write the vectors, the tower of users and what it reads of them.

        The tower of items is done: its vectors are all that is served.
        """
        weights = self.user_tower.state_dict().items()
        state = State(
            users=self.users,
            items=self.items,
            threshold=self.threshold,
            encoder=self.encoder,
            known=np.asarray(self.user_known.cpu()),
            features=matrix_of(self.user_features),
            tower={name: np.asarray(weight.cpu()) for name, weight in weights},
        )
        save_fitted(state, path)

    def load(self, path: Path) -> None:
        """Read what :meth:`save` wrote, on the CPU."""
        state = load_state(State, path)
        self.device = torch.device("cpu")
        self.users, self.items = state.users, state.items
        self.threshold, self.encoder = state.threshold, state.encoder
        self.user_known = torch.from_numpy(state.known)
        self.user_features = Rows(state.features)
        n_past = len(self.items) if self.params.history else 0
        self.user_tower = FeatureTower(
            self.params, len(self.users), state.features.shape[1], n_past
        )
        weights = {name: torch.from_numpy(array) for name, array in state.tower.items()}
        try:
            self.user_tower.load_state_dict(weights)
        except RuntimeError as error:
            msg = f"{path} does not hold the weights of this model: {error}"
            raise DataError(msg) from error
        self.user_tower.eval()


def _mean(counts: Tensor) -> float:
    return float(counts.double().mean()) if len(counts) else 0.0


def _kept(n: int, dropout: float, device: torch.device) -> Tensor:
    """Draw which codes stay, shape ``(n, 1)``."""
    if dropout == 0:
        return torch.ones(n, 1, device=device)
    return (torch.rand(n, 1) >= dropout).to(torch.float32).to(device)
