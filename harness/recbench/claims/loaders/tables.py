"""What the loaders share: finding files, and making data sets of their columns."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recbench.datasets.dataset import Dataset
from recbench.errors import DataError
from recbench.interactions import Interactions

ENVIRONMENT = "RECBENCH_SHARED_DATA"
STARS = (1.0, 5.0)

Column = NDArray[Any]


def shared(name: str) -> Path:
    """Return a file below ``$RECBENCH_SHARED_DATA``.

    Raises:
        DataError: If there is no such folder or file.
    """
    root = os.environ.get(ENVIRONMENT, "")
    if not root:
        msg = f"needs {name} below the folder that ${ENVIRONMENT} names; it is not set"
        raise DataError(msg)
    path = Path(root).expanduser() / name
    if not path.is_file():
        msg = f"needs {name}, which is not below ${ENVIRONMENT}"
        raise DataError(msg)
    return path


def columns(
    name: str, names: list[str], *, sep: str = r"\s+", header: bool = False
) -> dict[str, Column]:
    """Return columns of a file: its first ones, or with a header those named."""
    frame = pd.read_csv(
        shared(name),
        sep=sep,
        names=None if header else names,
        header=0 if header else None,
        usecols=names,
    )
    return {column: frame[column].to_numpy() for column in names}


def lines(name: str) -> tuple[Column, Column]:
    """Return users and items of a file of lines ``user item item ...``, int64."""
    users, items = [], []
    for line in shared(name).read_text(encoding="utf-8").splitlines():
        user, *rest = line.split()
        users.append(np.full(len(rest), int(user)))
        items.append(np.array(rest, dtype=np.int64))
    return np.concatenate(users), np.concatenate(items)


def dataset(
    name: str,
    users: Column,
    items: Column,
    *,
    ratings: Column | None = None,
    timestamps: Column | None = None,
    values: Literal["explicit", "counts", "none"] = "none",
    scale: tuple[float, float] | None = None,
    folds: Mapping[str, NDArray[np.int64]] | None = None,
) -> Dataset:
    """Return a data set of raw columns, in the order of their rows."""
    user_ids, user_codes = np.unique(users, return_inverse=True)
    item_ids, item_codes = np.unique(items, return_inverse=True)
    return Dataset(
        name=name,
        interactions=Interactions(
            users=user_codes.astype(np.int32),
            items=item_codes.astype(np.int32),
            ratings=None if ratings is None else ratings.astype(np.float32),
            timestamps=None if timestamps is None else timestamps.astype(np.int64),
            n_users=len(user_ids),
            n_items=len(item_ids),
            scale=scale,
        ),
        user_ids=user_ids.astype(np.int64),
        item_ids=item_ids.astype(np.int64),
        values=values,
        folds=dict(folds or {}),
        source=f"${ENVIRONMENT}",
    )


def two_parts(
    name: str,
    train: tuple[Column, Column],
    test: tuple[Column, Column],
    **options: Any,  # noqa: ANN401 - those of dataset()
) -> Dataset:
    """Return a data set whose fold ``test`` is what the publisher tested on."""
    n, m = len(train[0]), len(test[0])
    return dataset(
        name,
        np.concatenate((train[0], test[0])),
        np.concatenate((train[1], test[1])),
        folds={"test": np.arange(n, n + m, dtype=np.int64)},
        **options,
    )


def last_out(name: str, users: Column, items: Column) -> Dataset:
    """Return sequences in time order, with folds of the last and the one before it.

    Args:
        name: Name of the data set.
        users: Raw users; the rows of one user stand in time order.
        items: Raw items, aligned with ``users``.
    """
    order = np.argsort(users, kind="stable")
    owner = users[order]
    last = np.ones(len(owner), dtype=np.bool_)
    last[:-1] = owner[1:] != owner[:-1]
    before = np.zeros_like(last)
    before[:-1] = last[1:] & (owner[:-1] == owner[1:])
    return dataset(
        name,
        users,
        items,
        folds={
            "last": np.sort(order[last]).astype(np.int64),
            "before-last": np.sort(order[before]).astype(np.int64),
        },
    )
