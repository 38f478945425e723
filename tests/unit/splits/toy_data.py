"""Small data sets, and the built-in splits of them."""

import numpy as np

from recbench.datasets.dataset import Dataset
from recbench.interactions import Interactions
from recbench.plugins import resolve
from recbench.splits.builtin import recbench_splits

SPECS = {spec.name: spec for spec in recbench_splits()}
PARTS = ("train", "validation", "test", "history")


def dataset(users, *, timestamps=None, items=None, folds=None):
    n = len(users)
    items = np.arange(n) % 7 if items is None else items
    table = Interactions(
        users=np.array(users, dtype=np.int32),
        items=np.array(items, dtype=np.int32),
        ratings=np.ones(n, dtype=np.float32),
        timestamps=None if timestamps is None else np.array(timestamps, np.int64),
        n_users=max(users) + 1,
        n_items=int(max(items)) + 1,
    )
    return Dataset(
        name="toy",
        interactions=table,
        user_ids=np.arange(table.n_users),
        item_ids=np.arange(table.n_items),
        folds=folds or {},
    )


def make(name, data, *, seed=0, **params):
    spec = SPECS[name]
    return resolve(spec.make)(data, seed=seed, **{**spec.params, **params})


def random_data(n=1000, n_users=50, seed=0):
    rng = np.random.default_rng(seed)
    folds = {"u1": np.arange(0, n, 5), "u2": np.arange(1, n, 5)}
    users = np.sort(rng.integers(0, n_users, n)).tolist()
    return dataset(users, timestamps=rng.integers(0, n // 3, n), folds=folds)


def golden_data():
    """A table made without NumPy's random numbers."""
    n = 997
    users = [(i * i + 3 * i) % 41 for i in range(n)]
    stamps = [(i * 7919) % 503 for i in range(n)]
    return dataset(users, timestamps=stamps, folds={"u1": np.arange(0, n, 5)})
