"""Looking into what a model is handed: codes, features, order, times, questions."""

import re

import numpy as np
from numpy.typing import NDArray

from recbench.audit.canaries.guess import Guess, Scores, by_item, by_pair, standard
from recbench.features import Categories, Features, Numbers
from recbench.interactions import Interactions
from recbench.protocols import FitContext
from recbench.splits.shares import lottery, rounded, smallest

HELD = 0.15  # share of the rows in the test part, and in the validation part
SEEDS = 8  # split seeds tried besides the model's own


def ties(train: Interactions, context: FitContext) -> Guess:
    """Score everything alike, so that the harness's tie order decides."""
    del context
    return by_item(np.zeros(train.n_items), train.n_items)


def codes(train: Interactions, context: FitContext) -> Guess:
    """Trust that item codes follow what is tested."""
    del context
    return by_item(-np.arange(train.n_items), train.n_items)


def codes_near(train: Interactions, context: FitContext) -> Guess:
    """Trust that users and their test items have codes alike."""
    del context
    users = np.arange(train.n_users)[:, None] / train.n_users
    items = np.arange(train.n_items)[None, :] / train.n_items
    return by_pair(-np.abs(users - items))


def numbers(features: Features | None) -> list[Scores]:
    """Return every feature column as numbers, one per row."""
    found: list[Scores] = []
    for column in () if features is None else features.columns.values():
        if isinstance(column, Numbers):
            found.append(column.values.astype(np.float64))
        elif isinstance(column, Categories):
            sizes = np.diff(column.offsets)
            rows = np.repeat(np.arange(len(column)), sizes)
            sums = np.bincount(rows, weights=column.codes, minlength=len(column))
            found.append(sums / np.maximum(sizes, 1))
        else:
            digits = (re.findall(r"\d+", text) for text in column.values.tolist())
            found.append(np.array([float(d[-1]) if d else np.nan for d in digits]))
    return found


def item_features(train: Interactions, context: FitContext) -> Guess:
    """Add up all feature columns of the items."""
    del context
    columns = numbers(train.item_features)
    total = sum((standard(c) for c in columns), start=np.zeros(train.n_items))
    return by_item(total, train.n_items)


def user_features(train: Interactions, context: FitContext) -> Guess:
    """Take every feature of a user for the code of the item they want."""
    del context
    scores = np.zeros((train.n_users, train.n_items))
    items = np.arange(train.n_items)
    for column in numbers(train.user_features):
        wanted = np.where(np.isfinite(column), column, -1)
        scores += standard(-np.abs(wanted[:, None] - items[None, :]))
        inside = (wanted >= 0) & (wanted < train.n_items)
        rows = np.flatnonzero(inside)
        scores[rows, wanted[rows].astype(np.int64)] += 10
    return by_pair(scores)


def row_order(train: Interactions, context: FitContext) -> Guess:
    """Trust that items which come first in the table are tested most."""
    del context
    first = np.full(train.n_items, len(train), dtype=np.int64)
    np.minimum.at(first, train.items, np.arange(len(train)))
    return by_item(-first, train.n_items)


def row_neighbours(train: Interactions, context: FitContext) -> Guess:
    """Trust that a user's test items stand in the rows beside the user's."""
    del context
    scores = np.zeros((train.n_users, train.n_items))
    np.add.at(scores, (train.users[:-1], train.items[1:]), 1)
    np.add.at(scores, (train.users[1:], train.items[:-1]), 1)
    return by_pair(scores)


def timestamps(train: Interactions, context: FitContext) -> Guess:
    """Trust that the time of an item's events follows what is tested."""
    del context
    if train.timestamps is None:
        return by_item(np.zeros(train.n_items), train.n_items)
    counts = np.bincount(train.items, minlength=train.n_items)
    stamps = (train.timestamps - train.timestamps.min()).astype(np.float64)
    sums = np.bincount(train.items, weights=stamps, minlength=train.n_items)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return by_item(means, train.n_items)


def time_gaps(train: Interactions, context: FitContext) -> Guess:
    """Trust that test events fill the longest gap in a user's history."""
    del context
    scores = np.zeros((train.n_users, train.n_items))
    if train.timestamps is None:
        return by_pair(scores)
    order = np.argsort(train.timestamps, kind="stable")
    stamps, items = train.timestamps[order], train.items[order]
    groups = train.by_user()
    for user in range(train.n_users):  # a few hundred users, once a release
        rows = groups.rows[groups.offsets[user] : groups.offsets[user + 1]]
        mine = train.timestamps[rows]
        if len(mine) < 2:
            continue
        gap = int(np.argmax(np.diff(mine)))
        low, high = np.searchsorted(stamps, [mine[gap] + 1, mine[gap + 1]])
        scores[user] = np.bincount(items[low:high], minlength=train.n_items)
    return by_pair(scores)


def questions(train: Interactions, context: FitContext) -> Guess:
    """Trust that the order in which users are asked for follows their items."""
    del context
    items = np.arange(train.n_items) / train.n_items
    asked = 0

    def guess(users: NDArray[np.int32]) -> Scores:
        nonlocal asked
        places = (asked + np.arange(len(users))) / train.n_users
        asked += len(users)
        return -np.abs(places[:, None] - items[None, :])

    return guess


def seed(train: Interactions, context: FitContext) -> Guess:
    """Draw the split again from its seed, and fill the holes between known rows."""
    scores = np.zeros((train.n_users, train.n_items))
    held = context.validation
    if held is None:
        return by_pair(scores)
    for number in dict.fromkeys((context.seed, *range(SEEDS))):
        for n in (len(train) + 2 * len(held) + d for d in (-1, 0, 1)):
            fill_holes(train, held, n, number, scores)
    return by_pair(scores)


def fill_holes(
    train: Interactions, held: Interactions, n: int, number: int, scores: Scores
) -> None:
    """Add to ``scores`` the items that sorted rows leave room for.

    Args:
        train: Training rows, in the order of the table.
        held: Validation rows, likewise.
        n: Rows of the whole table, a guess.
        number: Seed of the split, a guess.
        scores: float64, shape ``(n_users, n_items)``; changed in place.
    """
    size = rounded(HELD, n)
    if size != len(held) or n - 2 * size != len(train):
        return
    test, validation = smallest(lottery(n, number), size, size)
    users = np.full(n, -1, dtype=np.int64)
    items = np.full(n, -1, dtype=np.int64)
    known = np.setdiff1d(np.arange(n), np.concatenate((test, validation)))
    for rows, part in ((known, train), (validation, held)):
        users[rows], items[rows] = part.users, part.items
    rows = np.flatnonzero(users >= 0)
    steps = np.diff(users[rows])
    if (steps < 0).mean() > 0.01:  # the table is not sorted, or the seed is another
        return
    after = np.searchsorted(rows, test)
    inner = (after > 0) & (after < len(rows))
    before, behind = rows[after[inner] - 1], rows[after[inner]]
    same = users[before] == users[behind]
    for left, right in zip(before[same], behind[same], strict=True):
        low, high = sorted((int(items[left]), int(items[right])))
        scores[users[left], low + 1 : high] += 1 / max(high - low - 1, 1)
