"""A small store of real records, made without child processes."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from recbench import hardware, plugins
from recbench.datasets.simulator import simulate
from recbench.params import complete, label
from recbench.plugins.sources import source_hash
from recbench.protocols import FitContext
from recbench.results.store import Store
from recbench.runner import asking, collect
from recbench.runner.cells import Cell
from recbench.runner.prepare import prepare
from recbench.runner.supervise import Outcome
from recbench.specs import DatasetSpec
from recbench.suites import rating_suite, top_n_suite

TOP_N = ("random", "most-popular", "item-knn", "ease", "ials")
RATING = ("global-mean", "bias", "svd")
QUICK = {"ials": {"epochs": 1, "embedding_dim": 8}}  # how good it is does not matter


def tiny(context):
    return simulate(150, 80, 2400, 5, name="tiny")


@dataclass
class World:
    """A catalogue with the data set ``tiny``, and a store to put records into."""

    root: Path
    load: object = tiny
    has: tuple = ("ratings", "timestamps", "user_features", "item_features")
    catalogue: plugins.Catalogue = field(default_factory=plugins.load)

    def __post_init__(self):
        self.store = Store(self.root)
        spec = DatasetSpec(
            name="tiny",
            load=self.load,
            values="explicit",
            scale=(1.0, 5.0),
            has=self.has,
        )
        self.catalogue.datasets["tiny"] = spec
        self.dataset = self.load(None)
        self.fingerprint = self.dataset.fingerprint()
        self.suites = {
            "rating": rating_suite("tiny"),
            "top-n": top_n_suite("tiny", threshold=4.0),
        }

    def suite(self, task="top-n", **changes):
        """Return a suite, its protocol changed."""
        import dataclasses

        suite = self.suites[task]
        protocol = dataclasses.replace(suite.protocol, **changes)
        return dataclasses.replace(suite, protocol=protocol)

    def run(self, suite, models=None, seeds=(0, 1, 2), **params):
        """Train models and store their records."""
        for seed in seeds:
            part = prepare(
                self.dataset, self.fingerprint, suite, self.catalogue.splits, seed=seed
            )
            for name in models or (RATING if "rating" in suite.name else TOP_N):
                record, blobs = self.trained(suite, part, name, seed, params)
                self.store.add(record, blobs)
        return self

    def trained(self, suite, part, name, seed, params):
        """Return the record of one cell, trained in this process."""
        spec = self.catalogue.models[name]
        origin = self.catalogue.origin["models", name]
        task = suite.protocol.task
        values = complete(spec, task, QUICK.get(name, {}) | params)
        cell = Cell(
            suite=suite,
            spec=spec,
            plugin=origin,
            plugin_hash=source_hash(origin),
            params=values,
            label=label(spec, task, complete(spec, task, params)),
            split_seed=seed,
            seed=seed,
            fingerprint=self.fingerprint,
        )
        folder = self.root.parent / f"cell-{len(list(self.root.rglob('*.json')))}"
        model = plugins.make(spec, task, values)
        model.fit(part.view.train, FitContext(task=task, seed=seed))
        asking.write_output(folder, model, part.view)
        metrics = {
            n: self.catalogue.metrics[n.partition("@")[0]] for n in suite.metrics
        }
        specs = {n.partition("@")[0]: m for n, m in metrics.items()}
        scored = collect.score(folder, part, list(suite.metrics), specs)
        outcome = Outcome(
            status="ok", phase="done", result={"seconds": {"fit": 0.1, "score": 0.1}}
        )
        record = collect.record(
            cell,
            part,
            outcome,
            scored,
            started="2026-01-01T00:00:00+00:00",
            command=collect.command(cell),
        )
        return record, scored.blobs

    def change(self, suite, pick, **changes):
        """Replace the records that ``pick`` accepts; their blobs stay as they are."""
        for path in sorted(self.store.folder(suite).glob("results/*/*.json")):
            record = msgspec.json.decode(path.read_bytes(), type=type_of_record())
            if not pick(record):
                continue
            blobs = {n: self.store.arrays(record, n) for n in record.blobs}
            path.unlink()
            values = {
                name: value(record) if callable(value) else value
                for name, value in changes.items()
            }
            self.store.add(msgspec.structs.replace(record, **values), blobs)

    def change_blob(self, suite, pick, blob, change):
        """Replace a blob of the records that ``pick`` accepts."""
        for record in self.store.records(suite):
            if not pick(record):
                continue
            blobs = {n: self.store.arrays(record, n) for n in record.blobs}
            blobs[blob] = change(dict(blobs[blob]))
            folder = self.store.folder(suite) / "results" / record.key
            for path in folder.glob("*.json"):
                path.unlink()
            self.store.add(record, blobs)


def type_of_record():
    from recbench.results.record import Record

    return Record


__all__ = ["RATING", "TOP_N", "World", "hardware", "np", "tiny"]
