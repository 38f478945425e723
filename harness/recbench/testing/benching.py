"""What the fixtures of the pytest plugin do: data, split, fitting, scoring, figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench import plugins
from recbench.datasets.dataset import Dataset
from recbench.datasets.store import open_dataset
from recbench.errors import unknown_name
from recbench.evaluation import measure, scoring
from recbench.interactions import Interactions
from recbench.protocols import FitContext
from recbench.runner.asking import validator
from recbench.runner.prepare import Prepared, prepare
from recbench.specs import ModelSpec, SuiteSpec
from recbench.suites import suites_for
from recbench.testing.threads import one_thread


@dataclass(slots=True, kw_only=True)
class Bench:
    """A data set at hand, with everything to time models on it.

    Attributes:
        catalogue: What the plugins offer.
        dataset: The data set.
    """

    catalogue: plugins.Catalogue
    dataset: Dataset
    _splits: dict[tuple[str, int], Prepared] = field(default_factory=dict)

    def suite(self, task: str) -> SuiteSpec:
        """Return the suite of the data set for a task.

        Raises:
            UsageError: If the data set has none.
        """
        known = dict(self.catalogue.suites)
        for suite in suites_for(self.catalogue.datasets[self.dataset.name]):
            known.setdefault(suite.name, suite)
        name = f"{self.dataset.name}/{task}"
        if name not in known:
            raise unknown_name("suite", name, known)
        return known[name]

    def split(self, task: str, seed: int = 0) -> Prepared:
        """Return the suite's split, with ``.view.train`` and ``.test``."""
        key = (task, seed)
        if key not in self._splits:
            self._splits[key] = prepare(
                self.dataset, "", self.suite(task), self.catalogue.splits, seed
            )
        return self._splits[key]

    def split_all(self) -> None:
        """Make the splits of every task that the data set serves."""
        for suite in suites_for(self.catalogue.datasets[self.dataset.name]):
            self.split(suite.protocol.task)

    def model(self, model: str | ModelSpec) -> ModelSpec:
        """Return a model by name.

        Raises:
            UsageError: If there is none.
        """
        if isinstance(model, ModelSpec):
            return model
        if model not in self.catalogue.models:
            raise unknown_name("model", model, self.catalogue.models)
        return self.catalogue.models[model]

    def ready(
        self,
        model: str | ModelSpec,
        task: str,
        *,
        params: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> tuple[Any, Interactions, FitContext]:
        """Return an untrained model with what its ``fit`` takes.

        The table is a fresh one, so that no model profits from views that another
        has computed. The validation part and its metric are there.
        """
        spec, suite = self.model(model), self.suite(task)
        view = self.split(task).view
        metric = suite.primary.partition("@")[0]
        context = FitContext(
            task=task,
            seed=seed,
            metric=suite.primary,
            maximize=self.catalogue.metrics[metric].higher_is_better is not False,
            validation=view.validation if len(view.validation) else None,
            validator=validator(view, suite.primary, self.catalogue.metrics),
        )
        return plugins.make(spec, task, params), replace(view.train), context

    def fit(
        self,
        model: str | ModelSpec,
        task: str,
        *,
        params: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> Any:  # noqa: ANN401 - a model is any object with the right methods
        """Return a model fitted on one thread, as the harness fits it."""
        built, train, context = self.ready(model, task, params=params, seed=seed)
        with one_thread():
            built.fit(train, context)
        return built

    def score(self, model: Any, task: str) -> NDArray[np.generic]:  # noqa: ANN401 - any model
        """Return verified predictions of the test pairs, or verified lists."""
        view = self.split(task).view
        with one_thread():
            if task == "rating":
                users, items = view.ask_users, view.ask_items
                return scoring.predict(model, users, items, view.train.scale)
            return scoring.rank(
                model,
                view.ask_users,
                view.rules(final=True),
                view.asked(),
                by_history=task == "next-item",
            )[0]

    def figures(self, output: NDArray[Any], task: str) -> dict[str, float]:
        """Return the suite's metrics of what ``score`` returned."""
        prepared, suite = self.split(task), self.suite(task)
        specs, view = self.catalogue.metrics, prepared.view
        if task == "rating":
            values = measure.of_predictions(output, prepared.test, suite.metrics, specs)
        else:
            values = measure.of_lists(
                output,
                view.ask_users,
                test=prepared.test,
                train=view.train,
                candidates=view.candidates,
                relevance=view.relevance,
                names=suite.metrics,
                specs=specs,
            )
        return {name: measure.figure(value) for name, value in values.items()}


def open_bench(name: str) -> Bench:
    """Return the bench of a data set.

    Raises:
        UsageError: If nothing offers the data set.
        DataError: If no source serves it.
    """
    catalogue = plugins.load()
    if name not in catalogue.datasets:
        raise unknown_name("data set", name, catalogue.datasets)
    return Bench(catalogue=catalogue, dataset=open_dataset(catalogue.datasets[name]))
