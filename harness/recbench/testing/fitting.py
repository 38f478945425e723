"""Checks of what happens while a model is fitted."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recbench import plugins
from recbench.interactions import Interactions
from recbench.testing.check import CheckFailure, CheckSkipped, Subject
from recbench.testing.driving import copied, data, fit, fitted
from recbench.testing.randomness import disturbed_randomness, watched_randomness
from recbench.testing.reading import outputs
from recbench.testing.variants import tiny

COLUMNS = ("users", "items", "ratings", "timestamps")
FEW = 4  # epochs from which on stopping early can be told


def deterministic(subject: Subject) -> None:
    """Fit twice with one seed, the global generators in different states."""
    planted = data(subject)
    results = []
    for state in (1, 2):
        with disturbed_randomness(state):
            results.append(outputs(fit(subject, planted, seed=1), planted))
    differ = int((results[0] != results[1]).sum())
    if differ:
        msg = (
            f"two fits with context.seed=1 differ in {differ:,} of "
            f"{results[0].size:,} outputs: draw every random number from context.rng, "
            "or seed the library you use with context.seed"
        )
        raise CheckFailure(msg)


def seed_used(subject: Subject) -> None:
    """Fit with two seeds; the results differ, unless nothing random happens."""
    planted = data(subject)
    plugins.resolve(subject.spec.factory)  # a late import of torch would hide its state
    results, draws = [], []
    for seed in (918_273, 645_546):
        with watched_randomness() as drawn:
            results.append(outputs(fit(subject, planted, seed=seed), planted))
        draws.append(drawn)
    if not np.array_equal(results[0], results[1]):
        return
    if generator := draws[0].ignored_seed(draws[1]):
        msg = (
            f"the model draws from {generator}, yet context.seed changes nothing, so "
            "that repeated runs would look more certain than they are: draw from "
            "context.rng, or seed that generator with context.seed"
        )
        raise CheckFailure(msg)


def train_untouched(subject: Subject) -> None:
    """Fit and score, then compare the training table with a copy from before."""
    planted = data(subject)
    train = copied(planted.train)
    before, matrix = copied(train), train.csr().copy()
    model = fit(subject, planted, train=train)
    outputs(model, planted)
    for name in COLUMNS:
        now, then = getattr(train, name), getattr(before, name)
        if now is not None and not np.array_equal(now, then):
            msg = (
                f"the model writes to train.{name} ({int((now != then).sum()):,} "
                f"entries changed): work on train.{name}.copy()"
            )
            raise CheckFailure(msg)
    now = train.csr()
    if now.nnz != matrix.nnz or not np.array_equal(now.data, matrix.data):
        msg = "the model writes to train.csr(), which is shared: copy it first"
        raise CheckFailure(msg)


def memory_mapped(subject: Subject) -> None:
    """Fit on memory-mapped columns, as the harness hands them over."""
    planted = data(subject)
    plain = outputs(fitted(subject, planted), planted)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        train = _mapped(planted.train, Path(folder))
        mapped = outputs(fit(subject, planted, train=train), planted)
    if not np.array_equal(plain, mapped):
        msg = (
            "a fit on memory-mapped columns gives other results than one on arrays in "
            "memory: do not depend on the memory layout or the class of the arrays"
        )
        raise CheckFailure(msg)


def _mapped(table: Interactions, folder: Path) -> Interactions:
    """Return the table with copy-on-write columns that live in files."""
    columns: dict[str, NDArray[np.generic]] = {}
    for name in COLUMNS:
        column = getattr(table, name)
        if column is not None:
            np.save(folder / f"{name}.npy", column)
            columns[name] = np.load(folder / f"{name}.npy", mmap_mode="c")
    return replace(table, **columns)  # type: ignore[arg-type]  # each has its own type


def without_validation(subject: Subject) -> None:
    """Fit where the suite has no validation part."""
    planted = data(subject)
    try:
        model = fit(subject, planted, validated=False)
    except Exception as error:
        msg = (
            f"fit fails where the suite has no validation part: "
            f"{type(error).__name__}: {error}; context.validation and "
            "context.validate(self) are None there"
        )
        raise CheckFailure(msg) from error
    outputs(model, planted)


def next_to_nothing(subject: Subject) -> None:
    """Fit on eight users and five items."""
    planted = tiny(data(subject))
    try:
        outputs(fit(subject, planted), planted)
    except Exception as error:
        msg = (
            f"the model fails on 8 users and 5 items: {type(error).__name__}: {error}; "
            "cap dimensions and numbers of neighbours by train.n_users and "
            "train.n_items"
        )
        raise CheckFailure(msg) from error


def stops_in_time(subject: Subject) -> None:
    """Fit with a deadline that has passed, and count the epochs reported."""
    usual = _epochs(subject, deadline=None)
    if usual < FEW:
        msg = f"the model reports {usual} epochs, too few to tell"
        raise CheckSkipped(msg)
    late = _epochs(subject, deadline=time.monotonic() - 1)
    if late > usual // 2:
        msg = (
            f"the deadline had passed, yet the model went on for {late} of {usual} "
            "epochs: leave the loop when context.should_stop() is true"
        )
        raise CheckFailure(msg)


def _epochs(subject: Subject, deadline: float | None) -> int:
    """Return how many epochs a fit reports."""
    reports: list[Mapping[str, float]] = []
    fit(subject, data(subject), reports=reports, deadline=deadline)
    return sum("epoch" in report for report in reports)
