"""Accuracy by groups of users and of items, and the gaps between the groups."""

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recbench.errors import DataError
from recbench.features import Categories, Numbers
from recbench.metrics.popularity import head_items
from recbench.metrics.ranking import Values, ndcg, quotient, sum_at_hits
from recbench.metrics.views import PerUser, RankedLists

COLD = 0.25  # share of the users, fewest training interactions first, that are cold
SMALLEST = 10  # users a group needs before a gap counts it
BINS = 4  # groups of about equal size that a numeric attribute makes


def cold_users(lists: RankedLists) -> NDArray[np.bool_]:
    """Return which users are cold, bool, shape ``(n,)``.

    The quarter of the users with the fewest training interactions, with all that tie
    with its last one, so that no order of users matters.
    """
    train = lists.training()
    counts = np.bincount(train.users, minlength=train.n_users)[lists.users]
    size = int(np.ceil(COLD * len(counts)))
    return np.asarray(counts <= np.sort(counts)[size - 1]) if size else counts > 0


def ndcg_cold(lists: RankedLists, k: int) -> Values:
    """NDCG of cold users; undefined for the others."""
    return np.where(cold_users(lists), ndcg(lists, k), np.nan)


def ndcg_warm(lists: RankedLists, k: int) -> Values:
    """NDCG of users who are not cold; undefined for the others."""
    return np.where(cold_users(lists), np.nan, ndcg(lists, k))


def _recall_among(lists: RankedLists, k: int, items: NDArray[np.bool_]) -> Values:
    """Return recall counting only ``items``; NaN where none of them is relevant."""
    truth, places = lists.truth, lists.places
    wanted = truth.relevant & items[truth.items]
    n_wanted = np.bincount(truth.rows()[wanted], minlength=len(lists.users))
    found = items[lists.items[places.rows, places.ranks]].astype(np.float64)
    hits = sum_at_hits(lists, k, found)
    return quotient(hits, n_wanted)


def recall_head(lists: RankedLists, k: int) -> Values:
    """Recall of the relevant items in the head; undefined without one."""
    return _recall_among(lists, k, head_items(lists))


def recall_tail(lists: RankedLists, k: int) -> Values:
    """Recall of the relevant items outside the head; undefined without one."""
    return _recall_among(lists, k, ~head_items(lists))


def ndcg_gap_activity(lists: RankedLists, k: int) -> float:
    """Distance between the mean NDCG of cold and of warm users."""
    cold, values = cold_users(lists), ndcg(lists, k)
    return _spread(values, {"cold": cold, "warm": ~cold}, smallest=1)


def _spread(
    values: Values, groups: Mapping[str, NDArray[np.bool_]], *, smallest: int
) -> float:
    """Return the largest minus the smallest mean of the groups that are big enough."""
    means = [
        float(values[members].mean())
        for members in groups.values()
        if members.sum() >= smallest
    ]
    return max(means) - min(means) if len(means) > 1 else float("nan")


def attribute_groups(lists: RankedLists, column: str) -> dict[str, NDArray[np.bool_]]:
    """Return groups of the users by an attribute, as name to bool ``(n,)``.

    Categories make one group each; numbers are cut into quarters of about equal size;
    a user whose value is unknown is in no group.

    Raises:
        DataError: If the users have no such attribute.
    """
    columns = {} if lists.user_features is None else lists.user_features.columns
    values = columns.get(column)
    if isinstance(values, Categories):
        rows = np.repeat(np.arange(len(values)), np.diff(values.offsets))
        groups = {}
        for code, name in enumerate(values.names.tolist()):
            members = np.zeros(len(values), dtype=np.bool_)
            members[rows[values.codes == code]] = True
            groups[name] = members[lists.users]
        return groups
    if isinstance(values, Numbers):
        numbers = values.values[lists.users]
        known = np.isfinite(numbers)
        if not known.any():
            return {}
        cuts = np.quantile(numbers[known], np.arange(1, BINS) / BINS)
        bins = np.searchsorted(cuts, numbers, side="right")
        return {f"quarter {b + 1}": known & (bins == b) for b in range(BINS)}
    has = ", ".join(sorted(columns)) or "none"
    msg = f"users have no attribute {column!r} to group by (they have: {has})"
    raise DataError(msg)


def ndcg_gap(lists: RankedLists, k: int, *, column: str) -> float:
    """Largest minus smallest mean NDCG among groups of at least 10 users.

    NaN with fewer than two such groups.
    """
    groups = attribute_groups(lists, column)
    return _spread(ndcg(lists, k), groups, smallest=SMALLEST)


ndcg_gap_gender = partial(ndcg_gap, column="gender")
ndcg_gap_age = partial(ndcg_gap, column="age")
ndcg_gap_occupation = partial(ndcg_gap, column="occupation")


def by_group(
    values: PerUser, members: Mapping[str, NDArray[np.bool_]]
) -> dict[str, PerUser]:
    """Return the values of a metric for each group of users.

    Args:
        values: Values of one metric, of ``n`` users.
        members: Name of a group to bool, shape ``(n,)``, aligned with ``values``.
    """
    return {
        name: PerUser(
            users=values.users[chosen],
            values=values.values[chosen],
            weights=values.weights[chosen],
            finish=values.finish,
        )
        for name, chosen in members.items()
    }
