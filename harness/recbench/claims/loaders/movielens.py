"""MovieLens in the splits that papers published, and in ways that loaders test."""

import numpy as np

from recbench.claims.loaders.tables import (
    STARS,
    Column,
    columns,
    dataset,
    last_out,
    lines,
    shared,
    two_parts,
)
from recbench.claims.sampled import Candidates
from recbench.datasets.dataset import DataContext, Dataset

RATED = ["user", "item", "rating"]
NCF = "ml-1m/ncf/ml-1m"


def u_data() -> dict[str, Column]:
    """Return ml-100k in the publisher's order."""
    return columns("ml-100k/u.data", [*RATED, "time"], sep="\t")


def million_rows() -> dict[str, Column]:
    """Return ml-1m in the publisher's order, without timestamps."""
    return columns("ml-1m/ratings.csv", RATED, sep=",", header=True)


def million(context: DataContext) -> Dataset:
    """Return ml-1m in the publisher's order, without timestamps."""
    del context
    table = million_rows()
    return dataset(
        "ml-1m-rows",
        table["user"],
        table["item"],
        ratings=table["rating"],
        values="explicit",
        scale=STARS,
    )


def hundred_twice(context: DataContext) -> Dataset:
    """Return ml-100k twice: one copy to train on, the fold ``again`` to measure."""
    del context
    return _twice("ml-100k-twice", u_data())


def million_twice(context: DataContext) -> Dataset:
    """Return ml-1m twice, likewise."""
    del context
    return _twice("ml-1m-twice", million_rows())


def _twice(name: str, table: dict[str, Column]) -> Dataset:
    n = len(table["user"])
    return dataset(
        name,
        np.tile(table["user"], 2),
        np.tile(table["item"], 2),
        ratings=np.tile(table["rating"], 2),
        values="explicit",
        scale=STARS,
        folds={"again": np.arange(n, 2 * n, dtype=np.int64)},
    )


def ncf(context: DataContext) -> Dataset:
    """Return ml-1m of NCF: the fold ``test`` holds each user's latest rating."""
    del context
    train = columns(f"{NCF}.train.rating.notime", RATED)
    test = columns(f"{NCF}.test.rating", [*RATED, "time"])
    return two_parts(
        "ml-1m-ncf",
        (train["user"], train["item"]),
        (test["user"], test["item"]),
        ratings=np.concatenate((train["rating"], test["rating"])),
        values="explicit",
        scale=STARS,
    )


def ncf_candidates(data: Dataset) -> Candidates:
    """Return NCF's test item and 99 negatives of each user.

    156 rows hold the test item among the negatives too; it is one candidate there.
    """
    rows = shared(f"{NCF}.test.negative").read_text(encoding="utf-8").splitlines()
    users, items = [], []
    for row in rows:
        pair, *negatives = row.split("\t")
        user, item = pair.strip("()").split(",")
        users.append(int(user))
        items.append([int(item), *map(int, negatives)])
    return Candidates(
        users=np.searchsorted(data.user_ids, np.array(users)).astype(np.int32),
        items=np.searchsorted(data.item_ids, np.array(items)).astype(np.int32),
    )


def spectralcf(context: DataContext) -> Dataset:
    """Return the 5-star ratings of ml-1m in SpectralCF's split."""
    del context
    return two_parts(
        "ml-1m-spectralcf",
        lines("ml-1m/spectralcf/train_users.dat"),
        lines("ml-1m/spectralcf/test_users.dat"),
    )


def m1(context: DataContext) -> Dataset:
    """Return ml-1m in the split of LCFN, UltraGCN and BARS, without validation."""
    del context
    return two_parts(
        "ml-1m-m1",
        lines("ml-1m/ultragcn_m1/train.txt"),
        lines("ml-1m/ultragcn_m1/test.txt"),
    )


def warprec(context: DataContext) -> Dataset:
    """Return ml-1m with the last tenth of each user as WarpRec's fold ``test``."""
    del context
    table = million_rows()
    held = columns("ml-1m/warprec_table5/test.tsv", [*RATED, "time"], sep="\t")
    size = 1 + int(table["item"].max())
    keys = table["user"].astype(np.int64) * size + table["item"]
    wanted = held["user"].astype(np.int64) * size + held["item"]
    return dataset(
        "ml-1m-warprec",
        table["user"],
        table["item"],
        ratings=table["rating"],
        values="explicit",
        scale=STARS,
        folds={"test": np.flatnonzero(np.isin(keys, wanted)).astype(np.int64)},
    )


def sasrec(context: DataContext) -> Dataset:
    """Return ml-1m as SASRec reads it: items of five ratings or more, in time order."""
    del context
    table = columns("ml-1m/sasrec/ml-1m.txt", ["user", "item"])
    return last_out("ml-1m-sasrec", table["user"], table["item"])
