"""The same planted data under other codes, with strangers in it, or next to nothing."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from recbench.features import Categories, Features
from recbench.interactions import Interactions
from recbench.testing.planted import Planted

Codes = NDArray[np.int32]


def relabelled(planted: Planted, users: Codes, items: Codes) -> Planted:
    """Return the same data under other codes.

    Args:
        planted: The data.
        users: New code of each user code, a permutation, shape ``(n_users,)``.
        items: New code of each item code, likewise.
    """

    def renamed(part: Interactions) -> Interactions:
        return replace(
            part,
            users=users[part.users],
            items=items[part.items],
            user_features=_rows(part.user_features, np.argsort(users)),
            item_features=_rows(part.item_features, np.argsort(items)),
        )

    truth = np.empty_like(planted.truth)
    truth[np.ix_(users, items)] = planted.truth
    return replace(
        planted,
        train=renamed(planted.train),
        validation=renamed(planted.validation),
        truth=truth,
    )


def sorted_by_truth(planted: Planted, *, descending: bool) -> Planted:
    """Return the data with items (and users) coded by how well they are liked."""
    sign = -1 if descending else 1
    items = np.argsort(sign * planted.truth.sum(axis=0), kind="stable")
    users = np.argsort(sign * planted.truth.sum(axis=1), kind="stable")
    return relabelled(
        planted, _inverse(users.astype(np.int32)), _inverse(items.astype(np.int32))
    )


def _inverse(order: Codes) -> Codes:
    codes = np.empty_like(order)
    codes[order] = np.arange(len(order), dtype=np.int32)
    return codes


def with_strangers(planted: Planted, n_users: int = 5, n_items: int = 4) -> Planted:
    """Return the data with users and items nobody knows, in between the others."""

    def widened(part: Interactions) -> Interactions:
        return replace(
            part,
            n_users=part.n_users + n_users,
            n_items=part.n_items + n_items,
            user_features=_extended(part.user_features, n_users),
            item_features=_extended(part.item_features, n_items),
        )

    wide = replace(
        planted,
        train=widened(planted.train),
        validation=widened(planted.validation),
        truth=np.pad(planted.truth, ((0, n_users), (0, n_items))),
    )
    rng = np.random.default_rng(5)
    return relabelled(
        wide,
        rng.permutation(wide.train.n_users).astype(np.int32),
        rng.permutation(wide.train.n_items).astype(np.int32),
    )


def tiny(planted: Planted, n_users: int = 8, n_items: int = 5) -> Planted:
    """Return the busiest users and items, fewer than most models have dimensions."""
    of_item = np.bincount(planted.train.items, minlength=planted.train.n_items)
    items = np.argsort(-of_item, kind="stable")
    known = np.isin(planted.train.items, items[:n_items])
    of_user = np.bincount(planted.train.users[known], minlength=len(planted.truth))
    users = np.argsort(-of_user, kind="stable")
    planted = relabelled(
        planted, _inverse(users.astype(np.int32)), _inverse(items.astype(np.int32))
    )

    def cut(part: Interactions) -> Interactions:
        kept = part.take((part.users < n_users) & (part.items < n_items))
        return replace(
            kept,
            n_users=n_users,
            n_items=n_items,
            user_features=_rows(part.user_features, np.arange(n_users)),
            item_features=_rows(part.item_features, np.arange(n_items)),
        )

    return replace(
        planted,
        train=cut(planted.train),
        validation=cut(planted.validation),
        truth=planted.truth[:n_users, :n_items],
    )


def _groups(features: Features) -> Categories:
    column = features.columns["group"]
    assert isinstance(column, Categories)  # noqa: S101 - made in planted.py
    return column


def _rows(features: Features | None, rows: NDArray[np.int64]) -> Features | None:
    """Return the features of these rows, in this order."""
    if features is None:
        return None
    column = _groups(features)
    lengths = np.diff(column.offsets)[rows]
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    codes = column.codes[np.repeat(column.offsets[:-1][rows], lengths) + within]
    return Features(columns={"group": replace(column, offsets=offsets, codes=codes)})


def _extended(features: Features | None, count: int) -> Features | None:
    """Return the features with ``count`` more rows, of no category."""
    if features is None:
        return None
    column = _groups(features)
    ends = np.full(count, column.offsets[-1])
    offsets = np.concatenate((column.offsets, ends))
    return Features(columns={"group": replace(column, offsets=offsets)})
