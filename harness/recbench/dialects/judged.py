"""Lists beside their truth, as the arrays that the formulas read."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recbench.dialects.choices import Order
from recbench.dialects.order import within_users
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
        lists: The rows of LISTS whose user is in the truth and whose item is unseen.
        rows: int64, the truth user of each list row.
        ratings: float64, its truth rating or NaN.
        item_names: The items of the list rows.
        labels: The users of the truth.
        truth_rows: int64, the user of each truth row.
        truth_ratings: float64, ratings of the truth rows.
        rated: Whether the truth has ratings.
        strangers: Users of LISTS that the truth does not know.
        seen_removed: Rows of LISTS removed because the user had seen the item.
    """

    lists: Pairs
    rows: NDArray[np.int64]
    ratings: NDArray[np.float64]
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
    users, labels = pd.factorize(truth.users)
    index = pd.Index(labels)
    found = index.get_indexer(pd.Index(lists.users))
    known = found >= 0
    if not known.any():
        msg = (
            f"no user of {lists.source} is in {truth.source}: "
            f"the lists hold users such as {lists.users[0]!r}, "
            f"the truth such as {truth.users[0]!r}"
        )
        raise DataError(msg)
    strangers = len(pd.unique(lists.users[~known]))
    kept, rows = lists.take(known), found[known].astype(np.int64)
    parts = [kept.items, truth.items] + ([seen.items] if seen is not None else [])
    codes, names = pd.factorize(np.concatenate(parts))
    item, truth_item = codes[: len(kept)], codes[len(kept) :][: len(truth)]
    keys = rows * len(names) + item
    removed = 0
    if seen is not None:
        seen_rows = index.get_indexer(pd.Index(seen.users)).astype(np.int64)
        seen_keys = seen_rows * len(names) + codes[len(kept) + len(truth) :]
        fresh = ~np.isin(keys, seen_keys[seen_rows >= 0])
        removed = int((~fresh).sum())
        kept, rows, keys = kept.take(fresh), rows[fresh], keys[fresh]
    ratings = np.ones(len(truth)) if truth.ratings is None else truth.ratings
    truth_rows = users.astype(np.int64)
    return Matched(
        lists=kept,
        rows=rows,
        ratings=_looked_up(keys, truth_rows * len(names) + truth_item, ratings),
        labels=np.asarray(labels, dtype=object),
        truth_rows=truth_rows,
        truth_ratings=ratings,
        rated=truth.ratings is not None,
        strangers=strangers,
        seen_removed=removed,
    )


def _looked_up(
    keys: NDArray[np.int64], known: NDArray[np.int64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the value of each key, NaN where it is not known."""
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known[order], keys), len(known) - 1)
    hit = known[order][place] == keys
    return np.where(hit, values[order][place], np.nan)


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
    sequence = within_users(
        matched.lists, matched.rows, listed, order, incomparable=incomparable
    )
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
    if matched.lists.ranks is not None and not matched.seen_removed:
        written = np.full((n, w), NOWHERE)
        written[at] = matched.lists.ranks[sequence][inside]
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
