"""What is timed: recbench's own work on simulated data, and installed models."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recbench.errors import UsageError
from recbench.evaluation.lists import score_lists
from recbench.evaluation.rules import RankingRules
from recbench.evaluation.scoring import rank
from recbench.evaluation.topk import tie_keys
from recbench.interactions import Interactions
from recbench.runner.prepare import prepare
from recbench.specs import SuiteSpec

if TYPE_CHECKING:
    from recbench.testing.benching import Bench

USERS, ITEMS, EACH, DIMENSIONS, K = 4000, 4000, 50, 64, 20
TASKS = ("rating", "top-n", "next-item")
METRICS = ("precision", "recall", "ndcg", "mrr", "map", "hit-rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing to time.

    Attributes:
        name: Such as ``rank:products``.
        ready: Called before every round, untimed; returns what is timed.
    """

    name: str
    ready: Callable[[], Callable[[], object]]


class Vectors:
    """A dot-product model without any training."""

    def __init__(self, rng: np.random.Generator) -> None:
        """Draw its vectors."""
        self.users = rng.normal(size=(USERS, DIMENSIONS)).astype(np.float32)
        self.items = rng.normal(size=(ITEMS, DIMENSIONS)).astype(np.float32)

    def user_vectors(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the users' vectors."""
        return self.users[users]

    def item_vectors(self) -> NDArray[np.float32]:
        """Return the items' vectors."""
        return self.items


class Rows:
    """A model that scores whole rows, already computed."""

    def __init__(self, scores: NDArray[np.float32]) -> None:
        """Keep the scores."""
        self.scores = scores

    def score(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the users' rows."""
        return self.scores[users]


def own_cases() -> Iterator[Case]:
    """Yield recbench's own work on simulated lists: ranking and metrics."""
    rng = np.random.default_rng(0)
    table = _table(rng)
    users = np.arange(USERS, dtype=np.int32)
    vectors = Vectors(rng)
    rows = Rows(vectors.users[:1000] @ vectors.items.T)
    rules = RankingRules(
        candidates=np.ones(ITEMS, dtype=np.bool_),
        seen=table,
        keys=tie_keys(np.arange(ITEMS), 0),
        k=K,
    )
    lists, _ = rank(vectors, users, rules)
    names = [f"{name}@{k}" for name in METRICS for k in (5, 10, 20)]
    test = _table(rng)
    yield Case(name="rank:products", ready=lambda: lambda: rank(vectors, users, rules))
    yield Case(name="rank:rows", ready=lambda: lambda: rank(rows, users[:1000], rules))
    yield Case(
        name="metrics:lists",
        ready=lambda: lambda: score_lists(lists, test.users, test.items, metrics=names),
    )


def data_cases(bench: "Bench") -> Iterator[Case]:
    """Yield splitting the data set, for every task that it serves."""
    splits = bench.catalogue.splits
    for task in TASKS:
        suite = _suite(bench, task)
        if suite is not None:
            split = partial(prepare, bench.dataset, "", suite, splits, 0)
            yield Case(name=f"split:{task}", ready=partial(partial, split))


def model_cases(bench: "Bench", models: Sequence[str]) -> Iterator[Case]:
    """Yield fit and score of models in every task that the data set has for them.

    A score is that of the model fitted last, which is while its fit was timed.
    """
    for name in models:
        for task in bench.catalogue.models[name].tasks:
            if _suite(bench, task) is not None:
                yield from _of_model(bench, name, task)


def _of_model(bench: "Bench", model: str, task: str) -> Iterator[Case]:
    fitted: list[Any] = []

    def fit() -> Callable[[], object]:
        untrained, train, context = bench.ready(model, task)
        fitted[:] = [untrained]
        return lambda: untrained.fit(train, context)

    yield Case(name=f"fit:{model}:{task}", ready=fit)
    yield Case(
        name=f"score:{model}:{task}",
        ready=lambda: lambda: bench.score(fitted[0], task),
    )


def _suite(bench: "Bench", task: str) -> SuiteSpec | None:
    """Return the data set's suite of a task, or None."""
    try:
        return bench.suite(task)
    except UsageError:
        return None


def _table(rng: np.random.Generator) -> Interactions:
    """Return simulated interactions, each pair once, sorted by user."""
    items = (ITEMS * rng.random((USERS, EACH)) ** 2).astype(np.int64)
    keys = np.unique(np.arange(USERS)[:, None] * ITEMS + items)
    users, items = np.divmod(keys, ITEMS)
    return Interactions(
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        n_users=USERS,
        n_items=ITEMS,
    )
