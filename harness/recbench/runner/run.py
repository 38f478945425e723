"""The state of a run in the parent: data, parts, jobs, and the record of each cell."""

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from recbench import plugins, tuned
from recbench.datasets.dataset import Dataset, known
from recbench.datasets.store import open_dataset
from recbench.errors import (
    ContractError,
    DataError,
    NothingRanError,
    PluginError,
    UsageError,
    unknown_name,
)
from recbench.plugins.sources import may_use_torch, slow_libraries
from recbench.results.record import Record
from recbench.results.store import Store
from recbench.runner import collect, decide, plan
from recbench.runner.cells import Cell
from recbench.runner.decide import Planned
from recbench.runner.engines import Job
from recbench.runner.handed import MESSAGE_LENGTH, clean
from recbench.runner.loop import cell_folder
from recbench.runner.plan import Request
from recbench.runner.prepare import Prepared, prepare
from recbench.runner.supervise import Limits, Outcome, troubled
from recbench.runner.view import write
from recbench.runner.workspace import Workspace
from recbench.specs import MetricSpec, SuiteSpec
from recbench.suites import choose

PAUSES = (0.5, 2.0)  # seconds before a record is written once more
Listener = Callable[[str, Mapping[str, Any]], None]


@dataclass(slots=True, kw_only=True)
class Run:
    """The state of a run in the parent process."""

    catalogue: plugins.Catalogue
    request: Request
    limits: Limits
    jobs: int
    log: Callable[[str], None]
    listener: Listener
    extra: tuple[str, ...] = ()
    engine: str = "local"
    ray_address: str = "auto"
    datasets: dict[str, Dataset] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    prepared: dict[tuple[str, int], Prepared] = field(default_factory=dict)

    def tell(self, name: str, /, **data: Any) -> None:  # noqa: ANN401 - any JSON value
        """Tell the listener and the observing plugins."""
        self.listener(name, data)
        self.catalogue.emit(name, data, self.log)

    def suites(self) -> list[SuiteSpec]:
        """Return the suites that the request selects."""
        request = self.request
        found = choose(
            self.catalogue.suites,
            request.suites,
            self.catalogue.datasets,
            request.dataset,
        )
        return [plan.quick(s) for s in found] if request.quick else found

    def load(self, names: Iterable[str]) -> None:
        """Load data sets; what a spec only guessed about a file is then known."""
        for name in dict.fromkeys(names):
            if name in self.datasets:
                continue
            if name not in self.catalogue.datasets:
                raise unknown_name("data set", name, self.catalogue.datasets)
            self.log(f"data set {name}: loading")
            spec = self.catalogue.datasets[name]
            dataset = open_dataset(spec, log=self.log)
            self.catalogue.datasets[name] = known(spec, dataset)
            self.datasets[name] = dataset
            self.fingerprints[name] = dataset.fingerprint()
            table = dataset.interactions
            self.log(
                f"data set {name}: {len(table):,} interactions, {table.n_users:,} "
                f"users, {table.n_items:,} items, from {dataset.source}"
            )

    def check_metrics(self, suites: Sequence[SuiteSpec]) -> None:
        """Refuse a suite whose metrics need what its data set lacks.

        Raises:
            UsageError: Naming the metric and what it needs.
        """
        for suite in suites:
            has = self.catalogue.datasets[suite.dataset].has
            for spec in self.metric_specs(suite).values():
                for need in spec.needs:
                    if need not in has:
                        msg = (
                            f"metric {spec.name!r} of suite {suite.name} needs {need}, "
                            f"which {suite.dataset} does not have"
                        )
                        raise UsageError(msg)

    def planned(self, suites: Sequence[SuiteSpec]) -> list[Planned]:
        """Return every cell and what will be done to it."""
        self.know_searches(suites)
        chosen = plan.select(self.catalogue, suites, self.request.models)
        found = plan.cells(self.catalogue, chosen, self.request, self.fingerprints)
        if not found:
            msg = "no cell is planned: no model fits the chosen suites"
            raise NothingRanError(msg)
        store = Store(self.request.out)
        return decide.decide(found, store, self.catalogue.datasets, self.request.rerun)

    def know_searches(self, suites: Sequence[SuiteSpec]) -> None:
        """Tell models what `recbench tune` found for them in the folder of records."""
        for suite in suites:
            path = tuned.found_beside(self.request.out / suite.name)
            try:
                models = tuned.with_found(path, self.catalogue.models)
            except PluginError as error:
                self.log(f"left out: {error}")
            else:
                self.catalogue.models.update(models)

    def metric_specs(self, suite: SuiteSpec) -> dict[str, MetricSpec]:
        """Return the specs of a suite's metrics by their name without cut-off."""
        bases = [name.partition("@")[0] for name in suite.metrics]
        for base in bases:
            if base not in self.catalogue.metrics:
                raise unknown_name("metric", base, self.catalogue.metrics)
        return {base: self.catalogue.metrics[base] for base in bases}

    def part(self, cell: Cell) -> Prepared:
        """Return the prepared suite and seed of a cell, made once."""
        key = (cell.suite.name, cell.split_seed)
        if key not in self.prepared:
            self.prepared[key] = prepare(
                self.datasets[cell.suite.dataset],
                cell.fingerprint,
                cell.suite,
                self.catalogue.splits,
                seed=cell.split_seed,
            )
            for note in self.prepared[key].notes:
                self.log(f"{cell.suite.name} seed {cell.split_seed}: {note}")
        return self.prepared[key]

    def job(self, number: int, cell: Cell, work: Workspace) -> Job:
        """Return what the engine is handed for a cell."""
        folder = work.folder(f"view {cell.suite.name} {cell.split_seed}")
        if not folder.exists():
            write(self.part(cell).view, folder)
        base = cell.suite.primary.partition("@")[0]
        origin = self.catalogue.origin["metrics", base]
        torch = cell.device != "cpu" or any(map(may_use_torch, (cell.plugin, origin)))
        slow = [] if torch else slow_libraries(cell.plugin, cell.spec.factory)
        return Job(
            number=number,
            folder=work.folder(cell_folder(number)),
            request={
                "plugin": dataclasses.asdict(cell.plugin),
                "plugin_hash": cell.plugin_hash,
                "model": cell.spec.name,
                "params": cell.params,
                "view": str(folder),
                "metric": cell.suite.primary,
                "metric_plugin": dataclasses.asdict(origin),
                "seed": cell.seed,
                "device": cell.device,
                "threads": cell.threads,
                "torch": torch,
                "libraries": slow,
                "deadline": None,
            },
            env={"CUDA_VISIBLE_DEVICES": ""} if cell.device == "cpu" else {},
            limits=self.limits,
            threads=cell.threads,
            device=cell.device,
            restore=partial(write, self.part(cell).view),
        )

    def finish(self, cell: Cell, outcome: Outcome, folder: Path, begun: str) -> Record:
        """Verify, measure and store what a cell left."""
        made, blobs = self.measured(cell, outcome, folder, begun)
        return keep(self.request.out, made, blobs)

    def measured(
        self, cell: Cell, outcome: Outcome, folder: Path, begun: str
    ) -> tuple[Record, collect.Blobs]:
        """Verify and measure what a cell left; return its record, not stored yet."""
        prepared = self.part(cell)
        scored = None
        if outcome.status == "ok":
            try:
                names = list(cell.suite.metrics)
                specs = self.metric_specs(cell.suite)
                scored = collect.score(folder, prepared, names, specs)
            except ContractError as error:
                outcome.status, outcome.phase = "invalid", "check"
                outcome.message = str(error)
            except Exception as error:  # noqa: BLE001 - a metric may be a plugin's
                found = troubled(f"measuring failed: {type(error).__name__}: {error}")
                outcome.status, outcome.phase = found.status, "check"
                outcome.message = clean(found.message, MESSAGE_LENGTH)
        made = collect.record(
            cell,
            prepared,
            outcome,
            scored,
            started=begun,
            command=collect.command(cell, files=self.extra),
        )
        return made, scored.blobs if scored else {}


def keep(out: Path, record: Record, blobs: collect.Blobs) -> Record:
    """Store a record; where the disk refuses, try twice more.

    Raises:
        DataError: If it cannot be stored.
    """
    for pause in (*PAUSES, None):
        try:
            return Store(out).add(record, blobs)
        except OSError as error:
            if pause is None:
                msg = (
                    f"cannot write the record of {record.suite} {record.label} under "
                    f"{out}: {error.strerror}; free space or choose another folder "
                    "with --out, then run again: what is stored counts"
                )
                raise DataError(msg) from error
            time.sleep(pause)
    raise AssertionError  # the last pause is None
