"""From a fitted model to verified predictions and top-k lists.

The same code serves validation inside a model's process and the final test, so both
see the same candidates, the same seen-item policy and the same tie rule.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.errors import ContractError
from recbench.evaluation.products import rank_products
from recbench.evaluation.rows import rank_rows
from recbench.evaluation.rules import RankingRules, checked, verify_lists
from recbench.protocols import Queries

__all__ = ["RankingRules", "can_rank", "predict", "query_part", "rank", "verify_lists"]


def can_rank(model: object) -> bool:
    """Return whether the model has one of the ways to rank items."""
    ways = ("score", "user_vectors", "recommend", "score_queries")
    return any(callable(getattr(model, way, None)) for way in ways)


def predict(
    model: Any,  # noqa: ANN401 - a model is any object with the right methods
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    scale: tuple[float, float] | None,
) -> NDArray[np.float32]:
    """Return the model's predictions for pairs, verified and clipped to the scale.

    Raises:
        ContractError: If the output has the wrong shape or holds NaN or infinity.
    """
    raw = model.predict(users, items)
    values = checked(raw, (len(users),), "predict(users, items)")
    if scale is not None:
        values = np.clip(values, np.float32(scale[0]), np.float32(scale[1]))
    return values


def rank(
    model: Any,  # noqa: ANN401 - a model is any object with the right methods
    users: NDArray[np.int32],
    rules: RankingRules,
    queries: Queries | None = None,
    *,
    by_history: bool = False,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return each user's exact top-k list under the rules.

    Args:
        model: A fitted model with ``recommend``, ``user_vectors`` and
            ``item_vectors``, ``score``, or ``score_queries``; the first it has
            counts, except that users who are all unseen in training but have a
            history (strong generalisation) need ``score_queries``. Of unseen users
            without any history ``score_queries`` could know no more than the others.
        users: User codes, shape ``(n,)``.
        rules: Candidates, seen items, tie keys and list length.
        queries: The users' histories; needed by ``score_queries``.
        by_history: Whether ``score_queries`` comes first where a model has it: for
            ``next-item`` the histories hold more than training does.

    Returns:
        Item codes int32 ``(n, k)`` padded with -1, scores float64 ``(n, k)`` padded
        with NaN.

    Raises:
        ContractError: If an output breaks the contract.
    """
    held_out = (
        queries is not None
        and len(queries.items) > 0
        and bool((queries.users < 0).all())
    )
    if by_history and callable(getattr(model, "score_queries", None)):
        held_out = queries is not None
    if not held_out and callable(getattr(model, "recommend", None)):
        return _recommended(model, users, rules)
    if not held_out and callable(getattr(model, "user_vectors", None)):
        return rank_products(model, users, rules)
    n_items = len(rules.candidates)

    def score(part: slice) -> NDArray[np.float32]:
        if not held_out and callable(getattr(model, "score", None)):
            raw, what = model.score(users[part]), "score(users)"
        elif queries is not None and callable(getattr(model, "score_queries", None)):
            raw = model.score_queries(query_part(queries, part))
            what = "score_queries(queries)"
        else:
            ways = "score_queries" if held_out else "score or any other way to rank"
            msg = f"the model has no {ways} for these users"
            raise ContractError(msg)
        return checked(raw, (len(users[part]), n_items), what)

    return rank_rows(score, users, rules)


def query_part(queries: Queries, part: slice) -> Queries:
    """Return the queries of a block, with their own slice of the histories."""
    start, stop, _ = part.indices(len(queries))
    low, high = queries.offsets[start], queries.offsets[stop]
    return Queries(
        users=queries.users[part],
        offsets=queries.offsets[start : stop + 1] - low,
        items=queries.items[low:high],
        ratings=None if queries.ratings is None else queries.ratings[low:high],
        timestamps=None if queries.timestamps is None else queries.timestamps[low:high],
        times=None if queries.times is None else queries.times[part],
        user_features=(
            None
            if queries.user_features is None
            else queries.user_features.take(np.arange(start, stop))
        ),
    )


def _recommended(
    model: Any,  # noqa: ANN401 - a model is any object with the right methods
    users: NDArray[np.int32],
    rules: RankingRules,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Take the model's own lists after verifying them."""
    raw = model.recommend(users, rules.k)
    if not isinstance(raw, np.ndarray) or raw.dtype.kind != "i":
        got = getattr(raw, "dtype", type(raw).__name__)
        msg = f"recommend(users, k) returned {got}, expected an int32 array"
        raise ContractError(msg)
    if raw.shape != (len(users), rules.k):
        msg = f"recommend(users, k) returned shape {raw.shape}, expected "
        raise ContractError(msg + str((len(users), rules.k)))
    verify_lists(raw, users, rules)
    lists = raw.astype(np.int32)
    ranks = np.broadcast_to(-np.arange(1.0, rules.k + 1), lists.shape)
    return lists, np.where(lists >= 0, ranks, np.nan)
