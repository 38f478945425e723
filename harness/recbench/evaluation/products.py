"""Exact top-k of dot-product models: float32 products, finalists settled in float64.

A float32 product of length-d vectors is within ``d * 2**-24 * |u| * |v|`` of the true
one whatever the order of summation, plus ``2**-126`` for each product and each sum
that underflows. So everything within twice that of the lower bound is a finalist: the
top-k by float64 cannot lie outside, and does not depend on the block or the threads.
"""

from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.errors import ContractError
from recbench.evaluation.blocks import in_blocks, parts_of
from recbench.evaluation.rules import RankingRules, checked, mask
from recbench.evaluation.topk import finalists, padded, select

LARGEST = float(np.finfo(np.float32).max)
PART = 2**16  # numbers in a part of the exact products


def rank_products(
    model: Any,  # noqa: ANN401 - a model is any object with the right methods
    users: NDArray[np.int32],
    rules: RankingRules,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return each user's exact top-k list of a model with vectors.

    Args:
        model: Has ``user_vectors(users)`` and ``item_vectors()``.
        users: User codes, shape ``(n,)``.
        rules: Candidates, seen items, tie keys and list length.

    Returns:
        Item codes int32 ``(n, k)`` padded with -1, scores float64 ``(n, k)`` padded
        with NaN.

    Raises:
        ContractError: If vectors break the contract or their products overflow.
    """
    n, k = len(rules.candidates), rules.k
    raw = model.item_vectors()
    d = raw.shape[1] if getattr(raw, "ndim", 0) == 2 else 0
    v = checked(raw, (n, d), "item_vectors()")
    longest = float(norms(v).max(initial=0))
    columns = np.ascontiguousarray(v.T)  # (d, n)
    lists = np.full((len(users), k), -1, dtype=np.int32)
    values = np.full((len(users), k), np.nan)
    rows = max(1, min(rules.block_rows(), len(users)))
    held: SimpleQueue[NDArray[np.float32]] = SimpleQueue()
    for _ in range(rules.threads):
        held.put(padded(rows, n, k))
    if rules.seen is not None:
        rules.seen.items_by_user()  # made once, before several threads ask for it

    def vectors(part: slice) -> NDArray[np.float32]:
        asked = model.user_vectors(users[part])
        return checked(asked, (len(users[part]), d), "user_vectors(users)")

    def work(part: slice, u: NDArray[np.float32]) -> None:
        lengths = norms(u)
        _refuse_overflow(float(lengths.max(initial=0)) * longest)
        block = held.get()
        scores = block[: len(u)]
        np.matmul(u, columns, out=scores[:, :n])
        mask(scores, users[part], rules)
        margin = 2 * (d + 1) * 2.0**-24 * lengths * longest + 4 * d * 2.0**-126
        found, items = finalists(scores, n, k, margin)
        held.put(block)
        exact = products(u, found, v, items)
        lists[part], values[part] = select(
            rows=found, items=items, values=exact, keys=rules.keys, n_rows=len(u), k=k
        )

    in_blocks(parts_of(len(users), rows), vectors, work, rules.threads)
    return lists, values


def products(
    u: NDArray[np.float32],
    rows: NDArray[np.int64],
    v: NDArray[np.float32],
    items: NDArray[np.integer],
) -> NDArray[np.float64]:
    """Return the dot products of pairs of rows in float64, in one order of summation.

    The product of two float32 is exact in float64, and the sum runs along contiguous
    rows of one length, so a pair's value does not depend on the other pairs. They are
    taken in parts that a core's own cache holds.

    Args:
        u: Shape ``(b, d)``.
        rows: Rows of ``u``, shape ``(c,)``.
        v: Shape ``(n, d)``.
        items: Rows of ``v``, shape ``(c,)``.

    Returns:
        Shape ``(c,)``.
    """
    c, d = len(rows), u.shape[1]
    found = np.empty(c)
    step = max(1, min(c, PART // max(1, d)))
    left, right = (np.empty((step, d), dtype=np.float32) for _ in range(2))
    exact = np.empty((step, d))
    for start in range(0, c, step):
        at = slice(start, min(start + step, c))
        n = at.stop - start
        # indices are known to be valid; other modes than "raise" write without a copy
        np.take(u, rows[at], axis=0, out=left[:n], mode="clip")
        np.take(v, items[at], axis=0, out=right[:n], mode="clip")
        np.multiply(left[:n], right[:n], out=exact[:n], dtype=np.float64)
        np.sum(exact[:n], axis=1, out=found[at])
    return found


def norms(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the Euclidean lengths of rows, float64."""
    return np.asarray(
        np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    )


def _refuse_overflow(longest: float) -> None:
    """Refuse vectors whose products float32 cannot hold."""
    if longest >= LARGEST:
        msg = (
            "user_vectors(users) and item_vectors() are so long that their products "
            f"(up to {longest:.1e}) overflow float32: the fit diverged"
        )
        raise ContractError(msg)
