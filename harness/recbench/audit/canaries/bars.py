"""The most that can be known from shuffled labels, measured without any plugin."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recbench import plugins
from recbench.evaluation import measure, scoring
from recbench.runner.prepare import Prepared
from recbench.specs import SuiteSpec

Bar = Callable[[Prepared, SuiteSpec, plugins.Catalogue], float]
ORDERS = 20  # random orders whose mean is chance


class _ByItem:
    """Scores items alike for everybody."""

    def __init__(self, values: NDArray[np.float32]) -> None:
        self.values = values

    def score(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the same row for each user."""
        return np.broadcast_to(self.values, (len(users), len(self.values)))


class _AtRandom:
    """Scores at random."""

    def __init__(self, n_items: int, seed: int) -> None:
        self.n_items, self.rng = n_items, np.random.default_rng([seed, 1])

    def score(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return another order for each user."""
        return self.rng.random((len(users), self.n_items), dtype=np.float32)


def popularity(part: Prepared, suite: SuiteSpec, catalogue: plugins.Catalogue) -> float:
    """Return what counting training positives reaches."""
    positives = part.view.train.positives()
    counts = np.bincount(positives.items, minlength=positives.n_items)
    return _ranked(_ByItem(counts.astype(np.float32)), part, suite, catalogue)


def chance(part: Prepared, suite: SuiteSpec, catalogue: plugins.Catalogue) -> float:
    """Return what random orders reach on average."""
    n = part.test.n_items
    orders = (_AtRandom(n, seed) for seed in range(ORDERS))
    return float(np.mean([_ranked(o, part, suite, catalogue) for o in orders]))


def mean(part: Prepared, suite: SuiteSpec, catalogue: plugins.Catalogue) -> float:
    """Return what predicting the mean training rating reaches."""
    ratings = np.asarray(part.view.train.ratings, dtype=np.float64)
    predictions = np.full(len(part.test), ratings.mean(), dtype=np.float32)
    values = measure.of_predictions(
        predictions, part.test, [suite.primary], catalogue.metrics
    )
    return measure.figure(values[suite.primary])


def _ranked(
    model: object, part: Prepared, suite: SuiteSpec, catalogue: plugins.Catalogue
) -> float:
    """Return the primary metric of a model's lists."""
    view = part.view
    rules = view.rules(final=True)
    lists, _ = scoring.rank(model, view.ask_users, rules)
    values = measure.of_lists(
        lists,
        view.ask_users,
        test=part.test,
        train=view.train,
        candidates=view.candidates,
        relevance=view.relevance,
        names=[suite.primary],
        specs=catalogue.metrics,
        seen=rules.seen,
    )
    return measure.figure(values[suite.primary])
