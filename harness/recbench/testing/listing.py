"""Checks of ranking models: their lists, and the several ways to get them."""

from dataclasses import replace

import numpy as np

from recbench.errors import ContractError
from recbench.testing.check import CheckFailure, CheckSkipped, Subject
from recbench.testing.driving import data, fitted
from recbench.testing.reading import DENSE, has, queries_of, rank_all, scores

CLOSE = 1e-3  # relative to the span of the scores; float32 noise may swap neighbours
HOLES = 0.02  # share of places that a list may leave empty
SOME = 40


def long_lists(subject: Subject) -> None:
    """Ask for lists longer than the catalogue."""
    planted = data(subject)
    model = fitted(subject, planted)
    k = planted.train.n_items + 5
    try:
        lists = rank_all(model, planted, k)
    except Exception as error:
        msg = (
            f"lists of {k} from {planted.train.n_items} items fail: "
            f"{type(error).__name__}: {error}; pad with -1 on the right"
        )
        raise CheckFailure(msg) from error
    known = np.bincount(planted.train.users, minlength=planted.train.n_users)
    if (lists >= 0).sum() > (planted.train.n_items - known).sum():
        msg = f"lists of {k} hold more items than the users have not seen"
        raise CheckFailure(msg)


def valid_lists(subject: Subject) -> None:
    """Verify the lists of a model that retrieves by itself."""
    planted = data(subject)
    model = fitted(subject, planted)
    if not has(model, "recommend"):
        msg = "the model has no recommend: the harness makes its lists"
        raise CheckSkipped(msg)
    for k in (1, 5, 20):
        try:
            lists = rank_all(model, planted, k)
        except ContractError as error:
            msg = (
                f"recommend(users, {k}): {error}; a list holds distinct codes that "
                "the user has not seen in train, best first, padded with -1"
            )
            raise CheckFailure(msg) from error
        if (lists < 0).mean() > HOLES:
            msg = f"recommend(users, {k}) leaves {(lists < 0).mean():.0%} of places"
            raise CheckFailure(msg + " empty though unseen items are left: fill them")


def ways_agree(subject: Subject) -> None:
    """Compare the orders of the ways in which the model scores the catalogue."""
    planted = data(subject)
    model = fitted(subject, planted)
    ways = [way for way in DENSE if has(model, way)]
    if len(ways) < 2:
        msg = "the model has one way of scoring the catalogue"
        raise CheckSkipped(msg)
    users = np.arange(planted.train.n_users, dtype=np.int32)
    first = scores(model, ways[0], users, planted.train)
    for way in ways[1:]:
        other = scores(model, way, users, planted.train)
        ordered = np.take_along_axis(other, np.argsort(-first, axis=1), axis=1)
        best_after = np.maximum.accumulate(ordered[:, ::-1], axis=1)[:, ::-1]
        span = np.ptp(other, axis=1).max() or 1.0
        if (best_after - ordered).max() > CLOSE * span:
            msg = (
                f"{ways[0]} and {way} order the items of known users differently: "
                "both must describe the same model"
            )
            raise CheckFailure(msg)


def unknown_histories(subject: Subject) -> None:
    """Ask about people who were not in training, one of them without a history."""
    planted = data(subject)
    model = fitted(subject, planted)
    if not has(model, "score_queries"):
        msg = "the model has no score_queries: it serves only users it was fitted on"
        raise CheckSkipped(msg)
    users = np.arange(SOME, dtype=np.int32)
    known = queries_of(planted.train, users)
    queries = replace(
        known,
        users=np.full(SOME + 1, -1, dtype=np.int32),
        offsets=np.append(known.offsets, known.offsets[-1]),
    )
    try:
        raw = np.asarray(model.score_queries(queries))
    except Exception as error:
        msg = (
            f"score_queries fails for users who were not in training (code -1): "
            f"{type(error).__name__}: {error}; read their history, which may be empty"
        )
        raise CheckFailure(msg) from error
    if raw.shape != (SOME + 1, planted.train.n_items) or not np.isfinite(raw).all():
        msg = (
            f"score_queries returns shape {raw.shape} with "
            f"{int((~np.isfinite(raw)).sum())} values that are not finite for "
            f"{SOME + 1} users who were not in training, the last without a history"
        )
        raise CheckFailure(msg)
