"""Checks of a fitted model's outputs: form, finiteness, and what they depend on."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from recbench.testing.check import CheckFailure, CheckSkipped, Subject
from recbench.testing.driving import data, fit, fitted
from recbench.testing.planted import Planted
from recbench.testing.reading import Matrix, has, outputs, queries_of
from recbench.testing.variants import with_strangers

BATCHES = (1, 7)
SOME = 40  # users read one by one
CLOSE = 1e-4  # relative to the largest output; float32 sums differ by batch


def shape_and_dtype(subject: Subject) -> None:
    """Compare each output with the shape and dtype of the contract."""
    planted = data(subject)
    for call, raw, shape in _raw(fitted(subject, planted), planted):
        wanted = "int32" if call.startswith("recommend") else "float32"
        if not isinstance(raw, np.ndarray):
            got = type(raw).__name__
            msg = f"{call} returns {got}: return a NumPy array of {wanted}"
            raise CheckFailure(msg)
        if raw.shape != shape:
            msg = f"{call} returns shape {raw.shape}, the contract asks for {shape}"
            raise CheckFailure(msg)
        if raw.dtype != wanted:
            msg = f"{call} returns {raw.dtype}: return .astype(np.{wanted})"
            raise CheckFailure(msg)


def finite(subject: Subject) -> None:
    """Look for NaN and infinity."""
    planted = data(subject)
    _require_finite(fitted(subject, planted), planted, "")


def unseen(subject: Subject) -> None:
    """Fit with users and items that have no training row, and ask about them."""
    planted = with_strangers(data(subject))
    train = planted.train
    where = (
        f" ({train.n_users - len(np.unique(train.users))} users and "
        f"{train.n_items - len(np.unique(train.items))} items have no training row)"
    )
    try:
        model = fit(subject, planted)
        _require_finite(model, planted, where)
    except CheckFailure:
        raise
    except Exception as error:
        msg = (
            f"the model fails{where}: {type(error).__name__}: {error}; answer with "
            "something sensible, such as the mean or the popularity"
        )
        raise CheckFailure(msg) from error


def _require_finite(model: object, planted: Planted, where: str) -> None:
    for call, raw, _ in _raw(model, planted):
        values = np.asarray(raw, dtype=np.float64)
        bad = int(values.size - np.isfinite(values).sum())
        if bad:
            msg = (
                f"{call} returns {bad:,} of {values.size:,} values that are NaN or "
                f"infinite{where}: look for a division by zero or a loss that diverges"
            )
            raise CheckFailure(msg)


def _raw(
    model: Any,  # noqa: ANN401 - a model is any object with the right methods
    planted: Planted,
) -> Iterator[tuple[str, object, tuple[int, ...]]]:
    """Yield each call with what it returns and the shape it should have."""
    train = planted.train
    users = np.arange(train.n_users, dtype=np.int32)
    n, m = train.n_users, train.n_items
    if planted.task == "rating":
        items = np.arange(n, dtype=np.int32) % m
        yield "predict(users, items)", model.predict(users, items), (n,)
        return
    if has(model, "score"):
        yield "score(users)", model.score(users), (n, m)
    if has(model, "user_vectors"):
        items_of = model.item_vectors()
        d = items_of.shape[1] if getattr(items_of, "ndim", 0) == 2 else 0
        yield "item_vectors()", items_of, (m, d)
        yield "user_vectors(users)", model.user_vectors(users), (n, d)
    if has(model, "recommend"):
        yield "recommend(users, 10)", model.recommend(users, 10), (n, 10)
    if has(model, "score_queries"):
        queries = queries_of(train, users)
        yield "score_queries(queries)", model.score_queries(queries), (n, m)


def repeatable(subject: Subject) -> None:
    """Ask the same question twice."""
    planted = data(subject)
    model = fitted(subject, planted)
    _require_same(
        outputs(model, planted),
        outputs(model, planted),
        "asked twice, the fitted model gives two answers",
        "switch dropout off (torch: self.net.eval()) and draw no random numbers "
        "after fit",
    )


def batch_size(subject: Subject) -> None:
    """Ask about users one by one, in sevens and all at once."""
    planted = data(subject)
    model = fitted(subject, planted)
    users = np.arange(min(SOME, planted.train.n_users), dtype=np.int32)
    whole = outputs(model, planted, users)
    for size in BATCHES:
        parts = [
            outputs(model, planted, users[start : start + size])
            for start in range(0, len(users), size)
        ]
        _require_same(
            whole,
            np.concatenate(parts),
            f"the outputs change when users are asked in batches of {size}",
            "compute each row from its own user alone; no statistics over the batch "
            "(torch: self.net.eval() for batch norm)",
        )


def user_order(subject: Subject) -> None:
    """Ask about users in another order."""
    planted = data(subject)
    model = fitted(subject, planted)
    n_users = planted.train.n_users
    order = np.random.default_rng(3).permutation(n_users).astype(np.int32)
    _require_same(
        outputs(model, planted)[order],
        outputs(model, planted, order),
        "the outputs change when users are asked in another order",
        "row r of the result belongs to users[r], whatever the codes are",
    )


def _require_same(one: Matrix, other: Matrix, what: str, advice: str) -> None:
    """Refuse outputs that differ by more than float noise."""
    if one.shape == other.shape:
        size = float(np.abs(one).max(initial=0.0))
        close = np.isclose(one, other, rtol=CLOSE, atol=CLOSE * size)
        if close.all():
            return
        differ = f"{int((~close).sum()):,} of {close.size:,} differ"
    else:
        differ = f"shapes {one.shape} and {other.shape}"
    msg = f"{what} ({differ}): {advice}"
    raise CheckFailure(msg)


def learned_numbers(subject: Subject) -> None:
    """Look at ``n_parameters``."""
    model = fitted(subject, data(subject))
    if not hasattr(model, "n_parameters"):
        msg = "the model does not say how many numbers it learned"
        raise CheckSkipped(msg)
    count = model.n_parameters
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        what = "a method" if callable(count) else repr(count)
        msg = f"n_parameters is {what}: make it a positive int (a property will do)"
        raise CheckFailure(msg)
