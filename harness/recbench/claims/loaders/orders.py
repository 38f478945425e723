"""MovieLens with its rows in the very order that other libraries train in.

Models that go through the rows one by one, or number users and items as they appear,
come out differently in another order. A split yields ascending rows, so a data set
whose rows stand in the publisher's order repeats their training to the last bit.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recbench.claims.loaders.movielens import million_rows, u_data
from recbench.claims.loaders.tables import STARS, Column, dataset
from recbench.datasets.dataset import DataContext, Dataset

FOLDS = 5
RECOMMENDERS_SEED, CORNAC_SEED = 42, 123


def surprise_hundred(context: DataContext) -> Dataset:
    """Return ml-100k as Surprise's ``KFold(random_state=0)`` shuffles it."""
    del context
    return _shuffled("ml-100k-surprise", u_data())


def surprise_million(context: DataContext) -> Dataset:
    """Return ml-1m as Surprise's ``KFold(random_state=0)`` shuffles it."""
    del context
    return _shuffled("ml-1m-surprise", million_rows())


def _shuffled(name: str, table: dict[str, Column]) -> Dataset:
    """Return the table in shuffled order; the folds are its contiguous parts."""
    n = len(table["user"])
    order = np.arange(n)
    np.random.RandomState(0).shuffle(order)
    sizes = np.full(FOLDS, n // FOLDS)
    sizes[: n % FOLDS] += 1
    parts = np.split(np.arange(n, dtype=np.int64), np.cumsum(sizes)[:-1])
    return _ordered(name, table, order, {str(k): part for k, part in enumerate(parts)})


def recommenders(context: DataContext) -> Dataset:
    """Return ml-100k in the split of Microsoft Recommenders' table, by item.

    Each item's ratings are shuffled by pandas from seed 42; the first 75 % train.
    """
    del context
    table = u_data()
    frame = pd.DataFrame({"item": table["item"]})
    train: list[NDArray[np.int64]] = []
    test: list[NDArray[np.int64]] = []
    for _, group in frame.groupby("item"):
        drawn = group.sample(frac=1, random_state=RECOMMENDERS_SEED).index.to_numpy()
        cut = round(0.75 * len(drawn))
        train.append(drawn[:cut])
        test.append(drawn[cut:])
    order = np.concatenate(train + test).astype(np.int64)
    n = sum(map(len, train))
    folds = {"test": np.arange(n, len(order), dtype=np.int64)}
    return _ordered("ml-100k-recommenders", table, order, folds)


def cornac(context: DataContext) -> Dataset:
    """Return ml-100k in the split of Cornac's first example, 80 to 20 at random.

    Test ratings of users or items that training lacks are left out, as Cornac does.
    """
    del context
    table = u_data()
    n = len(table["user"])
    order = np.random.RandomState(CORNAC_SEED).permutation(n)
    cut = n - round(0.2 * n)
    train, test = order[:cut], order[cut:]
    for side in ("user", "item"):
        test = test[np.isin(table[side][test], table[side][train])]
    folds = {"test": np.arange(cut, cut + len(test), dtype=np.int64)}
    return _ordered("ml-100k-cornac", table, np.concatenate((train, test)), folds)


def _ordered(
    name: str,
    table: dict[str, Column],
    order: NDArray[np.int64],
    folds: dict[str, NDArray[np.int64]],
) -> Dataset:
    return dataset(
        name,
        table["user"][order],
        table["item"][order],
        ratings=table["rating"][order],
        values="explicit",
        scale=STARS,
        folds=folds,
    )
