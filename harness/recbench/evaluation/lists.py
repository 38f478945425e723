"""From top-k lists and test interactions to what the metrics read.

Membership is found by user-item keys (:mod:`recbench.evaluation.membership`).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recbench.errors import DataError, UsageError
from recbench.evaluation.membership import find
from recbench.evaluation.pairs import of_rows, truth_of
from recbench.interactions import Interactions
from recbench.metrics.views import PerUser, RankedLists

if TYPE_CHECKING:
    from recbench.specs import MetricSpec


def ranked_lists(
    lists: NDArray[np.int32],
    users: NDArray[np.int32],
    *,
    test: Interactions,
    train: Interactions | None,
    candidates: NDArray[np.bool_],
    relevance: float | None,
    seen: Interactions | None = None,
    width: int | None = None,
) -> RankedLists:
    """Return the lists of every test user with a relevant item, with their hits.

    Args:
        lists: Item codes, shape ``(n, k)``, best first, -1 where there is none.
        users: User code of each list, shape ``(n,)``, without repeats. A user with a
            relevant item and no list gets an empty one; lists of other users are
            left out.
        test: Test interactions. A repeated user-item pair counts once, with its
            largest rating.
        train: Training interactions; None where they are unknown.
        candidates: bool, shape ``(n_items,)``; what may be listed.
        relevance: Test ratings at or above it are relevant; None means that all are.
        seen: Interactions whose items were never listed for their user, or None.
        width: Columns that metrics will read; None for all.

    Raises:
        DataError: If a list repeats an item, or users or items are out of range.
    """
    _verify(lists, users, test)
    truth, keys = truth_of(test, relevance)
    counts = truth.n_relevant()
    chosen = np.flatnonzero(counts)
    if len(chosen) < test.n_users:
        truth, keys = of_rows(truth, keys, counts > 0)
    items = _rows_of(lists[:, :width], users, chosen, test.n_users)
    found, where = find(keys, truth.offsets, chosen, items, test.n_items)
    hits = np.zeros(items.shape, dtype=np.bool_)
    hits.ravel()[found] = truth.relevant[where]
    listed_gains = np.zeros(items.shape)
    listed_gains.ravel()[found] = truth.gains[where]
    popularity = np.zeros(test.n_items, dtype=np.int64)
    if train is not None:
        popularity = np.bincount(train.items, minlength=test.n_items)
    return RankedLists(
        users=chosen.astype(np.int32),
        items=items,
        hits=hits,
        gains=listed_gains,
        n_relevant=counts[chosen],
        truth=truth,
        n_items=test.n_items,
        candidates=candidates,
        popularity=popularity,
        train=train,
        seen=seen,
        item_features=test.item_features,
        user_features=test.user_features,
    )


def _verify(
    lists: NDArray[np.int32], users: NDArray[np.int32], test: Interactions
) -> None:
    """Refuse lists that no metric could be computed from."""
    if lists.ndim != 2 or users.shape != (len(lists),):
        msg = (
            f"lists of shape {lists.shape} for users of shape {users.shape}: "
            "one row of item codes per user is needed"
        )
        raise DataError(msg)
    if len(users) and (users.min() < 0 or users.max() >= test.n_users):
        msg = f"the lists belong to user codes outside [0, {test.n_users})"
        raise DataError(msg)
    if len(users) and np.bincount(users).max() > 1:
        msg = "a user has more than one list"
        raise DataError(msg)
    if lists.size and (lists.min() < -1 or lists.max() >= test.n_items):
        msg = f"the lists hold item codes outside [0, {test.n_items}) that are not -1"
        raise DataError(msg)
    ordered = np.sort(lists, axis=1)
    repeats = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if repeats.any():
        row = int(np.flatnonzero(repeats.any(axis=1))[0])
        msg = (
            f"{int(repeats.any(axis=1).sum()):,} lists repeat an item, the first that "
            f"of user code {int(users[row])}: a list holds an item once"
        )
        raise DataError(msg)


def _rows_of(
    lists: NDArray[np.int32],
    users: NDArray[np.int32],
    chosen: NDArray[np.int64],
    n_users: int,
) -> NDArray[np.int32]:
    """Return the list of each chosen user, empty where there is none."""
    if np.array_equal(users, chosen):
        return np.ascontiguousarray(lists)
    row_of = np.full(n_users, -1, dtype=np.int64)
    row_of[users] = np.arange(len(users))
    rows = row_of[chosen]
    items = np.full((len(chosen), lists.shape[1]), -1, dtype=np.int32)
    items[rows >= 0] = lists[rows[rows >= 0]]
    return items


def score_lists(
    lists: NDArray[np.int32],
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    *,
    metrics: Sequence[str],
    ratings: NDArray[np.float32] | None = None,
    specs: "Mapping[str, MetricSpec] | None" = None,
) -> dict[str, NDArray[np.float64]]:
    """Score anybody's top-k lists by recbench's definitions.

    Args:
        lists: Item codes, int32, shape ``(n_users, k)``, best first, padded with -1;
            row ``u`` is the list of user code ``u``.
        users: User codes of the relevant pairs, int32, shape ``(m,)``.
        items: Item codes of the relevant pairs, aligned with ``users``.
        metrics: Names with cut-off, such as ``ndcg@10``: those of accuracy, and others
            that need no training data.
        ratings: Ratings of the pairs, which graded metrics read; None grades all 1.
        specs: The known metrics by name; None means the built-in ones.

    Returns:
        Metric name to float64 values, shape ``(n_users,)``; NaN for users without a
        relevant pair.

    Raises:
        DataError: If the arrays do not fit together.
        UsageError: If a metric is unknown, or needs longer lists or training data.
    """
    from recbench.metrics.builtin import recbench_metrics
    from recbench.metrics.compute import find as find_metric
    from recbench.metrics.compute import parse, ranking_values

    names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    known = {s.name: s for s in recbench_metrics()} if specs is None else specs
    for name in names:
        spec, _ = find_metric(name, known, ("ranking", "system"))
        if spec.kind == "system":
            msg = f"{name} describes all lists together and has no value per user"
            raise UsageError(msg)
    cuts = [parse(name)[1] for name in names]
    width = None if None in cuts else max((cut for cut in cuts if cut), default=None)
    view = _standalone(_codes(lists, "lists"), users, items, ratings, width)
    scores: dict[str, NDArray[np.float64]] = {}
    for name, value in ranking_values(view, names, known).items():
        scores[name] = np.full(len(lists), np.nan)
        if isinstance(value, PerUser):
            scores[name][value.users] = value.values
    return scores


def _standalone(
    lists: NDArray[np.int32],
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    ratings: NDArray[np.float32] | None,
    width: int | None,
) -> RankedLists:
    """Return lists and relevant pairs as metrics read them, with no training data."""
    owners, wanted = _codes(users, "users"), _codes(items, "items")
    if ratings is not None and not np.isfinite(ratings).all():
        msg = "the ratings hold NaN or infinity"
        raise DataError(msg)
    top = max((int(c.max()) for c in (lists, wanted) if c.size), default=0)
    test = Interactions(
        users=owners,
        items=wanted,
        ratings=None if ratings is None else np.asarray(ratings, dtype=np.float32),
        n_users=len(lists),
        n_items=max(top, 0) + 1,
    )
    return ranked_lists(
        lists,
        np.arange(len(lists), dtype=np.int32),
        test=test,
        train=None,
        candidates=np.ones(test.n_items, dtype=np.bool_),
        relevance=None,
        width=width,
    )


def _codes(values: Any, what: str) -> NDArray[np.int32]:  # noqa: ANN401 - checked here
    """Return integer codes as int32."""
    codes = np.asarray(values)
    if codes.dtype.kind not in "iu":
        msg = f"{what} must hold integer codes, and hold {codes.dtype}"
        raise DataError(msg)
    if codes.size and codes.max() > np.iinfo(np.int32).max:
        msg = f"{what} hold codes above {np.iinfo(np.int32).max:,}, beyond int32"
        raise DataError(msg)
    return codes.astype(np.int32, copy=False)
