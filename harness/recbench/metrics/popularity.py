"""How popular what is listed is, against what users trained on.

Popularity is the number of training interactions of an item. These values describe
lists rather than grade them: a user with an empty list has none (NaN), except where
a metric counts hits or places.
"""

import numpy as np
from numpy.typing import NDArray

from recbench.metrics.ranking import Values, quotient, sum_at_hits
from recbench.metrics.views import RankedLists

HEAD = 0.2  # share of the candidates, most popular first, that is the head


def mean_listed(lists: RankedLists, k: int, per_item: Values) -> Values:
    """Return the mean of ``per_item`` over each list's first ``k`` places.

    Args:
        lists: The lists.
        k: Cut-off.
        per_item: Shape ``(n_items,)``.

    Returns:
        Shape ``(n,)``; NaN where the list is empty.
    """
    items = lists.items[:, :k]
    filled = items >= 0
    counts = filled.sum(axis=1)
    sums = np.where(filled, per_item[items], 0.0).sum(axis=1)
    return quotient(sums, counts)


def head_items(lists: RankedLists) -> NDArray[np.bool_]:
    """Return which items are in the head, bool, shape ``(n_items,)``.

    The head is the most popular fifth of the candidates, with all that tie with its
    last item, so that no order of items matters.
    """
    lists.training()
    counts = np.sort(lists.popularity[lists.candidates])[::-1]
    size = max(1, int(np.ceil(HEAD * len(counts))))
    border = counts[size - 1] if len(counts) else 0
    return np.asarray((lists.popularity >= border) & lists.candidates)


def most_popular(lists: RankedLists, k: int) -> NDArray[np.bool_]:
    """Return which items are among the ``k`` most popular candidates, ties included."""
    lists.training()
    counts = np.sort(lists.popularity[lists.candidates])[::-1]
    border = counts[min(k, len(counts)) - 1] if len(counts) else 0
    return np.asarray((lists.popularity >= border) & lists.candidates)


def popularity(lists: RankedLists, k: int) -> Values:
    """Mean number of training interactions of the listed items."""
    lists.training()
    return mean_listed(lists, k, lists.popularity.astype(np.float64))


def popularity_percentile(lists: RankedLists, k: int) -> Values:
    """Mean share of candidates that are less popular (equal ones count half)."""
    lists.training()
    counts = np.sort(lists.popularity[lists.candidates])
    below = np.searchsorted(counts, lists.popularity, side="left")
    upto = np.searchsorted(counts, lists.popularity, side="right")
    return mean_listed(lists, k, (below + upto) / 2 / max(len(counts), 1))


def popularity_lift(lists: RankedLists, k: int) -> Values:
    """Relative gap of mean popularity between list and training items.

    (Abdollahpouri et al., 2020); 0 where the list is as popular as the user's own
    training items, 1 where it is twice as popular.
    """
    train = lists.training()
    counts = np.bincount(train.users, minlength=train.n_users)
    own = np.bincount(
        train.users,
        weights=lists.popularity[train.items].astype(np.float64),
        minlength=train.n_users,
    )
    profile = quotient(own, counts)[lists.users]
    listed = mean_listed(lists, k, lists.popularity.astype(np.float64))
    return quotient(listed, profile) - 1


def novelty(lists: RankedLists, k: int) -> Values:
    """Mean self-information of the listed items in bits (Zhou et al., 2010).

    ``-log2`` of the share of training users with a training interaction with the
    item; an item without one counts as if it had one.
    """
    train = lists.training()
    holders = np.bincount(train.items_by_user()[1], minlength=train.n_items)
    n_users = int((np.bincount(train.users, minlength=train.n_users) > 0).sum())
    return mean_listed(lists, k, np.log2(n_users) - np.log2(np.maximum(holders, 1)))


def tail_share(lists: RankedLists, k: int) -> Values:
    """Share of the listed items that are outside the head."""
    return mean_listed(lists, k, (~head_items(lists)).astype(np.float64))


def unexpectedness(lists: RankedLists, k: int) -> Values:
    """Share of the ``k`` places whose item is not among the ``k`` most popular."""
    plain = most_popular(lists, k)
    items = lists.items[:, :k]
    fresh = ((items >= 0) & ~plain[items]).sum(axis=1)
    return np.asarray(fresh / k, dtype=np.float64)


def serendipity(lists: RankedLists, k: int) -> Values:
    """Share of the ``k`` places that are hits not among the ``k`` most popular."""
    plain = most_popular(lists, k)
    places = lists.places
    fresh = ~plain[lists.items[places.rows, places.ranks]]
    return sum_at_hits(lists, k, fresh.astype(np.float64)) / k
