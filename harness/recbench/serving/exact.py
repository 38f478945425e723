"""What indexes are held against: one model's exact ranking, and its figure."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recbench.evaluation import measure
from recbench.evaluation.products import rank_products
from recbench.evaluation.rules import RankingRules, seen_pairs
from recbench.metrics.views import PerUser
from recbench.serving.fitting import Fits, Fitted
from recbench.serving.report import Served

Lists = NDArray[np.int32]


class Held:
    """Stored vectors as a model."""

    def __init__(self, fitted: Fitted) -> None:
        """Remember them."""
        self.fitted = fitted

    def user_vectors(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return float32, shape ``(b, d)``."""
        return self.fitted.user_vectors[users]

    def item_vectors(self) -> NDArray[np.float32]:
        """Return float32, shape ``(n_items, d)``."""
        return self.fitted.item_vectors


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bench:
    """A model's exact ranking, and what an index is given to match it.

    Attributes:
        fits: Data, parts and metrics.
        fitted: The vectors.
        users: Codes of the users asked for, int32 ``(q,)``, ascending.
        rules: What may be listed for whom.
        metric: Such as ``ndcg@10``.
        lists: The exact top-k, int32 ``(q, k)``.
        scores: Their scores, float64 ``(q, k)``.
        figure: The metric of the exact ranking.
        order: Item code of each row of an index. Rows stand in the order of the
            suite's tie keys, so that an index which prefers earlier rows among equal
            scores follows the suite's rule.
        seen: Rows that are never listed, user by user.
        offsets: Where each user's begin, int64 ``(q + 1,)``.
    """

    fits: Fits
    fitted: Fitted
    users: NDArray[np.int32]
    rules: RankingRules
    metric: str
    lists: Lists
    scores: NDArray[np.float64]
    figure: float
    order: NDArray[np.int64]
    seen: NDArray[np.int64]
    offsets: NDArray[np.int64]

    def figure_of(self, lists: Lists) -> float:
        """Return the metric of other lists of the same users."""
        return _figure(self.fits, self.users, self.rules, lists, self.metric)

    def served(self) -> Served:
        """Return the facts of the model."""
        return Served(
            model=self.fitted.record.label,
            figure=self.figure,
            dimension=self.fitted.item_vectors.shape[1],
            n_items=len(self.order),
            n_queries=len(self.users),
            mean_seen=len(self.seen) / len(self.users),
            fit_seconds=self.fitted.record.seconds.get("fit"),
        )


def prepare(fits: Fits, fitted: Fitted, *, k: int, most: int) -> Bench:
    """Rank exactly, and lay out vectors and seen items for the indexes.

    Args:
        fits: Data, parts and metrics.
        fitted: The vectors of one of its models.
        k: Length of the lists.
        most: Test users asked for at most; more are sampled.
    """
    view = fits.prepared.view
    users = view.ask_users
    if len(users) > most:
        drawn = np.random.default_rng(0).choice(len(users), most, replace=False)
        users = users[np.sort(drawn)]
    rules = dataclasses.replace(view.rules(final=True), k=k)
    lists, scores = rank_products(Held(fitted), users, rules)
    metric = f"{fits.suite.primary.partition('@')[0]}@{k}"
    items = np.flatnonzero(rules.candidates)
    order = items[np.argsort(rules.keys[items], kind="stable")]
    seen, offsets = _seen_rows(users, rules, order)
    return Bench(
        fits=fits,
        fitted=fitted,
        users=users,
        rules=rules,
        metric=metric,
        lists=lists,
        scores=scores,
        figure=_figure(fits, users, rules, lists, metric),
        order=order,
        seen=seen,
        offsets=offsets,
    )


def _seen_rows(
    users: NDArray[np.int32], rules: RankingRules, order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the index rows that users have seen, user by user, and offsets."""
    offsets = np.zeros(len(users) + 1, dtype=np.int64)
    if rules.seen is None:
        return offsets[:0], offsets
    row_of = np.full(len(rules.candidates), -1, dtype=np.int64)
    row_of[order] = np.arange(len(order))
    queries, items = seen_pairs(users, rules.seen)
    inside = row_of[items] >= 0
    queries, rows = queries[inside], row_of[items[inside]]
    np.cumsum(np.bincount(queries, minlength=len(users)), out=offsets[1:])
    return rows, offsets


def _figure(
    fits: Fits,
    users: NDArray[np.int32],
    rules: RankingRules,
    lists: Lists,
    metric: str,
) -> float:
    """Return the metric of lists on the test part, over the users asked for."""
    view = fits.prepared.view
    values = measure.of_lists(
        lists,
        users,
        test=fits.prepared.test,
        train=view.train,
        candidates=view.candidates,
        relevance=view.relevance,
        names=[metric],
        specs=fits.metrics,
        seen=rules.seen,
    )[metric]
    if isinstance(values, PerUser):  # a user who was not asked for counts nowhere
        asked = np.isin(values.users, users)
        values = dataclasses.replace(
            values,
            users=values.users[asked],
            values=values.values[asked],
            weights=values.weights[asked],
        )
    return measure.figure(values)
