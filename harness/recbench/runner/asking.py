"""What the harness asks of a model inside its own process, and where answers go."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.errors import ContractError
from recbench.evaluation import measure, scoring
from recbench.evaluation.rules import checked
from recbench.evaluation.scoring import query_part
from recbench.interactions import Interactions
from recbench.protocols import Queries
from recbench.runner.failures import MACHINE, NotOfferedError, TroubleError
from recbench.runner.targets import asked
from recbench.runner.view import View
from recbench.specs import MetricSpec


def validator(
    view: View, metric: str, specs: Mapping[str, MetricSpec]
) -> Callable[[Any], float] | None:
    """Return the function behind ``context.validate``; None without validation.

    Nothing is prepared before a model asks.
    """
    validation = view.validation
    if not len(validation):
        return None
    if view.task == "rating":
        return lambda model: measure.validate_ratings(model, validation, metric, specs)
    wanted = asked(view.task, validation, view.relevance)
    users = wanted.users
    if not len(users):
        return None

    _, _, cut_off = metric.partition("@")

    @functools.cache
    def rules() -> scoring.RankingRules:
        found = view.rules(final=False)
        # what lies behind the metric's cut-off need not be sorted
        k = min(found.k, int(cut_off)) if cut_off else found.k
        return dataclasses.replace(found, k=k)

    @functools.cache
    def queries() -> Queries:
        return view.queries(users, wanted.times, final=False)

    @functools.cache
    def truth() -> Interactions:
        # as its pairs are looked up: sorted once, not after every epoch
        pairs = wanted.truth
        return pairs.take(np.lexsort((pairs.items, pairs.users)))

    def ranking(model: Any) -> float:  # noqa: ANN401 - a model is any object
        return measure.validate_lists(
            model,
            users,
            rules(),
            queries() if needs_histories(model, view, users) else None,
            validation=truth(),
            train=view.train,
            relevance=view.relevance,
            name=metric,
            specs=specs,
            by_history=view.task == "next-item",
        )

    return ranking


def needs_histories(model: object, view: View, users: NDArray[np.int32]) -> bool:
    """Return whether ranking will read the users' histories.

    Grouping all of training by user costs seconds and gigabytes where there are a
    hundred million rows, and a model that ranks users it was trained on reads none.
    """
    if view.task == "next-item":
        return True
    ways = ("recommend", "user_vectors", "score")
    if not any(callable(getattr(model, way, None)) for way in ways):
        return True
    trained = np.zeros(view.train.n_users, dtype=np.bool_)
    trained[view.train.users] = True
    return not bool(trained[users].any())


def require(model: object, view: View) -> None:
    """Refuse a model that lacks the method its suite needs."""
    held_out = len(view.history) > 0
    if view.task == "rating" and not callable(getattr(model, "predict", None)):
        msg = "the model declares the task rating but has no predict(users, items)"
        raise ContractError(msg)
    if view.task != "rating" and not scoring.can_rank(model):
        msg = (
            "the model declares a ranking task but has no score, user_vectors, "
            "recommend or score_queries"
        )
        raise ContractError(msg)
    if not callable(getattr(model, "fit", None)):
        msg = "the model has no fit(train, context)"
        raise ContractError(msg)
    if held_out and not callable(getattr(model, "score_queries", None)):
        msg = "it has no score_queries, so it cannot serve users unseen in training"
        raise NotOfferedError(msg)


def require_vectors(model: object) -> None:
    """Refuse a model whose scores are no dot products of vectors.

    Raises:
        NotOfferedError: If it lacks one of the two methods.
    """
    for method in ("user_vectors", "item_vectors"):
        if not callable(getattr(model, method, None)):
            msg = f"it has no {method}, so there are no vectors to serve"
            raise NotOfferedError(msg)


def write_vectors(folder: Path, model: Any, view: View) -> None:  # noqa: ANN401 - a model is any object
    """Write ``user_vectors.npy`` and ``item_vectors.npy``, a row for every code."""
    users = np.arange(view.train.n_users, dtype=np.int32)
    for name, n, found in (
        ("user_vectors", view.train.n_users, model.user_vectors(users)),
        ("item_vectors", view.train.n_items, model.item_vectors()),
    ):
        d = found.shape[1] if getattr(found, "ndim", 0) == 2 else 0
        _save(folder / f"{name}.npy", checked(found, (n, d), name))


def write_output(folder: Path, model: Any, view: View) -> Callable[[int], object]:  # noqa: ANN401 - a model is any object
    """Write ``predictions.npy``, or ``lists.npy``.

    Returns:
        A function that asks the question of one row again.

    Raises:
        TroubleError: If the disk does not take it.
    """
    users, items = view.ask_users, view.ask_items
    everything = slice(0, len(users))
    if view.task == "rating":
        name, scale = "predictions.npy", view.train.scale

        def ask(part: slice) -> Any:  # noqa: ANN401 - an array
            return scoring.predict(model, users[part], items[part], scale)

    else:
        name, rules, by_history = "lists.npy", view.rules(final=True), False
        queries: Queries | None = None
        if needs_histories(model, view, users):
            queries, by_history = view.asked(), view.task == "next-item"

        def ask(part: slice) -> Any:  # noqa: ANN401 - an array
            mine = queries
            if queries is not None and part is not everything:
                mine = query_part(queries, part)
            lists, _ = scoring.rank(
                model, users[part], rules, mine, by_history=by_history
            )
            return lists

    found = ask(everything)
    folder.mkdir(exist_ok=True)  # a model may have removed it
    _save(folder / name, found)
    return lambda row: ask(slice(row, row + 1))


def _save(path: Path, found: Any) -> None:  # noqa: ANN401 - an array of any dtype
    """Write an output.

    Raises:
        TroubleError: If the disk does not take it.
    """
    try:
        np.save(path, found)
    except OSError as error:
        path.unlink(missing_ok=True)
        if error.errno not in MACHINE:
            raise
        msg = f"the output of the model could not be written: {error}"
        raise TroubleError(msg) from error
