"""Per-user values and figures of a cell, from its lists or predictions.

The parent calls it with the test labels; a child calls it on validation only.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.evaluation.lists import ranked_lists
from recbench.evaluation.scoring import RankingRules, predict, rank
from recbench.interactions import Interactions
from recbench.metrics.compute import ranking_values, rating_values
from recbench.metrics.views import PerUser, RatedPairs
from recbench.protocols import Queries
from recbench.specs import MetricSpec

Values = dict[str, PerUser | float]


def of_predictions(
    predictions: NDArray[np.float32],
    test: Interactions,
    names: Sequence[str],
    specs: Mapping[str, MetricSpec],
) -> Values:
    """Return rating metrics of predictions, aligned with the test rows."""
    pairs = RatedPairs(
        users=test.users,
        ratings=np.asarray(test.ratings, dtype=np.float64),
        predictions=predictions.astype(np.float64),
        n_users=test.n_users,
    )
    return dict(rating_values(pairs, names, specs))


def of_lists(
    lists: NDArray[np.int32],
    users: NDArray[np.int32],
    *,
    test: Interactions,
    train: Interactions,
    candidates: NDArray[np.bool_],
    relevance: float | None,
    names: Sequence[str],
    specs: Mapping[str, MetricSpec],
    seen: Interactions | None = None,
) -> Values:
    """Return ranking metrics of top-k lists, one row per user of ``users``."""
    ranked = ranked_lists(
        lists,
        users,
        test=test,
        train=train,
        candidates=candidates,
        relevance=relevance,
        seen=seen,
    )
    return dict(ranking_values(ranked, names, specs))


def figure(values: PerUser | float) -> float:
    """Return the one figure of a metric."""
    return values.figure() if isinstance(values, PerUser) else float(values)


def validate_ratings(
    model: Any,  # noqa: ANN401 - a model is any object with the right methods
    validation: Interactions,
    name: str,
    specs: Mapping[str, MetricSpec],
) -> float:
    """Return a rating metric of a model on the validation interactions."""
    scale = validation.scale
    predictions = predict(model, validation.users, validation.items, scale)
    return figure(of_predictions(predictions, validation, [name], specs)[name])


def validate_lists(
    model: Any,  # noqa: ANN401 - a model is any object with the right methods
    users: NDArray[np.int32],
    rules: RankingRules,
    queries: Queries | None,
    *,
    validation: Interactions,
    train: Interactions,
    relevance: float | None,
    name: str,
    specs: Mapping[str, MetricSpec],
    by_history: bool = False,
) -> float:
    """Return a ranking metric of a model on the validation interactions."""
    lists, _ = rank(model, users, rules, queries, by_history=by_history)
    values = of_lists(
        lists,
        users,
        test=validation,
        train=train,
        candidates=rules.candidates,
        relevance=relevance,
        names=[name],
        specs=specs,
        seen=rules.seen,
    )
    return figure(values[name])
