"""Fit models as a run does, and take the vectors that they leave."""

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.dataset import Dataset
from recbench.errors import ContractError, UsageError
from recbench.evaluation.rules import checked
from recbench.results.record import Record
from recbench.runner import decide, plan
from recbench.runner.api import catalogue_for
from recbench.runner.cells import Cell
from recbench.runner.decide import Planned
from recbench.runner.engines import Job
from recbench.runner.engines.room import default_jobs
from recbench.runner.perform import perform
from recbench.runner.plan import Request
from recbench.runner.prepare import Prepared
from recbench.runner.run import Listener, Run
from recbench.runner.supervise import Limits, Outcome
from recbench.runner.workspace import Workspace
from recbench.specs import MetricSpec, SuiteSpec

TASKS = ("top-n", "rating")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for.

    Attributes:
        models: Models with parameters; empty for all that the task has.
        suite: Name of a suite, a data set or a task; empty for ``top-n``.
        dataset: Data set by name or file, or None.
        seed: Seed of the split and of the model.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        jobs: Models fitted at once; None for as many as the cores hold.
        timeout: Longest time of a fit in seconds, or None.
        plugins: Plugins to load besides the installed ones.
        log: Takes lines for the person who waits.
        listener: Takes the events of the run.
    """

    models: tuple[str, ...] = ()
    suite: str = ""
    dataset: str | None = None
    seed: int = 0
    device: str = "auto"
    jobs: int | None = None
    timeout: float | None = 1800.0
    plugins: tuple[str, ...] = ()
    log: Callable[[str], None] = lambda _line: None
    listener: Listener = lambda _name, _data: None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A fitted model's vectors and where they come from.

    Attributes:
        record: How the cell ended, with its figures; it is not stored.
        user_vectors: float32 ``(n_users, d)``.
        item_vectors: float32 ``(n_items, d)``.
    """

    record: Record
    user_vectors: NDArray[np.float32]
    item_vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fits:
    """What fitting left.

    Attributes:
        suite: What was measured.
        dataset: The loaded data set.
        prepared: Its parts at the seed, test labels included.
        metrics: Specs of all known metrics.
        fitted: Label to the vectors of a model that has them.
        records: The record of every model, also of those without vectors.
    """

    suite: SuiteSpec
    dataset: Dataset
    prepared: Prepared
    metrics: dict[str, MetricSpec]
    fitted: dict[str, Fitted]
    records: list[Record]


@dataclass(slots=True, kw_only=True)
class VectorRun(Run):
    """A run whose models hand over their vectors; it stores no record."""

    fitted: dict[str, Fitted] = field(default_factory=dict)

    def job(self, number: int, cell: Cell, work: Workspace) -> Job:
        """Return what the engine is handed, asking for vectors."""
        made = Run.job(self, number, cell, work)
        return dataclasses.replace(made, request={**made.request, "vectors": True})

    def finish(self, cell: Cell, outcome: Outcome, folder: Path, begun: str) -> Record:
        """Verify and measure what a cell left, and take its vectors."""
        vectors: dict[str, NDArray[np.float32]] = {}
        train = self.part(cell).view.train
        if outcome.status == "ok":
            try:
                vectors = read_vectors(folder, train.n_users, train.n_items)
            except ContractError as error:
                outcome.status, outcome.phase = "invalid", "check"
                outcome.message = str(error)
        record, _ = self.measured(cell, outcome, folder, begun)
        if record.status == "ok":
            self.fitted[cell.label] = Fitted(record=record, **vectors)
        return record


def read_vectors(
    folder: Path, n_users: int, n_items: int
) -> dict[str, NDArray[np.float32]]:
    """Return ``user_vectors`` and ``item_vectors`` of a cell after checking them.

    Raises:
        ContractError: If a file is missing, damaged, or not what was asked for.
    """
    found: dict[str, NDArray[np.float32]] = {}
    d = None
    for name, n in (("item_vectors", n_items), ("user_vectors", n_users)):
        path = folder / f"{name}.npy"
        try:
            if path.is_symlink() or not path.is_file():
                raise OSError("it is not a regular file")  # noqa: TRY301 - one message below
            # a header may claim more than there is; mapping refuses that, reading
            # would try to allocate it
            raw = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            msg = f"{path.name} is missing or damaged: {error}"
            raise ContractError(msg) from error
        width = raw.shape[1] if raw.ndim == 2 else 0
        d = width if d is None else d
        if width == 0:
            msg = f"{name} has shape {raw.shape}: expected one vector a row"
            raise ContractError(msg)
        found[name] = np.array(checked(np.asarray(raw), (n, d), name))
    return found


def fit_vectors(order: Order, tasks: tuple[str, ...] = TASKS) -> Fits:
    """Fit every model of an order in a process of its own.

    Args:
        order: What is asked for.
        tasks: Tasks that the suite may have; of several suites, the first for the
            first of these.

    Raises:
        RecbenchError: If the order cannot be planned or the data cannot be had.
        KeyboardInterrupt: If it was stopped.
    """
    catalogue, dataset = catalogue_for(
        order.plugins, order.dataset, order.log, strict=False
    )
    request = Request(
        suites=(order.suite or "top-n",),
        dataset=dataset,
        models=order.models,
        seeds=(order.seed,),
        device=order.device,
    )
    with tempfile.TemporaryDirectory(prefix="recbench-serving-") as folder:
        run = VectorRun(
            catalogue=catalogue,
            request=dataclasses.replace(request, out=Path(folder)),
            limits=Limits(timeout=order.timeout),
            jobs=order.jobs or default_jobs(1),
            log=order.log,
            listener=order.listener,
        )
        if dataset is not None:
            run.load([dataset])
        suite = one_suite(run.suites(), order.suite, tasks)
        run.metric_specs(suite)
        run.load([suite.dataset])
        run.check_metrics([suite])
        planned = _planned(run, suite)
        result = perform(run, planned, [suite])
    if result.interrupted:
        raise KeyboardInterrupt
    return Fits(
        suite=suite,
        dataset=run.datasets[suite.dataset],
        prepared=run.part(planned[0].cell),
        metrics=catalogue.metrics,
        fitted=run.fitted,
        records=result.records,
    )


def one_suite(
    suites: Sequence[SuiteSpec], name: str, tasks: tuple[str, ...]
) -> SuiteSpec:
    """Return the one suite that is meant.

    Raises:
        UsageError: If none has one of the tasks.
    """
    for task in tasks:
        for suite in suites:
            if suite.protocol.task == task:
                return suite
    what = f"suite {name!r}" if "/" in name else repr(name or "this data set")
    msg = (
        f"{what} is not for the task {' or '.join(tasks)}, in which a user is known by "
        "a vector: choose another suite"
    )
    raise UsageError(msg)


def _planned(run: VectorRun, suite: SuiteSpec) -> list[Planned]:
    """Return a cell for each model, to run or to skip."""
    chosen = plan.select(run.catalogue, [suite], run.request.models)
    cells = plan.cells(run.catalogue, chosen, run.request, run.fingerprints)
    if not cells:
        msg = f"no model fits the suite {suite.name}"
        raise UsageError(msg)
    dataset = run.catalogue.datasets[suite.dataset]
    found = []
    for cell in cells:
        missing = decide.lacking(cell, dataset)
        planned = Planned(cell=cell, action="run", reason="new")
        if missing:
            planned = Planned(cell=cell, action="skip", reason=missing)
        found.append(planned)
    return found
