"""A small view with every kind of column, for tests that read and damage it."""

from pathlib import Path

import numpy as np

from recbench.features import Categories, Features, Numbers, Text
from recbench.interactions import Interactions
from recbench.runner import view


def features() -> Features:
    """Return one column of each kind, for three rows."""
    return Features(
        columns={
            "genre": Categories(
                offsets=np.array([0, 2, 2, 3], dtype=np.int64),
                codes=np.array([0, 1, 1], dtype=np.int32),
                names=np.array(["drama", "comédie"]),
            ),
            "year": Numbers(values=np.array([1990, np.nan, 2001], dtype=np.float32)),
            "title": Text(values=np.array(["one", "", "three | x"])),
        }
    )


def small() -> view.View:
    """Return a view of three users and three items."""
    train = Interactions(
        users=np.array([0, 1, 2, 0], dtype=np.int32),
        items=np.array([0, 1, 2, 1], dtype=np.int32),
        ratings=np.array([5, 3, 4, 1], dtype=np.float32),
        timestamps=np.array([10, 20, 30, 40], dtype=np.int64),
        n_users=3,
        n_items=3,
        scale=(1.0, 5.0),
        threshold=4.0,
        user_features=features(),
        item_features=features(),
    )
    nothing = train.take(np.zeros(0, dtype=np.int64))
    return view.View(
        task="top-n",
        train=train,
        validation=train.take(np.array([3])),
        history=nothing,
        relevance=4.0,
        seen="remove",
        candidates=np.array([True, True, False]),
        keys=np.array([3, 1, 2], dtype=np.uint64),
        k=2,
        ask_users=np.array([0, 2], dtype=np.int32),
        ask_items=np.zeros(0, dtype=np.int32),
    )


def write_small(folder: Path) -> None:
    """Write the small view into a folder."""
    view.write(small(), folder)
