"""Work through searches: trial after trial within each, several searches at once.

A search knows its last trial before it makes the next, so which of them run side by
side, how fast, and how often they were stopped changes no trial.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recbench import hardware
from recbench.errors import DataError
from recbench.results.record import Record
from recbench.runner.cells import Cell
from recbench.runner.engines import Job
from recbench.runner.loop import Loop
from recbench.runner.run import Run
from recbench.runner.supervise import Outcome
from recbench.runner.workspace import Workspace
from recbench.tuning.study import Budget, Study
from recbench.tuning.trial import Trial, Trials


@dataclass(slots=True, kw_only=True)
class Running:
    """A trial that is under way, one seed after the other.

    Attributes:
        study: Its search.
        params: What is tried.
        left: Seconds it may take, or None.
        records: The record of each seed that is done.
    """

    study: Study
    params: dict[str, Any]
    left: float | None
    records: list[Record] = field(default_factory=list)


class Search:
    """Makes the jobs of trials and stores what comes of them."""

    def __init__(
        self, run: Run, studies: Sequence[Study], trials: Trials, budget: Budget
    ) -> None:
        """Start nothing yet."""
        self.run, self.studies, self.trials, self.budget = run, studies, trials, budget
        self.running: dict[int, Running] = {}
        self.numbers = itertools.count()
        self.stopped = False

    @property
    def jobs(self) -> int:
        """Return how many trials run at once, at most one of each search."""
        return self.run.jobs

    @property
    def engine(self) -> str:
        """Return where they run."""
        return self.run.engine

    @property
    def ray_address(self) -> str:
        """Return the address of the cluster."""
        return self.run.ray_address

    @property
    def log(self) -> Callable[[str], None]:
        """Return what takes lines for the person who waits."""
        return self.run.log

    def work(self) -> None:
        """Search until every budget is used up, or somebody stops it."""
        first: dict[int, Cell] = {}
        for study in self.studies:
            first |= self._begin(study)
        if first:
            loop = Loop(self, first, self.more)
            loop.work(list(first))
            self.stopped = loop.stopped.is_set()

    def job(self, number: int, cell: Cell, work: Workspace) -> Job:
        """Return the job of a cell, within what is left of its model's minutes."""
        job = self.run.job(number, cell, work)
        left = self._left(self.running[number])
        timeout = job.limits.timeout
        if left is not None and (timeout is None or left < timeout):
            limits = dataclasses.replace(job.limits, timeout=max(left, 0.1))
            job = dataclasses.replace(job, limits=limits)
        return job

    def finish(self, cell: Cell, outcome: Outcome, folder: Path, begun: str) -> Record:
        """Measure what a cell left; its lists or predictions are not kept."""
        record, _ = self.run.measured(cell, outcome, folder, begun)
        return record

    def tell(self, name: str, /, **data: Any) -> None:  # noqa: ANN401 - any JSON value
        """Take no note: a trial is told when it is done."""

    def more(self, number: int, record: Record) -> Mapping[int, Cell]:
        """Return the cell that follows: the next seed, or the next trial's first."""
        running = self.running.pop(number)
        study = running.study
        running.records.append(record)
        if record.status == "interrupted":
            study.ended = study.trouble = record.message
            self.log(f"{study.title}: stopped, {record.message}")
            return {}
        if record.status == "ok" and len(running.records) < len(study.seeds):
            return self._cell(running)
        trial = finished(running, self.budget)
        self._store(trial)
        study.past.append(trial)
        self.log(f"{study.title}: {told(trial, study, self.budget)}")
        return self._begin(study)

    def _begin(self, study: Study) -> dict[int, Cell]:
        """Return the first cell of the next trial; nothing where there is none."""
        params = study.next(self.budget)
        if params is None:
            self.log(f"{study.title}: done, {study.ended}")
            return {}
        left = study.left(self.budget)
        return self._cell(Running(study=study, params=params, left=left))

    def _cell(self, running: Running) -> dict[int, Cell]:
        """Return the cell of a trial's next seed under a number of its own."""
        number, study = next(self.numbers), running.study
        seed = study.seeds[len(running.records)]
        self.running[number] = running
        cell = dataclasses.replace(
            study.cell, params=running.params, split_seed=seed, seed=seed
        )
        return {number: cell}

    def _left(self, running: Running) -> float | None:
        """Return the seconds that are left for the rest of a trial."""
        if running.left is None:
            return None
        return running.left - sum(r.seconds["total"] for r in running.records)

    def _store(self, trial: Trial) -> None:
        """Store a trial.

        Raises:
            DataError: If the disk does not take it.
        """
        try:
            self.trials.add(trial)
        except OSError as error:
            msg = (
                f"cannot write a trial under {self.trials.folder(trial.suite)}: "
                f"{error.strerror}; free space and run again: what is stored counts"
            )
            raise DataError(msg) from error


def finished(running: Running, budget: Budget) -> Trial:
    """Return the record of a trial from the records of its seeds."""
    study, last = running.study, running.records[-1]
    suite, cell = study.suite, study.cell
    figures = {
        str(record.split["seed"]): record.metrics[suite.primary].value
        for record in running.records
        if record.status == "ok"
    }
    values = {seed: value for seed, value in figures.items() if value is not None}
    complete = len(values) == len(study.seeds)
    status, message = last.status, last.message
    if status == "ok" and not complete:
        status, message = "invalid", f"{suite.primary} is undefined on validation"
    capped = running.left is not None and status == "timeout"
    before = sum(r.seconds["total"] for r in running.records[:-1])
    cut = capped and last.seconds["total"] + before >= (running.left or 0.0)
    return Trial(
        study=study.key,
        setup=study.setup,
        suite=suite.name,
        task=suite.protocol.task,
        dataset=suite.dataset,
        model=cell.spec.name,
        label=cell.label,
        plugin={"name": cell.plugin.name, "version": cell.plugin.version},
        number=len(study.past),
        params=running.params,
        status=status,
        message=message,
        metric=suite.primary,
        maximize=study.maximize,
        value=sum(values.values()) / len(values) if complete else None,
        values=values,
        seconds={
            name: round(sum(r.seconds.get(name, 0.0) for r in running.records), 4)
            for name in ("fit", "score", "total")
        },
        budget=budget.data(),
        cut=round(running.left, 1) if cut and running.left is not None else None,
        machine=hardware.machine(),
        versions=versions(),
        started=running.records[0].started,
    )


def versions() -> dict[str, str]:
    """Return the versions behind a trial, Optuna's among them."""
    from importlib.metadata import version

    return {**hardware.versions(), "optuna": version("optuna")}


def told(trial: Trial, study: Study, budget: Budget) -> str:
    """Return a trial in a line."""
    of = f" of {budget.trials}" if budget.trials and study.space else ""
    text = f"trial {trial.number + 1}{of}, {trial.seconds['total']:.1f} s, "
    if trial.value is None:
        what = "cut off by the model's minutes" if trial.cut is not None else "failed"
        return f"{text}{what}: {trial.status}, {trial.message.partition(chr(10))[0]}"
    best = [t.value for t in study.past if t.value is not None]
    top = max(best) if study.maximize else min(best)
    mark = "best so far" if top == trial.value else f"best {top:.4f}"
    return f"{text}{trial.metric} {trial.value:.4f} ({mark})"
