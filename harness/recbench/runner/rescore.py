"""Metrics again from stored lists and predictions: seconds, and no training."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recbench import plugins
from recbench.datasets.store import open_dataset
from recbench.errors import DataError, RecbenchError, unknown_name
from recbench.evaluation import measure, scoring
from recbench.results.record import Record
from recbench.results.store import Store
from recbench.runner.prepare import Prepared, prepare
from recbench.specs import Protocol, SuiteSpec

TOLERANCE = 1e-12  # figures are sums of float64 in one order; other CPUs may round


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored:
    """A record and what its stored output yields now.

    Attributes:
        record: The record.
        figures: Metric name to figure; NaN where undefined.
        differing: Metrics whose stored figure is another.
    """

    record: Record
    figures: dict[str, float]
    differing: tuple[str, ...]


def suite_of(record: Record, metrics: Sequence[str] = ()) -> SuiteSpec:
    """Return the suite that a record was measured by, from the record alone."""
    data = {k: v for k, v in record.protocol.items() if k != "selection"}
    data["filters"] = tuple((name, params) for name, params in data["filters"])
    names = tuple(metrics) or tuple(record.metrics)
    primary = record.protocol["selection"]
    return SuiteSpec(
        name=record.suite,
        dataset=record.dataset["name"],
        protocol=Protocol(**data),
        metrics=names if primary in names else (*names, primary),
        primary=primary,
    )


class Rescorer:
    """Rebuilds each split once and measures stored outputs against it."""

    def __init__(
        self,
        catalogue: plugins.Catalogue,
        store: Store,
        log: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Remember where plugins and records come from."""
        self.catalogue, self.store, self.log = catalogue, store, log
        self.parts: dict[tuple[str, str, int], Prepared] = {}

    def prepared(self, record: Record) -> Prepared:
        """Return the split of a record, rebuilt from the data set.

        Raises:
            DataError: If the data set or the split is no longer what it was.
        """
        seed = record.split["seed"]
        fingerprint = record.dataset["fingerprint"]
        key = (fingerprint, record.protocol_hash, seed)
        if key in self.parts:
            return self.parts[key]
        name = record.dataset["name"]
        if name not in self.catalogue.datasets:
            raise unknown_name("data set", name, self.catalogue.datasets)
        dataset = open_dataset(self.catalogue.datasets[name], log=self.log)
        found = dataset.fingerprint()
        if found != fingerprint:
            msg = (
                f"data set {name} is not the one of the record: fingerprint "
                f"{found[:12]}, recorded {fingerprint[:12]}"
            )
            raise DataError(msg)
        suite = suite_of(record)
        part = prepare(dataset, found, suite, self.catalogue.splits, seed=seed)
        if part.split["hash"] != record.split["hash"]:
            msg = f"the split of {record.suite} seed {seed} is no longer what it was"
            raise DataError(msg)
        self.parts[key] = part
        return part

    def values(self, record: Record, metrics: Sequence[str] = ()) -> measure.Values:
        """Return per-user values and figures of a record's stored output.

        Args:
            record: An ``ok`` record with its blobs.
            metrics: Names to compute; empty for those of the record.
        """
        part = self.prepared(record)
        names = list(metrics) or list(record.metrics)
        specs = self.catalogue.metrics
        if record.task == "rating":
            predictions = self.store.predictions(record)
            return measure.of_predictions(predictions, part.test, names, specs)
        users, lists = self.store.lists(record)
        rules = part.view.rules(final=True)
        scoring.verify_lists(lists, users, rules)
        return measure.of_lists(
            lists,
            users,
            test=part.test,
            train=part.view.train,
            candidates=part.view.candidates,
            relevance=part.view.relevance,
            names=names,
            specs=specs,
            seen=rules.seen,
        )

    def rescore(self, record: Record, metrics: Sequence[str] = ()) -> Rescored:
        """Return a record's figures computed anew, and which of them differ."""
        values = self.values(record, metrics)
        figures = {name: measure.figure(value) for name, value in values.items()}
        differing = tuple(
            name
            for name, value in figures.items()
            if name in record.metrics and not _same(record.metrics[name].value, value)
        )
        return Rescored(record=record, figures=figures, differing=differing)


def _same(stored: float | None, computed: float) -> bool:
    """Return whether two figures agree; None stands for NaN."""
    if stored is None or math.isnan(computed):
        return stored is None and math.isnan(computed)
    return math.isclose(stored, computed, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def rescore_suite(
    rescorer: Rescorer, suite: str, metrics: Sequence[str] = ()
) -> list[Rescored]:
    """Rescore every ``ok`` record of a suite.

    Raises:
        RecbenchError: If the suite has no such record.
    """
    records = [r for r in rescorer.store.records(suite) if r.status == "ok"]
    if not records:
        msg = f"suite {suite} has no record that ended well: nothing to rescore"
        raise RecbenchError(msg)
    return [rescorer.rescore(record, metrics) for record in records]
