"""Running cells of prepared parts through the real runner, into a passing store."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recbench import plugins
from recbench.audit.canaries import birds, planted
from recbench.results.record import Record
from recbench.results.store import Store
from recbench.runner import plan
from recbench.runner.decide import Planned
from recbench.runner.engines.room import default_jobs
from recbench.runner.perform import perform
from recbench.runner.plan import Request
from recbench.runner.prepare import Prepared
from recbench.runner.run import Run
from recbench.runner.supervise import Limits
from recbench.specs import SuiteSpec

TIMEOUT = 300.0
HATCHED = plugins.Plugin(
    name="recbench-canaries", kind="module", value="recbench.audit.canaries.birds"
)
Log = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """Models to run on one prepared part.

    Attributes:
        suite: What is measured.
        seed: Split seed and model seed.
        part: The prepared split.
        models: Models with parameters.
    """

    suite: SuiteSpec
    seed: int
    part: Prepared
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ran:
    """A trial, the record of one of its cells, and the store of its outputs."""

    trial: Trial
    record: Record
    store: Store


def with_canary(catalogue: plugins.Catalogue) -> plugins.Catalogue:
    """Return a catalogue of its own that offers the canary, too."""
    return dataclasses.replace(
        catalogue,
        models=catalogue.models | {birds.SPEC.name: birds.SPEC},
        datasets=catalogue.datasets | {planted.NAME: planted.SPEC},
        origin=catalogue.origin | {("models", birds.SPEC.name): HATCHED},
        observers=[],
    )


def run(
    catalogue: plugins.Catalogue,
    trials: Sequence[Trial],
    folder: Path,
    *,
    log: Log,
    extra: Sequence[str] = (),
) -> list[Ran]:
    """Run every model of every trial; the parts are used as they are.

    Args:
        catalogue: What plugins offer, the canary included.
        trials: What to run; no two share suite and seed.
        folder: Where the store goes.
        log: Takes lines for the person who waits.
        extra: Plugins named on the command line.

    Raises:
        KeyboardInterrupt: If it was stopped.
    """

    def listen(name: str, data: Mapping[str, Any]) -> None:
        if name == "cell-finished" and data["record"].status != "ok":
            log(f"{data['title']}: {data['record'].status}: {data['record'].message}")

    request = Request(out=folder, device="cpu")
    state = Run(
        catalogue=catalogue,
        request=request,
        limits=Limits(timeout=TIMEOUT),
        jobs=default_jobs(1),
        log=log,
        listener=listen,
        extra=tuple(extra),
    )
    planned: list[Planned] = []
    owners: list[Trial] = []
    for trial in trials:
        state.prepared[trial.suite.name, trial.seed] = trial.part
        chosen = plan.select(catalogue, [trial.suite], trial.models)
        one = dataclasses.replace(request, seeds=(trial.seed,))
        fingerprints = {trial.suite.dataset: trial.part.dataset["fingerprint"]}
        for cell in plan.cells(catalogue, chosen, one, fingerprints):
            planned.append(Planned(cell=cell, action="run", reason="canary"))
            owners.append(trial)
    suites = list({trial.suite.name: trial.suite for trial in trials}.values())
    result = perform(state, planned, suites)
    if result.interrupted:
        raise KeyboardInterrupt
    store = Store(folder)
    return [
        Ran(trial=trial, record=record, store=store)
        for trial, record in zip(owners, result.records, strict=True)
    ]
