"""What a fitted model says, read in one form whatever its methods are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.evaluation import scoring, topk
from recbench.interactions import Interactions
from recbench.protocols import Queries
from recbench.testing.check import CheckFailure
from recbench.testing.planted import Planted
from recbench.testing.threads import one_thread

DENSE = ("score", "user_vectors", "score_queries")

Matrix = NDArray[np.float64]


def has(model: object, *names: str) -> bool:
    """Return whether the model has all these methods."""
    return all(callable(getattr(model, name, None)) for name in names)


def outputs(
    model: Any,  # noqa: ANN401 - a model is any object with the right methods
    planted: Planted,
    users: NDArray[np.int32] | None = None,
) -> Matrix:
    """Return everything the model says about users, one row each.

    Ratings of all items, or scores of all items; for models that only recommend, the
    lists themselves.

    Returns:
        float64, shape ``(n, n_items)``; or the item codes, shape ``(n, k)``.
    """
    train = planted.train
    if users is None:
        users = np.arange(train.n_users, dtype=np.int32)
    with one_thread():
        if planted.task == "rating":
            return _grid(model, users, train.n_items)
        if has(model, "recommend"):
            return np.asarray(model.recommend(users, 10), dtype=np.float64)
        return scores(model, dense_way(model), users, train)


def _grid(model: Any, users: NDArray[np.int32], n_items: int) -> Matrix:  # noqa: ANN401 - any model
    """Return the predictions of all items for these users, unclipped."""
    pairs_users = np.repeat(users, n_items)
    pairs_items = np.tile(np.arange(n_items, dtype=np.int32), len(users))
    values = scoring.predict(model, pairs_users, pairs_items, None)
    return np.asarray(values.reshape(len(users), n_items), dtype=np.float64)


def dense_way(model: object) -> str:
    """Return the first way in which the model scores the whole catalogue.

    Raises:
        CheckFailure: If it has none.
    """
    for way in DENSE:
        if has(model, way):
            return way
    msg = (
        f"{type(model).__name__} cannot rank: give it score(users), "
        "user_vectors(users) and item_vectors(), recommend(users, k) or "
        "score_queries(queries)"
    )
    raise CheckFailure(msg)


def scores(
    model: Any,  # noqa: ANN401 - a model is any object with the right methods
    way: str,
    users: NDArray[np.int32],
    train: Interactions,
) -> Matrix:
    """Return the scores of all items for users, in one of the dense ways."""
    if way == "score":
        raw = model.score(users)
    elif way == "user_vectors":
        raw = np.asarray(model.user_vectors(users)) @ np.asarray(model.item_vectors()).T
    else:
        raw = model.score_queries(queries_of(train, users))
    return np.asarray(raw, dtype=np.float64)


def queries_of(train: Interactions, users: NDArray[np.int32]) -> Queries:
    """Return the queries of known users, whose histories are their training rows."""
    grouped = train.by_user()
    starts, counts = grouped.offsets[users], np.diff(grouped.offsets)[users]
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    rows = grouped.rows[np.repeat(starts, counts) + within]
    part = train.take(rows)
    return Queries(
        users=np.where(counts > 0, users, -1).astype(np.int32),
        offsets=offsets,
        items=part.items,
        ratings=part.ratings,
        timestamps=part.timestamps,
    )


def rank_all(model: Any, planted: Planted, k: int) -> NDArray[np.int32]:  # noqa: ANN401 - any model
    """Return every user's list of ``k``, made and verified by the harness."""
    train = planted.train
    users = np.arange(train.n_users, dtype=np.int32)
    rules = scoring.RankingRules(
        candidates=np.ones(train.n_items, dtype=np.bool_),
        seen=train,
        keys=topk.tie_keys(np.arange(train.n_items, dtype=np.int64), 0),
        k=k,
    )
    lists, _ = scoring.rank(model, users, rules, queries_of(train, users))
    return lists


def quality(
    model: Any,  # noqa: ANN401 - a model is any object with the right methods
    planted: Planted,
    among: NDArray[np.bool_] | None = None,
) -> float:
    """Return how much of the planted answer the model found.

    Args:
        model: A fitted model.
        planted: Data that it was fitted on.
        among: The items that count, bool, shape ``(n_items,)``; None for all.

    Returns:
        Task ``rating``: root mean squared error to the true ratings of withheld
        pairs. Ranking: the share of withheld (liked, not liked) pairs of items in
        the right order, averaged over users; 0.5 is luck and 1 is perfect.
    """
    free = planted.withheld()
    if among is not None:
        free &= among
    with one_thread():
        if planted.task == "rating":
            users, items = (codes.astype(np.int32) for codes in np.nonzero(free))
            values = scoring.predict(model, users, items, planted.train.scale)
            errors = values.astype(np.float64) - planted.truth[users, items]
            return float(np.sqrt(np.mean(errors**2)))
        lists = rank_all(model, planted, planted.train.n_items)
    return _share_in_order(lists, planted.truth == 1, free)


def _share_in_order(
    lists: NDArray[np.int32], liked: NDArray[np.bool_], free: NDArray[np.bool_]
) -> float:
    """Return the mean share of pairs in the right order; unlisted items come last."""
    rows = np.arange(len(lists))[:, None]
    listed, codes = lists >= 0, np.maximum(lists, 0)
    good = listed & (free & liked)[rows, codes]
    bad = listed & (free & ~liked)[rows, codes]
    n_good, n_bad = (free & liked).sum(axis=1), (free & ~liked).sum(axis=1)
    behind = n_bad[:, None] - np.cumsum(bad, axis=1)  # others behind each place
    level = (n_good - good.sum(axis=1)) * (n_bad - bad.sum(axis=1))
    in_order = (good * behind).sum(axis=1) + 0.5 * level
    pairs = n_good * n_bad
    counted = (
        pairs > 0
    )  # a user who liked all that is withheld, or nothing, says nothing
    if not counted.any():
        return 0.5
    return float((in_order[counted] / pairs[counted]).mean())
