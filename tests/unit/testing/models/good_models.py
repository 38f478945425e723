"""Well-behaved models, one for each way of taking part. Every check passes on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recbench import FitContext, Interactions, ModelSpec, Queries, hookimpl, param


def similarity(train: Interactions) -> np.ndarray:
    """Return cosine similarities of items over the positives, diagonal 0."""
    rows = train.positives().csr().toarray()
    norms = np.sqrt((rows**2).sum(axis=0)) + 1e-9
    cosine = (rows.T @ rows) / np.outer(norms, norms)
    np.fill_diagonal(cosine, 0)
    return cosine.astype(np.float32)


class Neighbours:
    """Item-based neighbours: deterministic, scores rows."""

    def fit(self, train: Interactions, context: FitContext) -> None:
        self.cosine = similarity(train)
        self.rows = train.positives().csr().toarray().astype(np.float32)

    def score(self, users):
        return np.stack([self.rows[u] @ self.cosine for u in users])


class Folding(Neighbours):
    """The same, for users known by their history alone."""

    def score_queries(self, queries: Queries):
        rows = np.zeros((len(queries), len(self.cosine)), dtype=np.float32)
        counts = np.diff(queries.offsets)
        rows[np.repeat(np.arange(len(queries)), counts), queries.items] = 1
        return np.stack([row @ self.cosine for row in rows])


class Retrieving(Neighbours):
    """The same, but it makes its own lists."""

    n_parameters = 7

    def fit(self, train: Interactions, context: FitContext) -> None:
        super().fit(train, context)
        self.known = train.csr().toarray() > 0

    def recommend(self, users, k):
        scores = np.where(self.known[users], -np.inf, super().score(users))
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k].astype(np.int32)
        known = np.isneginf(np.take_along_axis(scores, order, axis=1))
        lists = np.full((len(users), k), -1, dtype=np.int32)
        lists[:, : order.shape[1]] = np.where(known, -1, order)
        return lists

    score = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    dim: int = param(8, low=1, high=64, tune=(4, 32))
    rate: float = param(0.1, low=1e-4, tune=(1e-3, 1.0), log=True)
    epochs: int = param(200, low=1)


class Factors:
    """Matrix factorization by full-batch gradient descent: random, iterative."""

    def __init__(self, params: Params) -> None:
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        rng, p = context.rng, self.params
        rows = train.positives().csr().toarray()
        self.users = rng.normal(0, 0.1, (train.n_users, p.dim))
        self.items = rng.normal(0, 0.1, (train.n_items, p.dim))
        for epoch in range(p.epochs):
            error = rows - self.users @ self.items.T
            step = p.rate / 10
            self.users, self.items = (
                self.users + step * (error @ self.items),
                self.items + step * (error.T @ self.users),
            )
            context.report(epoch=epoch + 1, epochs=p.epochs, loss=(error**2).mean())
            if context.should_stop():
                break

    def user_vectors(self, users):
        return self.users[users].astype(np.float32)

    def item_vectors(self):
        return self.items.astype(np.float32)

    @property
    def n_parameters(self) -> int:
        return self.users.size + self.items.size

    def save(self, path: Path) -> None:
        path.mkdir()
        np.savez(path / "arrays.npz", users=self.users, items=self.items)

    def load(self, path: Path) -> None:
        with np.load(path / "arrays.npz") as arrays:
            self.users, self.items = arrays["users"], arrays["items"]


class Bias:
    """Mean and biases by a few rounds of averages: deterministic ratings."""

    def fit(self, train: Interactions, context: FitContext) -> None:
        n, m = train.n_users, train.n_items
        self.mean = float(train.ratings.mean(dtype=np.float64)) if len(train) else 3.0
        self.of_user, self.of_item = np.zeros(n), np.zeros(m)
        rest = train.ratings - self.mean
        for _ in range(5):
            for mine, codes, other, theirs in (
                ("of_item", train.items, self.of_user, train.users),
                ("of_user", train.users, self.of_item, train.items),
            ):
                size = m if mine == "of_item" else n
                total = np.bincount(codes, rest - other[theirs], size)
                fresh = total / (np.bincount(codes, minlength=size) + 3)
                getattr(self, mine)[:] = fresh

    def predict(self, users, items):
        values = self.mean + self.of_user[users] + self.of_item[items]
        return values.astype(np.float32)


class Counts:
    """Popularity, a baseline."""

    def fit(self, train: Interactions, context: FitContext) -> None:
        self.counts = np.bincount(train.items, minlength=train.n_items)

    def score(self, users):
        row = self.counts.astype(np.float32)
        return np.broadcast_to(row, (len(users), len(row)))


class Luck:
    """Random scores under the seed, a baseline without anything learned."""

    def fit(self, train: Interactions, context: FitContext) -> None:
        shape = (train.n_users, train.n_items)
        self.scores = context.rng.random(shape, dtype=np.float32)

    def score(self, users):
        return self.scores[users]


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    def offer(name, factory, **more):
        return ModelSpec(name=name, factory=factory, summary="good", **more)

    yield offer("neighbours", Neighbours, tasks=("top-n",))
    yield offer("folding", Folding, tasks=("top-n", "next-item"))
    yield offer("retrieving", Retrieving, tasks=("top-n",))
    yield offer(
        "factors",
        Factors,
        tasks=("top-n",),
        params=Params,
        presets={"small": {"dim": 2}},
    )
    yield offer("averages", Bias, tasks=("rating",))
    yield offer("counts", Counts, tasks=("top-n",), baseline=True)
    yield offer("luck", Luck, tasks=("top-n",), baseline=True)
