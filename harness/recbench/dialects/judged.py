"""Lists beside their truth, as the arrays that the formulas read."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recbench.dialects.choices import Order
from recbench.dialects.order import BY_SCORE, by_rank, by_ranx, by_score, by_trec
from recbench.dialects.read import Pairs
from recbench.errors import DataError

NOWHERE = np.iinfo(np.int64).max  # the rank of an empty place, beyond any cut-off


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """Lists of ``n`` truth users, ``w`` places each, and all that is known of them.

    Attributes:
        labels: The users as they are named in the truth, shape ``(n,)``.
        ratings: float64, shape ``(n, w)``: the truth rating of the item at a place;
            NaN where the place is empty or its item is not in the user's truth.
        ranks: int64, shape ``(n, w)``, ascending: the rank of a place, counted from 1
            without gaps; ``NOWHERE`` where the place is empty.
        written: int64, shape ``(n, w)``: the same, with the gaps of the file.
        listed: int64, shape ``(n,)``: length of each whole list; 0 for a user
            without one.
        truth_rows: int64, shape ``(m,)``, ascending: row of each truth item's user.
        truth_ratings: float64, shape ``(m,)``: its rating, largest first within a
            user; 1 where the truth has no ratings.
        rated: Whether the truth has ratings.
    """

    labels: NDArray[np.object_]
    ratings: NDArray[np.float64]
    ranks: NDArray[np.int64]
    written: NDArray[np.int64]
    listed: NDArray[np.int64]
    truth_rows: NDArray[np.int64]
    truth_ratings: NDArray[np.float64]
    rated: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matched:
    """Lists and truth in common codes, before any dialect's order.

    Attributes:
        rows: int64, shape ``(m,)``: the truth user of each list row.
        ratings: float64, shape ``(m,)``: the truth rating of its item, or NaN.
        ranks: int64, shape ``(m,)``, or None.
        scores: float64, shape ``(m,)``, or None.
        items: int64, shape ``(m,)``: its item, a row of ``item_names``.
        item_names: The items of the lists.
        labels: The users of the truth, shape ``(n,)``.
        truth_rows: int64: the user of each truth row.
        truth_ratings: float64: its rating; 1 where the truth has none.
        rated: Whether the truth has ratings.
        strangers: Users of the lists that the truth does not know.
        seen_removed: List rows removed because the user had seen the item.
    """

    rows: NDArray[np.int64]
    ratings: NDArray[np.float64]
    ranks: NDArray[np.int64] | None
    scores: NDArray[np.float64] | None
    items: NDArray[np.int64]
    item_names: NDArray[np.object_]
    labels: NDArray[np.object_]
    truth_rows: NDArray[np.int64]
    truth_ratings: NDArray[np.float64]
    rated: bool
    strangers: int
    seen_removed: int


def match(lists: Pairs, truth: Pairs, seen: Pairs | None) -> Matched:
    """Bring lists, truth and seen items into common codes.

    Raises:
        DataError: If lists and truth share no user.
    """
    user_row = pd.Index(truth.users.known).get_indexer(pd.Index(lists.users.known))
    rows = user_row.astype(np.int64)[lists.users.codes]
    keep = rows >= 0
    if not keep.any():
        msg = (
            f"no user of {lists.source} is in {truth.source}: "
            f"the lists hold users such as {lists.users[0]!r}, "
            f"the truth such as {truth.users[0]!r}"
        )
        raise DataError(msg)
    keys = _keys(lists, truth)
    seen_removed = 0
    if seen is not None:
        stale = keep & np.isin(keys, _keys(seen, truth, items_of=lists))
        seen_removed = int(stale.sum())
        keep &= ~stale
    return Matched(
        rows=rows[keep],
        ratings=_looked_up(keys[keep], truth, lists),
        ranks=None if lists.ranks is None else lists.ranks[keep],
        scores=None if lists.scores is None else lists.scores[keep],
        items=lists.items.codes[keep],
        item_names=lists.items.known,
        labels=truth.users.known,
        truth_rows=truth.users.codes,
        truth_ratings=_ratings(truth),
        rated=truth.ratings is not None,
        strangers=int((user_row < 0).sum()),
        seen_removed=seen_removed,
    )


def _keys(
    pairs: Pairs, users_of: Pairs, items_of: Pairs | None = None
) -> NDArray[np.int64]:
    """Return a number per pair, in the users of one table and the items of another.

    -1 where the user or the item is not known there. ``items_of`` None keeps the
    items' own codes.
    """
    users = pd.Index(users_of.users.known).get_indexer(pd.Index(pairs.users.known))
    items = np.arange(len(pairs.items.known))
    if items_of is not None:
        known = pd.Index(items_of.items.known)
        items = known.get_indexer(pd.Index(pairs.items.known))
    n_items = len((items_of or pairs).items.known)
    user, item = users[pairs.users.codes], items[pairs.items.codes]
    return np.where((user < 0) | (item < 0), -1, user * n_items + item)


def _ratings(truth: Pairs) -> NDArray[np.float64]:
    return np.ones(len(truth)) if truth.ratings is None else truth.ratings


def _looked_up(
    keys: NDArray[np.int64], truth: Pairs, lists: Pairs
) -> NDArray[np.float64]:
    """Return the truth rating of each key, NaN where the truth lacks it."""
    known = _keys(truth, truth, items_of=lists)
    order = np.argsort(known)
    known, ratings = known[order], _ratings(truth)[order]
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[place] == keys, ratings[place], np.nan)


def judge(matched: Matched, order: Order, width: int, *, whole: bool) -> Judged:
    """Order the lists and lay them out as a matrix.

    Args:
        matched: Lists and truth in common codes.
        order: How scores are ordered.
        width: Places kept of each list.
        whole: Whether to keep more where a list is longer.
    """
    n = len(matched.labels)
    listed = np.bincount(matched.rows, minlength=n)
    incomparable = matched.strangers > 0 or bool((listed == 0).any())
    sequence = _sequence(matched, listed, order, incomparable=incomparable)
    rows = matched.rows[sequence]
    place = np.arange(len(rows)) - np.repeat(np.cumsum(listed) - listed, listed)
    w = max(int(listed.max()), width) if whole else width
    inside = place < w
    at = rows[inside], place[inside]
    ratings = np.full((n, w), np.nan)
    ratings[at] = matched.ratings[sequence][inside]
    ranks = np.full((n, w), NOWHERE)
    ranks[at] = place[inside] + 1
    written = ranks
    if matched.ranks is not None and not matched.seen_removed:
        written = np.full((n, w), NOWHERE)
        written[at] = matched.ranks[sequence][inside]
    best = np.lexsort((-matched.truth_ratings, matched.truth_rows))
    return Judged(
        labels=matched.labels,
        ratings=ratings,
        ranks=ranks,
        written=written,
        listed=listed,
        truth_rows=matched.truth_rows[best],
        truth_ratings=matched.truth_ratings[best],
        rated=matched.rated,
    )


def _sequence(
    matched: Matched,
    listed: NDArray[np.int64],
    order: Order,
    *,
    incomparable: bool,
) -> NDArray[np.int64]:
    """Return the permutation that puts list rows user by user, best item first."""
    scores = matched.scores
    if matched.ranks is not None and (scores is None or order not in BY_SCORE):
        return by_rank(matched.ranks, matched.rows)
    if scores is None:
        msg = "lists have neither ranks nor scores"
        raise ValueError(msg)
    if order is Order.TREC:
        return by_trec(scores, matched.rows, matched.items, matched.item_names)
    if order is Order.UNSTABLE:
        return by_ranx(scores, matched.rows, listed, times=2 if incomparable else 1)
    return by_score(scores, matched.rows)
