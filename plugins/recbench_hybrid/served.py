"""A trained net as vectors: for known users, for strangers, for all items."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from recbench import DataError, Queries, load_state, save_fitted
from recbench.neural import Rows
from recbench_hybrid.bags import Matrix, of_entries
from recbench_hybrid.known import Known
from recbench_hybrid.net import Batch, Net

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class State:
    """What is kept of a trained net."""

    users: Scores
    items: Scores
    mean: float
    net: dict[str, NDArray[np.float32]]
    known: Known
    past: csr_array | None


class Served:
    """Rows of users and items; the score is ``<u, i> + b_u + b_i + mean``.

    Attributes:
        users: float32, shape ``(n_users, d + 1)``.
        items: float32, shape ``(n_items, d + 1)``.
        mean: The overall mean.
    """

    users: Scores
    items: Scores
    mean: float

    def __init__(
        self, net: Net, known: Known, past: csr_array | None, device: torch.device
    ) -> None:
        """Copy the features to the device.

        Args:
            net: The net, while it is trained and after.
            known: What is known of users and items.
            past: The users' positive items, or None.
            device: Where the net is.
        """
        self.net, self.known, self.device = net, known, device
        self.user_features = Matrix(known.users.rows, device)
        self.item_features = Matrix(known.items.rows, device)
        self.past = None if past is None else Matrix(past, device)
        self.user_trained = self._flags(known.users.trained)
        self.item_trained = self._flags(known.items.trained)

    def _flags(self, trained: NDArray[np.bool_]) -> Tensor:
        return torch.from_numpy(trained.astype(np.float32)[:, None]).to(self.device)

    def user_batch(self, codes: Tensor, keep: Tensor | None = None) -> Batch:
        """Return users; who has no training row is known by the features alone."""
        trained = self.user_trained[codes]
        return Batch(
            codes=codes,
            keep=trained if keep is None else trained * keep,
            features=self.user_features.of(codes),
        )

    def item_batch(self, codes: Tensor, keep: Tensor | None = None) -> Batch:
        """Return items; what has no training row is known by its features alone."""
        trained = self.item_trained[codes]
        return Batch(
            codes=codes,
            keep=trained if keep is None else trained * keep,
            features=self.item_features.of(codes),
        )

    @torch.no_grad()
    def refresh(self) -> None:
        """Bring the rows up to date with the net."""
        users = torch.arange(len(self.user_trained), device=self.device)
        items = torch.arange(len(self.item_trained), device=self.device)
        past = None if self.past is None else self.past.of(users)
        mine = self.net.user_rows(self.user_batch(users), past)
        self.users = np.asarray(mine.cpu())
        self.items = np.asarray(self.net.items(self.item_batch(items)).cpu())
        self.mean = float(self.net.mean)

    def user_vectors(self, users: Codes) -> Scores:
        """Return ``[u, 1, b_u + mean]``, float32, shape ``(b, d + 2)``."""
        return self._beside(self.users[users])

    def _beside(self, rows: Scores) -> Scores:
        ones = np.ones((len(rows), 1), dtype=np.float32)
        bias = rows[:, -1:] + np.float32(self.mean)
        return np.concatenate((rows[:, :-1], ones, bias), axis=1)

    def item_vectors(self) -> Scores:
        """Return ``[i, b_i, 1]``, float32, shape ``(n_items, d + 2)``."""
        return np.pad(self.items, ((0, 0), (0, 1)), constant_values=np.float32(1))

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return the scores of pairs, float32, shape ``(n,)``."""
        u, i = self.users[users], self.items[items]
        dot = np.einsum("nd,nd->n", u[:, :-1], i[:, :-1])
        total = dot + u[:, -1] + i[:, -1] + np.float32(self.mean)
        return np.asarray(total, dtype=np.float32)

    @torch.no_grad()
    def score_queries(self, queries: Queries) -> Scores:
        """Return the scores of all items, float32, shape ``(n, n_items)``.

        A query is its features, its history where the net reads one, and its code if
        it was in training.
        """
        n = torch.arange(len(queries), device=self.device)
        codes = torch.from_numpy(queries.users.astype(np.int64)).to(self.device)
        asked = Rows(self.known.asked(queries), self.device)
        batch = Batch(
            codes=codes.clamp(min=0),
            keep=self.user_trained[codes.clamp(min=0)] * (codes >= 0)[:, None],
            features=of_entries(asked.entries(n)),
        )
        past = None
        if self.past is not None:
            rows = Rows(self.known.histories(queries), self.device)
            past = of_entries(rows.entries(n))
        mine = np.asarray(self.net.user_rows(batch, past).cpu())
        return np.asarray(self._beside(mine) @ self.item_vectors().T)

    def save(self, path: Path) -> None:
        """Write the rows, the net and what is known."""
        weights = self.net.state_dict().items()
        state = State(
            users=self.users,
            items=self.items,
            mean=self.mean,
            net={name: np.asarray(weight.cpu()) for name, weight in weights},
            known=self.known,
            past=None if self.past is None else self.past.matrix,
        )
        save_fitted(state, path)

    @classmethod
    def load(cls, path: Path, dim: int, *, pairs: bool) -> Self:
        """Read what :meth:`save` wrote, on the CPU.

        Args:
            path: The file.
            dim: Length of an embedding.
            pairs: See :class:`~recbench_hybrid.net.Net`.

        Raises:
            DataError: If the file holds another model.
        """
        state = load_state(State, path)
        net = Net.of(state.known, dim, pairs=pairs, history=state.past is not None)
        weights = {name: torch.from_numpy(array) for name, array in state.net.items()}
        try:
            net.load_state_dict(weights)
        except RuntimeError as error:
            msg = f"{path} does not hold the weights of this model: {error}"
            raise DataError(msg) from error
        served = cls(net, state.known, state.past, torch.device("cpu"))
        served.users, served.items = state.users, state.items
        served.mean = state.mean
        return served
