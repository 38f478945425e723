"""Checks of what a model learned: the planted answer, whatever the codes are."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from recbench import plugins
from recbench.testing.check import CheckFailure, CheckSkipped, Subject
from recbench.testing.driving import data, data_for, fit, fitted
from recbench.testing.reading import has, outputs, quality
from recbench.testing.variants import sorted_by_truth

ENOUGH = 0.6  # share of pairs in order; the deviation of luck is below 0.01
NO_WORSE = 0.45
BETTER = 0.95  # of the error that the mean leaves
DRAWN = 1.6  # likewise; drawing any training rating leaves about 1.45 times
DRIFT = {"rating": 0.15, "top-n": 0.1}  # allowed between two codings


def beats_luck(subject: Subject) -> None:
    """Compare the model with what knows nothing."""
    planted = data(subject)
    found = quality(fitted(subject, planted), planted)
    simple = subject.spec.baseline
    if subject.task == "rating":
        ratings = np.asarray(planted.train.ratings, dtype=np.float64)
        errors = ratings.mean() - planted.truth[planted.withheld()]
        luck = float(np.sqrt(np.mean(errors**2)))
        bound = luck * (DRAWN if simple else BETTER)
        if found > bound:
            msg = (
                f"on planted ratings the error is {found:.3f}; always answering with "
                f"the mean leaves {luck:.3f}, and {bound:.3f} is asked for: check that "
                "predictions are in rating units and that enough epochs are trained"
            )
            raise CheckFailure(msg)
        return
    bound = NO_WORSE if simple else ENOUGH
    if found < bound:
        msg = (
            f"on two planted communities the model puts {found:.2f} of pairs of items "
            f"in the right order, luck is 0.50, and {bound:.2f} is asked for: check "
            "the sign of the scores, the rows they belong to, and that enough epochs "
            "are trained (a simple model that does not personalise states "
            "baseline=True)"
        )
        raise CheckFailure(msg)


def codes_mean_nothing(subject: Subject) -> None:
    """Fit on two codings of the same data, the best items first and last."""
    found = []
    for descending in (False, True):
        planted = sorted_by_truth(data(subject), descending=descending)
        found.append(quality(fit(subject, planted), planted))
    kind = "rating" if subject.task == "rating" else "top-n"
    if abs(found[0] - found[1]) > DRIFT[kind]:
        what = "error" if kind == "rating" else "share of pairs in the right order"
        msg = (
            f"the same data under other user and item codes give another model: {what} "
            f"{found[0]:.3f} and {found[1]:.3f}; codes are names, so never sort by "
            "them, break ties by them or use them as numbers"
        )
        raise CheckFailure(msg)


def uses_positives(subject: Subject) -> None:
    """Fit on ratings whose pattern says nothing and whose values say everything."""
    planted = data_for(subject.task, rated=True)
    model = fit(subject, planted)
    loved_by_some = planted.truth.sum(axis=0) > 0
    found = quality(model, planted, among=loved_by_some)
    if found < ENOUGH:
        msg = (
            f"users rated their own community's items 4 or 5 and the other's 1 or 2, "
            f"yet the model orders {found:.2f} of pairs right (luck: 0.50): train on "
            "train.positives(), or use train.ratings"
        )
        raise CheckFailure(msg)


def save_and_load(subject: Subject) -> None:
    """Save a fitted model, load it into a new one and compare them."""
    planted = data(subject)
    model = fitted(subject, planted)
    if not has(model, "save", "load"):
        msg = "the model has no save(path) and load(path)"
        raise CheckSkipped(msg)
    before = outputs(model, planted)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "model"
        model.save(path)
        if not path.exists():
            msg = f"save(path) made neither a file nor a folder at the path {path.name}"
            raise CheckFailure(msg)
        fresh: Any = plugins.make(subject.spec, subject.task, subject.params)
        loaded = fresh.load(path)
        after = outputs(fresh if loaded is None else loaded, planted)
    if not np.array_equal(before, after):
        differ = int((before != after).sum()) if before.shape == after.shape else "all"
        msg = (
            f"a model that was saved and loaded differs in {differ} of {before.size:,} "
            "outputs: save everything that fit learned"
        )
        raise CheckFailure(msg)
