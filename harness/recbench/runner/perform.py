"""Run a plan: prepare, hand cells to an engine, store a record for each, tell it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recbench import plugins
from recbench.results.record import Record
from recbench.results.store import Store
from recbench.runner import collect, decide
from recbench.runner.decide import Planned
from recbench.runner.loop import Loop
from recbench.runner.run import Run
from recbench.runner.supervise import Outcome
from recbench.specs import SuiteSpec


@dataclass(slots=True, kw_only=True)
class Result:
    """What a run did.

    Attributes:
        out: Folder of the store and the pages.
        catalogue: What the plugins offer.
        suites: The suites that it touched.
        records: Of every planned cell the record that counts, or that it cannot run.
        interrupted: Whether it was stopped before its end.
        ran: How many cells were run, not taken from the store.
    """

    out: Path
    catalogue: plugins.Catalogue
    suites: list[SuiteSpec] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    interrupted: bool = False
    ran: int = 0

    @property
    def exit_code(self) -> int:
        """Return the exit status of the command."""
        if self.interrupted:
            return 130
        bad = [r for r in self.records if r.status not in ("ok", "skipped")]
        return 1 if bad else 0


def execute(run: Run) -> Result:
    """Run everything that a request asks and has no record yet.

    Returns:
        The records that count for every planned cell.

    Raises:
        RecbenchError: If the request cannot be planned or the data cannot be had;
            nothing is written then.
    """
    if run.request.dataset is not None:
        run.load([run.request.dataset])
    suites = run.suites()
    for suite in suites:
        run.metric_specs(suite)
    Store(run.request.out).require_writable()
    run.load(suite.dataset for suite in suites)
    run.check_metrics(suites)
    return perform(run, run.planned(suites), suites)


def perform(
    run: Run, planned: Sequence[Planned], suites: Sequence[SuiteSpec]
) -> Result:
    """Do what is planned to each cell; the data sets are loaded already.

    Returns:
        The records that count for every planned cell.
    """
    for item in planned:
        run.part(item.cell)
    result = Result(out=run.request.out, catalogue=run.catalogue, suites=list(suites))
    todo = {n: p for n, p in enumerate(planned) if p.action == "run"}
    run.tell(
        "run-started",
        cells=len(planned),
        to_run=len(todo),
        unable=[(p.cell.label, p.why) for p in planned if p.action == "skip"],
        jobs=run.jobs,
        estimate=sum(p.estimate or 0 for p in todo.values()),
    )
    done: dict[int, Record] = {}
    for number, item in enumerate(planned):
        if item.action == "skip":
            outcome = Outcome(status="skipped", message=item.reason)
            done[number] = run.finish(item.cell, outcome, Path(), collect.now())
        elif item.record is not None and item.action == "cached":
            done[number] = item.record
    if todo:
        loop = Loop(run, {number: item.cell for number, item in todo.items()})
        done |= loop.work(sorted(todo, key=lambda n: decide.turn(todo[n])))
        result.interrupted, result.ran = loop.stopped.is_set(), len(todo)
    result.records = [done[n] for n in sorted(done)]
    run.tell("run-finished", cells=len(done), interrupted=result.interrupted)
    return result
