"""From a fitted model to verified predictions and top-k lists.

The same code serves validation inside a model's process and the final test, so both
see the same candidates, the same seen-item policy and the same tie rule.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.errors import ContractError
from recbench.evaluation.topk import lower_bound, select, top_k
from recbench.interactions import Interactions
from recbench.protocols import Queries

BLOCK_BYTES = 32 * 2**20  # of float32 scores held at once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankingRules:
    """What may be listed for whom, and how ties fall.

    Attributes:
        candidates: bool, shape ``(n_items,)``.
        seen: Interactions whose items are never listed for their user, or None.
        keys: Tie keys, uint64, shape ``(n_items,)``.
        k: Length of the lists.
    """

    candidates: NDArray[np.bool_]
    seen: Interactions | None
    keys: NDArray[np.uint64]
    k: int


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
    values = _checked(raw, (len(users),), "predict(users, items)")
    if scale is not None:
        values = np.clip(values, np.float32(scale[0]), np.float32(scale[1]))
    return values


def rank(
    model: Any,  # noqa: ANN401 - a model is any object with the right methods
    users: NDArray[np.int32],
    rules: RankingRules,
    queries: Queries | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return each user's exact top-k list under the rules.

    Args:
        model: A fitted model with ``recommend``, ``user_vectors`` and
            ``item_vectors``, ``score``, or ``score_queries``; the first it has
            counts, except that held-out users need ``score_queries``.
        users: User codes, shape ``(n,)``.
        rules: Candidates, seen items, tie keys and list length.
        queries: The users' histories; needed by ``score_queries``.

    Returns:
        Item codes int32 ``(n, k)`` padded with -1, scores float64 ``(n, k)`` padded
        with NaN.

    Raises:
        ContractError: If an output breaks the contract.
    """
    if callable(getattr(model, "recommend", None)):
        return _recommended(model, users, rules)
    if callable(getattr(model, "user_vectors", None)):
        return _dot_product(model, users, rules)
    n_items = len(rules.candidates)
    block = max(1, BLOCK_BYTES // (4 * n_items))
    lists = np.full((len(users), rules.k), -1, dtype=np.int32)
    values = np.full((len(users), rules.k), np.nan)
    for start in range(0, len(users), block):
        part = slice(start, start + block)
        if callable(getattr(model, "score", None)):
            raw, what = model.score(users[part]), "score(users)"
        elif queries is not None:
            raw = model.score_queries(_query_part(queries, part))
            what = "score_queries(queries)"
        else:
            msg = "the model has no recommend, user_vectors, score or score_queries"
            raise ContractError(msg)
        scores = _checked(raw, (len(users[part]), n_items), what)
        lists[part], values[part] = top_k(
            _masked(scores, users[part], rules), rules.keys, rules.k
        )
    return lists, values


def _checked(raw: object, shape: tuple[int, ...], what: str) -> NDArray[np.float32]:
    """Return ``raw`` as float32 of ``shape``, or say how it breaks the contract."""
    if not isinstance(raw, np.ndarray):
        msg = f"{what} returned {type(raw).__name__}, not a NumPy array"
        raise ContractError(msg)
    if raw.shape != shape:
        msg = f"{what} returned shape {raw.shape}, expected {shape}"
        raise ContractError(msg)
    if raw.dtype.kind != "f":
        msg = f"{what} returned dtype {raw.dtype}, expected float32"
        raise ContractError(msg)
    values = np.asarray(raw, dtype=np.float32)
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        msg = f"{what} returned {bad:,} values that are NaN or infinite"
        raise ContractError(msg)
    return values


def _query_part(queries: Queries, part: slice) -> Queries:
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
    )


def _seen_pairs(
    users: NDArray[np.int32], seen: Interactions
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return (row in ``users``, item) of everything the users have seen."""
    matrix = seen.csr()
    starts = matrix.indptr[users].astype(np.int64)
    counts = matrix.indptr[users.astype(np.int64) + 1].astype(np.int64) - starts
    rows = np.repeat(np.arange(len(users)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, matrix.indices[starts[rows] + within].astype(np.int32)


def _masked(
    scores: NDArray[np.float32], users: NDArray[np.int32], rules: RankingRules
) -> NDArray[np.float32]:
    """Return a copy of the scores with what may not be listed at -inf."""
    out = np.where(rules.candidates, scores, np.float32(-np.inf))
    if rules.seen is not None:
        out[_seen_pairs(users, rules.seen)] = -np.inf
    return out


def _dot_product(
    model: Any,  # noqa: ANN401 - a model is any object with the right methods
    users: NDArray[np.int32],
    rules: RankingRules,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Rank by float32 products, with finalists settled in fixed-order float64.

    A float32 product of length-d vectors is within ``d * 2**-24 * |u| * |v|`` of the
    true one whatever the order of summation, so everything within twice that of the
    lower bound is a finalist: the float64 top-k cannot lie outside.
    """
    n_items = len(rules.candidates)
    raw_items = model.item_vectors()
    d = raw_items.shape[1] if getattr(raw_items, "ndim", 0) == 2 else 0
    v = _checked(raw_items, (n_items, d), "item_vectors()")
    v_norm = float(np.sqrt(np.einsum("id,id->i", v, v, dtype=np.float64)).max())
    block = max(1, BLOCK_BYTES // (4 * n_items))
    lists = np.full((len(users), rules.k), -1, dtype=np.int32)
    values = np.full((len(users), rules.k), np.nan)
    columns = np.ascontiguousarray(v.T)  # (d, n_items)
    for start in range(0, len(users), block):
        part = slice(start, start + block)
        b = len(users[part])
        u = _checked(model.user_vectors(users[part]), (b, d), "user_vectors(users)")
        scores = _masked(u @ columns, users[part], rules)
        u_norm = np.sqrt(np.einsum("bd,bd->b", u, u, dtype=np.float64))
        margin = 2 * (d + 1) * 2.0**-24 * u_norm * v_norm
        bound = lower_bound(scores, rules.k) - margin
        rows, items = np.nonzero((scores >= bound[:, None]) & (scores > -np.inf))
        exact = np.zeros(len(rows))
        for j in range(d):  # one fixed order of summation, whatever the block
            exact += u[rows, j].astype(np.float64) * columns[j, items]
        lists[part], values[part] = select(
            rows=rows, items=items, values=exact, keys=rules.keys, n_rows=b, k=rules.k
        )
    return lists, values


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


def verify_lists(
    lists: NDArray[np.integer[Any]], users: NDArray[np.int32], rules: RankingRules
) -> None:
    """Refuse lists with repeats, unknown, seen or non-candidate items, or holes.

    Raises:
        ContractError: Naming the first kind of fault and how often it occurs.
    """
    n_items = len(rules.candidates)
    filled = lists >= 0
    faults = {
        "items outside the catalogue": (lists < -1) | (lists >= n_items),
        "items after padding": filled[:, 1:] & ~filled[:, :-1],
    }
    for what, where in faults.items():
        if where.any():
            msg = f"the lists hold {int(where.sum()):,} {what}"
            raise ContractError(msg)
    rows, ranks = np.nonzero(filled)
    pairs = rows.astype(np.int64) * n_items + lists[rows, ranks]
    repeats = len(pairs) - len(np.unique(pairs))
    outside = int((~rules.candidates[lists[rows, ranks]]).sum())
    seen = 0
    if rules.seen is not None:
        seen_rows, seen_items = _seen_pairs(users, rules.seen)
        known = seen_rows * n_items + seen_items
        seen = int(np.isin(pairs, known).sum())
    for count, what in (
        (repeats, "repeated items"),
        (outside, "items that are not candidates"),
        (seen, "items the user has already seen"),
    ):
        if count:
            msg = f"the lists hold {count:,} {what}"
            raise ContractError(msg)
