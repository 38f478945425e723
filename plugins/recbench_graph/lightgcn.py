"""LightGCN (He et al., 2020), full-graph propagation, in torch.

A node's vector is the mean of its embedding and what ``layers`` products with the
normalised graph of positives make of it. Objective, over batches of a user ``u``, a
positive ``i`` and another item ``j``, with ``e`` the embeddings before smoothing::

    mean softplus(s_uj - s_ui) + decay / (2 b) * sum |e_u|^2 + |e_i|^2 + |e_j|^2

as the authors' code has it. With ``sampling=users`` (the default) an epoch draws as
that code does; with ``pairs`` it passes over every positive once, as the paper words
it. Deviations: negatives are drawn for the whole epoch at once, among items with a
positive. Users and items without a positive get the mean vector of their kind.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import embedding, softplus

from recbench import FitContext, Interactions
from recbench.neural import (
    EarlyStopping,
    NegativeSampler,
    adam,
    batches,
    descend,
    read_arrays,
    save_arrays,
    seed_everything,
    tensors,
)
from recbench_graph import Params
from recbench_graph.graph import Graph, smooth

Vectors = NDArray[np.float32]


class LightGCN:
    """Served by a dot product of smoothed vectors."""

    def __init__(self, params: Params) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Descend on drawn triples, with the whole graph in every step."""
        p, device = self.params, seed_everything(context)
        positives = train.positives()
        graph = Graph(positives.csr(), device)
        table = nn.Embedding(graph.n, p.embedding_dim)
        nn.init.normal_(table.weight, std=p.init_std)
        table.to(device)
        self.n_parameters = table.weight.numel()
        optimizer = adam((table.parameters(), 0.0), learning_rate=p.learning_rate)
        triples = Triples(positives, p.sampling, device)

        def one_epoch(_epoch: int) -> float:
            losses = [
                descend(self._loss(table.weight, graph, nodes), optimizer)
                for nodes in triples.epoch(p.batch_size)
            ]
            return float(torch.stack(losses).mean())

        def keep() -> None:
            self._keep(graph.mean_of_layers(table.weight, p.layers), graph, train)

        stopping = EarlyStopping(
            self, table, context, epochs=p.epochs, patience=p.patience, every=p.every
        )
        stopping.run(one_epoch, before=keep)

    def _loss(self, table: Tensor, graph: Graph, nodes: Tensor) -> Tensor:
        """Return the objective of a batch.

        Args:
            table: Embeddings, shape ``(n, d)``.
            graph: The graph of its ``n`` nodes.
            nodes: Users, positives and negatives as nodes, shape ``(3, b)``.
        """
        vectors = embedding(nodes, smooth(table, graph, self.params.layers))
        user, liked, other = vectors  # (b, d) each
        margin = (user * (other - liked)).sum(dim=1)
        # the squared lengths of all that was drawn, by how often each node was
        times = torch.bincount(nodes.flatten(), minlength=graph.n).to(table.dtype)
        length = (times @ table.square()).sum() / (2 * nodes.shape[1])
        return softplus(margin).mean() + self.params.decay * length

    def _keep(self, smoothed: Tensor, graph: Graph, train: Interactions) -> None:
        """Keep what is served: the smoothed vectors, the mean for strangers."""
        sides = []
        for side in (slice(0, train.n_users), slice(train.n_users, graph.n)):
            vectors, joined = smoothed[side], graph.joined[side]
            mean = vectors[joined].mean(dim=0) if joined.any() else vectors.mean(dim=0)
            served = torch.where(joined[:, None], vectors, mean)
            sides.append(np.asarray(served.cpu(), dtype=np.float32))
        self.users, self.items = sides

    def user_vectors(self, users: NDArray[np.int32]) -> Vectors:
        """Return smoothed vectors, shape ``(b, d)``."""
        return self.users[users]

    def item_vectors(self) -> Vectors:
        """Return smoothed vectors, shape ``(n_items, d)``."""
        return self.items

    def save(self, path: Path) -> None:
        """Write the smoothed vectors."""
        save_arrays(path, users=self.users, items=self.items)

    def load(self, path: Path) -> None:
        """Read what :meth:`save` wrote."""
        arrays = read_arrays(path, "users", "items")
        self.users = arrays["users"].astype(np.float32)
        self.items = arrays["items"].astype(np.float32)


class Triples:
    """Draws an epoch of users, positives and negatives, as nodes of the graph.

    Args:
        positives: Sorted by user, as ``Interactions.positives`` returns them.
        sampling: ``pairs`` or ``users``; see the parameters of the model.
        device: Where the batches will be used.
    """

    def __init__(
        self, positives: Interactions, sampling: str, device: torch.device
    ) -> None:
        """Move the positives to the device."""
        self.n_users = positives.n_users
        self.sampling, self.device = sampling, device
        self.negatives = NegativeSampler(positives, device=device)
        self.users, self.items = tensors(positives.users, positives.items)
        counts = torch.bincount(self.users, minlength=self.n_users)
        self.active = torch.nonzero(counts).squeeze(1)
        self.counts = counts
        self.starts = counts.cumsum(0) - counts

    def epoch(self, size: int) -> Iterator[Tensor]:
        """Yield int64 nodes, shape ``(3, b)``, for as many triples as positives."""
        users, items = self._positives()
        others = self.negatives.draw(users).squeeze(1)
        on_device = (users.to(self.device), items.to(self.device), others)
        for user, item, other in batches(*on_device, size=size):
            yield torch.stack((user, item + self.n_users, other + self.n_users))

    def _positives(self) -> tuple[Tensor, Tensor]:
        """Return the users and positives of an epoch, on the CPU."""
        n = len(self.users)
        if self.sampling == "pairs":
            return self.users, self.items
        users = self.active[torch.randint(len(self.active), (n,))]
        within = (torch.rand(n, dtype=torch.float64) * self.counts[users]).long()
        return users, self.items[self.starts[users] + within]
