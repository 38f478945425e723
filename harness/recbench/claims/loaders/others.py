"""Gowalla, Last.fm, Amazon and Jester as published beside papers."""

import numpy as np

from recbench.claims.loaders.tables import (
    columns,
    dataset,
    last_out,
    lines,
    two_parts,
)
from recbench.datasets.dataset import DataContext, Dataset


def gowalla(context: DataContext) -> Dataset:
    """Return Gowalla in the split of NGCF and LightGCN."""
    del context
    return two_parts(
        "gowalla-m1", lines("gowalla/train.txt"), lines("gowalla/test.txt")
    )


def lastfm(context: DataContext) -> Dataset:
    """Return Last.fm in the split of LightGCN-PyTorch, play counts as values."""
    del context
    names = ["user", "item", "count"]
    train = columns("lastfm-lightgcn/data1.txt", names)
    test = columns("lastfm-lightgcn/test1.txt", names)
    return two_parts(
        "lastfm-lightgcn",
        (train["user"], train["item"]),
        (test["user"], test["item"]),
        ratings=np.concatenate((train["count"], test["count"])),
        values="counts",
    )


def hetrec(context: DataContext) -> Dataset:
    """Return the play counts of hetrec2011-lastfm-2k."""
    del context
    table = columns("hetrec-lastfm/user_artist.dat", ["user", "item", "count"])
    return dataset(
        "hetrec-lastfm",
        table["user"],
        table["item"],
        ratings=table["count"],
        values="counts",
    )


def jester(context: DataContext) -> Dataset:
    """Return Jester5k, ratings of jokes."""
    del context
    names = ["user", "joke", "rating"]
    table = columns("jester5k/ratings.csv", names, sep=",", header=True)
    return dataset(
        "jester5k",
        table["user"],
        table["joke"],
        ratings=table["rating"],
        values="explicit",
        scale=(-10.0, 10.0),
    )


def s3rec_beauty(context: DataContext) -> Dataset:
    """Return Amazon Beauty of S3-Rec."""
    del context
    return last_out("s3rec-beauty", *lines("amazon-s3rec/Beauty.txt"))


def s3rec_lastfm(context: DataContext) -> Dataset:
    """Return Last.fm of S3-Rec."""
    del context
    return last_out("s3rec-lastfm", *lines("amazon-s3rec/LastFM.txt"))


def s3rec_beauty_leaky(context: DataContext) -> Dataset:
    """Return Amazon Beauty with its test items counted in training."""
    del context
    return _leaky("s3rec-beauty-leaky", "amazon-s3rec/Beauty.txt")


def s3rec_lastfm_leaky(context: DataContext) -> Dataset:
    """Return Last.fm with its test items counted in training."""
    del context
    return _leaky("s3rec-lastfm-leaky", "amazon-s3rec/LastFM.txt")


def _leaky(name: str, file: str) -> Dataset:
    """Return sequences with a leak that was published.

    Each test interaction stands in training too, under a user made up for it, so that
    popularity counts it and yet nobody has seen the item.
    """
    users, items = lines(file)
    clean = last_out(name, users, items)
    held = clean.folds["last"]
    strangers = users.max() + 1 + np.arange(len(held))
    return dataset(
        name,
        np.concatenate((users, strangers)),
        np.concatenate((items, items[held])),
        folds=clean.folds,
    )


def bert4rec_beauty(context: DataContext) -> Dataset:
    """Return Amazon Beauty as BERT4Rec prepared it, in time order."""
    del context
    table = columns("amazon-bert4rec/beauty.txt", ["user", "item"])
    return last_out("bert4rec-beauty", table["user"], table["item"])


def sasrec_video(context: DataContext) -> Dataset:
    """Return Amazon Video Games as SASRec prepared it, in time order."""
    del context
    table = columns("amazon-sasrec/Video.txt", ["user", "item"])
    return last_out("sasrec-video", table["user"], table["item"])
