"""Fitting a model as the harness does: one thread, its own seed, a validation part."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from recbench import plugins
from recbench.interactions import Interactions
from recbench.protocols import FitContext
from recbench.testing.check import CheckFailure, Subject
from recbench.testing.planted import Planted, planted_ratings, planted_topn
from recbench.testing.reading import has, quality
from recbench.testing.threads import one_thread

KEPT_FITS = 3


@lru_cache(maxsize=8)
def data_for(task: str, *, rated: bool = False) -> Planted:
    """Return the planted data of a task."""
    return planted_ratings() if task == "rating" else planted_topn(rated=rated)


def data(subject: Subject) -> Planted:
    """Return planted data that have what the model needs."""
    return data_for(subject.task, rated="ratings" in subject.spec.needs)


def fit(
    subject: Subject,
    planted: Planted,
    *,
    seed: int = 1,
    train: Interactions | None = None,
    validated: bool = True,
    reports: list[Mapping[str, float]] | None = None,
    deadline: float | None = None,
) -> Any:  # noqa: ANN401 - a model is any object with the right methods
    """Return a model fitted on one thread, with the planted validation part.

    Args:
        subject: The model and its task.
        planted: Data to fit it on.
        seed: Seed handed to the model.
        train: The very table to hand over; by default a private copy of that of
            ``planted``, so that a model which writes to it spoils no other check.
        validated: Whether there is a validation part.
        reports: List that receives what the model reports.
        deadline: ``time.monotonic()`` value after which the model should stop.
    """
    model = plugins.make(subject.spec, subject.task, subject.params)
    if not has(model, "fit"):
        msg = f"{type(model).__name__} has no fit(train, context): add it"
        raise CheckFailure(msg)
    rating = subject.task == "rating"
    context = FitContext(
        task=subject.task,
        seed=seed,
        metric="rmse" if rating else "ndcg@10",
        maximize=not rating,
        deadline=time.monotonic() + 3600 if deadline is None else deadline,
        validation=copied(planted.validation) if validated else None,
        validator=(lambda model: quality(model, planted)) if validated else None,
        reporter=(lambda _values: None) if reports is None else reports.append,
    )
    with one_thread():
        model.fit(copied(planted.train) if train is None else train, context)
    return model


def copied(table: Interactions) -> Interactions:
    """Return the table with columns of its own."""
    columns = {
        name: column.copy()
        for name in ("users", "items", "ratings", "timestamps")
        if (column := getattr(table, name)) is not None
    }
    return replace(table, **columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A fitted model and what it was fitted for."""

    subject: Subject
    planted: Planted
    seed: int
    model: Any

    def serves(self, subject: Subject, planted: Planted, seed: int) -> bool:
        return (
            self.subject.spec is subject.spec
            and self.subject.task == subject.task
            and dict(self.subject.params) == dict(subject.params)
            and self.planted is planted
            and self.seed == seed
        )


_kept: list[_Kept] = []


def fitted(subject: Subject, planted: Planted, *, seed: int = 1) -> Any:  # noqa: ANN401 - any model
    """Return a fitted model that several checks share, because they only read it."""
    for kept in _kept:
        if kept.serves(subject, planted, seed):
            return kept.model
    model = fit(subject, planted, seed=seed)
    _kept.insert(0, _Kept(subject=subject, planted=planted, seed=seed, model=model))
    del _kept[KEPT_FITS:]
    return model
