"""Exact top-k of models that score whole rows, a block of users at a time."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recbench.evaluation.blocks import in_blocks, parts_of
from recbench.evaluation.rules import RankingRules, mask
from recbench.evaluation.topk import padded, top_k

Lists = tuple[NDArray[np.int32], NDArray[np.float64]]


def rank_rows(
    score: Callable[[slice], NDArray[np.float32]],
    users: NDArray[np.int32],
    rules: RankingRules,
) -> Lists:
    """Return each user's exact top-k list.

    A model scores a block with all the threads it was given; then the harness ranks
    the block with as many. They do not work at the same time.

    Args:
        score: Takes rows of ``users``; returns verified scores, ``(b, n_items)``.
        users: User codes, shape ``(n,)``.
        rules: Candidates, seen items, tie keys and list length.

    Returns:
        Item codes int32 ``(n, k)`` padded with -1, scores float64 ``(n, k)`` padded
        with NaN.
    """
    lists = np.full((len(users), rules.k), -1, dtype=np.int32)
    values = np.full((len(users), rules.k), np.nan)
    if rules.seen is not None:
        rules.seen.items_by_user()  # made once, before several threads ask for it
    for part in parts_of(len(users), rules.block_rows() * rules.threads):
        lists[part], values[part] = _ranked(score(part), users[part], rules)
    return lists, values


def _ranked(
    scores: NDArray[np.float32], users: NDArray[np.int32], rules: RankingRules
) -> Lists:
    """Return the lists of a block of scores, divided among the threads."""
    n, k = scores.shape[1], rules.k
    lists = np.empty((len(users), k), dtype=np.int32)
    values = np.empty((len(users), k))

    def work(part: slice, mine: NDArray[np.float32]) -> None:
        held = padded(len(mine), n, k)
        held[:, :n] = mine
        mask(held, users[part], rules)
        lists[part], values[part] = top_k(held, n, rules.keys, k)

    in_blocks(
        parts_of(len(users), rules.block_rows()),
        lambda part: scores[part],
        work,
        rules.threads,
    )
    return lists, values
