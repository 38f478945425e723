"""A suite of which the validation part is what is asked, and nothing of the test.

A trial's process is given the view of any other cell, train and validation, and is
asked about the validation part; the parent measures the answer as it measures a test.
So a trial's figure is the suite's own, and no test interaction takes part.
"""

import dataclasses

import numpy as np

from recbench.datasets.dataset import Dataset
from recbench.errors import DataError, UsageError
from recbench.runner.prepare import Prepared, prepare
from recbench.runner.targets import asked
from recbench.specs import SplitSpec, SuiteSpec


def selection_suite(suite: SuiteSpec) -> SuiteSpec:
    """Return a suite that measures its primary metric only, without a refit.

    A refit joins train and validation, which would leave nothing to select by.
    """
    return dataclasses.replace(
        suite,
        protocol=dataclasses.replace(suite.protocol, refit=False),
        metrics=(suite.primary,),
    )


def on_validation(
    dataset: Dataset,
    fingerprint: str,
    suite: SuiteSpec,
    splits: dict[str, SplitSpec],
    seed: int,
) -> Prepared:
    """Divide a data set as a suite says, and ask for its validation part.

    What may be listed is as in ``FitContext.validate``: validation items are no longer
    removed, or there would be nothing to find.

    Raises:
        DataError: If no validation user has a relevant item.
        UsageError: If the split has no validation part.
    """
    made = prepare(dataset, fingerprint, selection_suite(suite), splits, seed)
    view, validation = made.view, made.view.validation
    if not len(validation):
        msg = (
            f"suite {suite.name}: its split has no validation part to tune on; choose "
            "a suite whose split has one"
        )
        raise UsageError(msg)
    wanted = asked(view.task, validation, view.relevance)
    if not len(wanted.users):
        msg = (
            f"suite {suite.name}: no user has a relevant item in the validation "
            f"part (threshold {view.relevance}), so there is nothing to tune on"
        )
        raise DataError(msg)
    changed = dataclasses.replace(
        view,
        ask_users=wanted.users,
        ask_items=wanted.items,
        ask_times=wanted.times,
        validation_known=False,
        seen="remove-train" if view.seen == "remove" else view.seen,
    )
    facts = {**made.split, "test": 0, "users": len(np.unique(wanted.users))}
    return dataclasses.replace(made, view=changed, test=wanted.truth, split=facts)
