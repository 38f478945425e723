"""Interactions in which nothing can be learnt: every user met items at random."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recbench.datasets.dataset import Dataset
from recbench.features import Categories, Column, Features, Numbers
from recbench.interactions import Interactions
from recbench.runner.prepare import Prepared
from recbench.specs import DatasetSpec, Protocol, SuiteSpec

NAME = "canary"
USERS, ITEMS, EACH = 300, 120, 24
SPAN = 10_000_000
HOLD_OUT = {"validation": 0.15, "test": 0.15}

SPEC = DatasetSpec(
    name=NAME,
    load="recbench.audit.canaries.planted:never",
    values="explicit",
    scale=(1.0, 5.0),
    has=("ratings", "timestamps", "user_features", "item_features"),
)
RANKING = SuiteSpec(
    name=f"{NAME}/planted-top-n",
    dataset=NAME,
    protocol=Protocol(
        task="top-n", split="random", split_params=HOLD_OUT, candidates="all", k=ITEMS
    ),
    metrics=("auc", "precision@10"),
    primary="auc",
)
RATING = SuiteSpec(
    name=f"{NAME}/planted-rating",
    dataset=NAME,
    protocol=Protocol(task="rating", split="random", split_params=HOLD_OUT),
    metrics=("rmse",),
    primary="rmse",
)
Spoil = Callable[[Prepared], Prepared]


def never(_context: object) -> Dataset:
    """Refuse: the canaries' data exist in memory only, from a seed nobody is told."""
    msg = "the data of canaries cannot be loaded"
    raise RuntimeError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """In which order the table stands: at random, or sorted by user and item."""

    sorted_rows: bool = False


def planted(entropy: int, order: Order | None = None) -> Dataset:
    """Return 24 interactions of each of 300 users with items drawn uniformly.

    Given any part of a user's interactions, the others are a uniform draw from the
    items left: no model can beat chance, whatever it learns. Ratings, times, features
    and the order of rows are drawn independently.

    Args:
        entropy: Seed of everything; a model that knew it could draw the same.
        order: The order of the rows.
    """
    rng = np.random.default_rng([entropy, 0x63616E617279])
    items = np.argsort(rng.random((USERS, ITEMS)), axis=1)[:, :EACH]
    n = USERS * EACH
    rows = rng.permutation(n)
    if order is not None and order.sorted_rows:
        items, rows = np.sort(items, axis=1), np.arange(n)
    users = np.repeat(np.arange(USERS, dtype=np.int32), EACH)
    table = Interactions(
        users=users[rows],
        items=items.ravel()[rows].astype(np.int32),
        ratings=rng.integers(1, 6, n).astype(np.float32),
        timestamps=rng.integers(0, SPAN, n).astype(np.int64),
        n_users=USERS,
        n_items=ITEMS,
        scale=(1.0, 5.0),
        user_features=_features(rng, USERS),
        item_features=_features(rng, ITEMS),
    )
    return Dataset(
        name=NAME,
        interactions=table,
        user_ids=np.arange(USERS, dtype=np.int64),
        item_ids=np.arange(ITEMS, dtype=np.int64),
        source="drawn for this audit",
    )


def _features(rng: np.random.Generator, n: int) -> Features:
    """Return a column of numbers and one of categories that mean nothing."""
    names = np.array(["ash", "birch", "cedar", "elm"])
    columns: dict[str, Column] = {
        "number": Numbers(values=rng.normal(size=n).astype(np.float32)),
        "kind": Categories(
            offsets=np.arange(n + 1, dtype=np.int64),
            codes=rng.integers(0, len(names), n).astype(np.int32),
            names=names,
        ),
    }
    return Features(columns=columns)
