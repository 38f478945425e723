"""Tuning from Python and from the command line: the same few functions."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from recbench import params
from recbench.errors import NothingRanError, UsageError
from recbench.runner import decide, plan
from recbench.runner.api import catalogue_for
from recbench.runner.cells import protocol_hash
from recbench.runner.engines.room import default_jobs
from recbench.runner.plan import Request
from recbench.runner.run import Run
from recbench.runner.supervise import Limits
from recbench.specs import SuiteSpec
from recbench.tuning.best import write_best
from recbench.tuning.propose import Sampler, require_optuna
from recbench.tuning.search import Search
from recbench.tuning.space import space
from recbench.tuning.study import Budget, Study
from recbench.tuning.trial import Trials
from recbench.tuning.validation import on_validation, selection_suite

if TYPE_CHECKING:
    from recbench.tuning.report import Report


@dataclass(slots=True, kw_only=True)
class Tuning:
    """What a call of :func:`tune` did.

    Attributes:
        out: Folder of the records.
        suites: Names of the suites.
        studies: Every search with its trials.
        skipped: (suite, model, why) of models that cannot run here.
        interrupted: Whether it was stopped before its end.
    """

    out: Path
    suites: list[str] = field(default_factory=list)
    studies: list[Study] = field(default_factory=list)
    skipped: list[tuple[str, str, str]] = field(default_factory=list)
    interrupted: bool = False

    @property
    def reports(self) -> "list[Report]":
        """Return the report of each suite that has trials."""
        from recbench.tuning.report import build

        trials = Trials(self.out)
        held = trials.suites()
        return [build(trials, suite) for suite in self.suites if suite in held]

    def __str__(self) -> str:
        """Return the reports for a terminal."""
        return "\n".join(str(report) for report in self.reports)

    @property
    def exit_code(self) -> int:
        """Return the exit status of the command."""
        if self.interrupted:
            return 130
        bad = (s.trouble or all(t.value is None for t in s.past) for s in self.studies)
        return 1 if any(bad) else 0


def _silent(_name: str, _data: object) -> None:
    """Listen to nothing."""


def tune(  # one keyword for each option of the command
    suites: str | Sequence[str] = (),
    *,
    models: str | Sequence[str] = (),
    dataset: str | None = None,
    trials: int | None = None,
    minutes: float | None = None,
    seeds: Sequence[int] = (0,),
    sampler: Sampler = "tpe",
    resume: bool = True,
    jobs: int | None = None,
    device: str = "auto",
    threads: int = 1,
    timeout: float | None = 1800.0,
    memory: int | None = None,
    plugins: Sequence[str] = (),
    out: str | Path = "leaderboards",
    log: Callable[[str], None] = lambda _line: None,
) -> Tuning:
    """Search the parameters of models with the same budget for each.

    The figure of a trial is the suite's primary metric on the validation part of each
    seed's split, averaged; early stopping works as in a run; test interactions take no
    part. The first trial of a model has its defaults; a model without anything to tune
    has no other. Trials are stored under ``out``, where a later call goes on.

    Args:
        suites: Suites, data sets or tasks.
        models: Models with parameters, such as ``"ncf[variant=gmf]"``, which are then
            not searched; nothing for all.
        dataset: Name of a data set, or path of a CSV, TSV or Parquet file.
        trials: Most trials of each model, or None.
        minutes: Most minutes of all trials of a model together, or None. What time
            cuts off differs from machine to machine.
        seeds: Split seeds; the model seed is the same number. The first one also seeds
            the search.
        sampler: ``tpe`` or ``random``.
        resume: Whether to go on from stored trials.
        jobs: Trials at once, at most one of each model; None for as many as the cores
            hold. It changes no trial.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        threads: Threads of each trial.
        timeout: Longest time of a trial and seed in seconds, or None.
        memory: Most resident memory of a trial in bytes, or None.
        plugins: Files, folders or modules to load besides the installed plugins.
        out: Folder of records.
        log: Takes lines for the person who waits.

    Returns:
        What was done; its ``reports`` compare default and tuned.

    Raises:
        RecbenchError: If the request cannot be planned or the data cannot be had.
    """
    suites = (suites,) if isinstance(suites, str) else suites
    models = (models,) if isinstance(models, str) else models
    budget = _checked(suites, dataset, seeds, Budget(trials=trials, minutes=minutes))
    require_optuna()
    catalogue, dataset = catalogue_for(plugins, dataset, log, strict=False)
    request = Request(
        suites=tuple(suites),
        models=tuple(models),
        dataset=dataset,
        seeds=tuple(seeds),
        device=device,
        threads=threads,
        out=Path(out),
    )
    run = Run(
        catalogue=catalogue,
        request=request,
        limits=Limits(timeout=timeout, memory=memory),
        jobs=jobs or default_jobs(threads),
        log=log,
        listener=_silent,
        extra=tuple(plugins),
    )
    if dataset is not None:
        run.load([dataset])
    chosen = run.suites()
    run.load(suite.dataset for suite in chosen)
    found = Tuning(out=Path(out), suites=[suite.name for suite in chosen])
    _add_studies(found, run, chosen, sampler)
    if not found.studies:
        msg = "there is nothing to tune: no model fits the chosen suites"
        raise NothingRanError(msg)
    _search(found, run, budget, resume=resume)
    return found


def _checked(
    suites: Sequence[str], dataset: str | None, seeds: Sequence[int], budget: Budget
) -> Budget:
    """Return the budget after checking that the request says enough.

    Raises:
        UsageError: If it does not.
    """
    if not suites and dataset is None:
        msg = "say what to tune on: a suite such as ml-100k/top-n, or -d DATASET"
        raise UsageError(msg)
    if budget.trials is None and budget.minutes is None:
        msg = "say what every model is granted: --trials N, --minutes M, or both"
        raise UsageError(msg)
    if not seeds:
        msg = "give at least one seed"
        raise UsageError(msg)
    for name, value in budget.data().items():
        if value is not None and value <= 0:
            msg = f"--{name} must be more than 0, not {value:g}"
            raise UsageError(msg)
    return budget


def _add_studies(
    found: Tuning, run: Run, suites: Sequence[SuiteSpec], sampler: Sampler
) -> None:
    """Add the search of every chosen model in every suite that it fits."""
    for suite in suites:
        run.metric_specs(suite)
        for seed in run.request.seeds:
            part = on_validation(
                run.datasets[suite.dataset],
                run.fingerprints[suite.dataset],
                suite,
                run.catalogue.splits,
                seed,
            )
            run.prepared[suite.name, seed] = part
            for note in part.notes:
                run.log(f"{suite.name} seed {seed}: {note}")
    for text in run.request.models or (None,):
        models = [] if text is None else [text]
        given = params.parse_model(text)[1] if text is not None else {}
        for pair in plan.select(run.catalogue, suites, models):
            _add_study(found, run, pair, set(given) - {"preset"}, sampler)


def _add_study(
    found: Tuning, run: Run, pair: plan.Chosen, fixed: set[str], sampler: Sampler
) -> None:
    """Add one search, or why it cannot be made here."""
    [cell, *_] = plan.cells(run.catalogue, [pair], run.request, run.fingerprints)
    reason = decide.lacking(cell, run.catalogue.datasets[pair.suite.dataset])
    if reason:
        found.skipped.append((pair.suite.name, pair.label, reason))
        run.log(f"{pair.suite.name} {pair.label}: skipped, {reason}")
        return
    suite = selection_suite(pair.suite)
    [metric] = run.metric_specs(suite).values()
    study = Study(
        suite=suite,
        cell=dataclasses.replace(cell, suite=suite, budget={}),
        protocol=protocol_hash(pair.suite),
        space=space(pair.spec, fixed),
        seeds=run.request.seeds,
        sampler=sampler,
        maximize=metric.higher_is_better is not False,
    )
    if study.key not in {known.key for known in found.studies}:
        found.studies.append(study)


def _search(found: Tuning, run: Run, budget: Budget, *, resume: bool) -> None:
    """Take over what is stored, search on, and write what is best."""
    trials = Trials(found.out)
    trials.store.require_writable()
    for name in found.suites:
        held = trials.studies(name) if resume else {}
        for study in found.studies:
            if study.suite.name == name:
                study.resume(held.get(study.key, []), budget)
    for path in trials.damaged:
        run.log(f"left out: {path} is damaged")
    known = sum(len(study.past) for study in found.studies)
    run.log(
        f"{len(found.studies)} searches, {granted(budget)} each; "
        f"{known} trials from the store; {run.jobs} at once"
    )
    search = Search(run, found.studies, trials, budget)
    search.work()
    found.interrupted = search.stopped
    for name in found.suites:
        if any(study.past for study in found.studies if study.suite.name == name):
            write_best(trials, name)


def granted(budget: Budget) -> str:
    """Return a budget for people."""
    parts = [f"{budget.trials} trials"] if budget.trials is not None else []
    parts += [f"{budget.minutes:g} minutes"] if budget.minutes is not None else []
    return " or ".join(parts)
