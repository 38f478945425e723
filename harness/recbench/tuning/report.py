"""The board of a tuning: default and tuned side by side, and what a budget buys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from recbench.errors import NothingRanError
from recbench.params import parse_model, written
from recbench.results import canonical
from recbench.results.record import Record
from recbench.tuning.best import best_of, current, ending
from recbench.tuning.expected import (
    Curve,
    expected_best,
    leaders,
    leaders_by_time,
    observed_best,
)
from recbench.tuning.trial import Trial, Trials


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A figure on the test part, from the records of finished runs.

    Attributes:
        value: Mean over the splits.
        splits: How many splits.
    """

    value: float
    splits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One model.

    Attributes:
        label: The model as it was asked for.
        trials: Trials made.
        failed: How many of them have no figure.
        default: Figure of the parameters it began with, on validation.
        tuned: Best figure on validation.
        trial: Number of the best trial, from 1; None where all failed.
        params: What the best trial differs in from the first.
        spelled: The model with those parameters, as ``-m`` takes it.
        seconds: Seconds of all trials.
        expected: Expected best after 1, 2, ... trials.
        observed: Best so far, in the order as it happened.
        times: Seconds of each trial.
        note: What the budget cut off, or that nothing was to be tuned.
        test_default: Figure of the default on the test part, where a run has measured
            it; likewise of the tuned parameters.
        test_tuned: See above.
    """

    label: str
    trials: int
    failed: int
    default: float | None
    tuned: float | None
    trial: int | None
    params: Mapping[str, Any]
    spelled: str
    seconds: float
    expected: Curve
    observed: Curve
    times: tuple[float, ...]
    note: str = ""
    test_default: Measured | None = None
    test_tuned: Measured | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the trials of a suite add up to.

    Attributes:
        suite: Name of the suite.
        metric: Its primary metric, measured on validation.
        maximize: Whether a larger figure is better.
        seeds: Split seeds of the trials.
        lines: Models, best tuned figure first.
        by_trials: (trials, model, figure) wherever the expected leader changes.
        by_seconds: (seconds, model, figure) wherever the leader changes.
        notes: What a reader must know.
    """

    suite: str
    metric: str
    maximize: bool
    seeds: tuple[int, ...]
    lines: tuple[Line, ...]
    by_trials: tuple[tuple[int, str, float], ...]
    by_seconds: tuple[tuple[float, str, float], ...]
    notes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        """Return the report as text for a terminal."""
        from recbench.tuning.text import render

        return render(self)


def build(trials: Trials, suite: str) -> Report:
    """Return the report of a suite: a function of its trials and records.

    Raises:
        NothingRanError: If it has no trials.
    """
    studies = current(trials.studies(suite))
    if not studies:
        msg = (
            f"suite {suite!r} has no trials under {trials.store.root}: run "
            f"`recbench tune {suite} --trials 20` first"
        )
        raise NothingRanError(msg)
    first = studies[0][0]
    maximize = first.maximize
    records = [r for r in trials.store.records(suite) if r.status == "ok"]
    lines = [_line(study, records) for study in studies]
    lines.sort(key=lambda x: (x.tuned is None, _better(x.tuned, maximize), x.label))
    observed = {line.label: line.observed for line in lines}
    times = {line.label: line.times for line in lines}
    return Report(
        suite=suite,
        metric=first.metric,
        maximize=maximize,
        seeds=tuple(first.setup["seeds"]),
        lines=tuple(lines),
        by_trials=tuple(
            leaders({x.label: x.expected for x in lines}, maximize=maximize)
        ),
        by_seconds=tuple(leaders_by_time(observed, times, maximize=maximize)),
        notes=tuple(_notes(studies)),
    )


def _better(value: float | None, maximize: bool) -> float:
    """Return a sort key: the better, the smaller."""
    return 0.0 if value is None else -value if maximize else value


def _line(study: Sequence[Trial], records: Sequence[Record]) -> Line:
    """Return the line of one search."""
    first, best = study[0], best_of(study)
    values = [trial.value for trial in study]
    changed = {
        name: value
        for name, value in (best.params if best else {}).items()
        if first.params.get(name) != value
    }
    note = ending(study)
    if not first.setup["space"]:
        note = "no parameter to tune"
    return Line(
        label=first.label,
        trials=len(study),
        failed=sum(value is None for value in values),
        default=first.value,
        tuned=best.value if best else None,
        trial=best.number + 1 if best else None,
        params=changed,
        spelled=_spelled(first.label, changed),
        seconds=sum(trial.seconds.get("total", 0.0) for trial in study),
        expected=expected_best(values, maximize=first.maximize),
        observed=observed_best(values, maximize=first.maximize),
        times=tuple(trial.seconds.get("total", 0.0) for trial in study),
        note=note,
        test_default=_measured(first, records),
        test_tuned=_measured(best, records) if best else None,
    )


def _spelled(label: str, changed: Mapping[str, Any]) -> str:
    """Return a model with parameters as the command line takes it."""
    name, given = parse_model(label)
    parts = [f"{k}={_literal(v)}" for k, v in {**given, **changed}.items()]
    return f"{name}[{','.join(parts)}]" if parts else name


def _literal(value: Any) -> str:  # noqa: ANN401 - any literal
    """Return a value as text; stored parameters have lists for tuples."""
    text = written(tuple(value) if isinstance(value, list) else value)
    return text.replace(" ", "")


def _measured(trial: Trial, records: Sequence[Record]) -> Measured | None:
    """Return what finished runs with a trial's parameters scored on the test part."""
    wanted = canonical.plain(trial.params)
    found: dict[int, float] = {}
    for record in records:
        same = record.model == trial.model and canonical.plain(record.params) == wanted
        comparable = (
            record.protocol_hash == trial.setup["protocol"]
            and record.dataset.get("fingerprint") == trial.setup["dataset"]
        )
        figure = record.metrics.get(trial.metric)
        if same and comparable and figure is not None and figure.value is not None:
            found[record.split["seed"]] = figure.value
    if not found:
        return None
    return Measured(value=sum(found.values()) / len(found), splits=len(found))


def _notes(studies: Sequence[Sequence[Trial]]) -> list[str]:
    """Return what a reader must know before believing a report."""
    found = []
    searched = [s for s in studies if s[0].setup["space"]]
    cut = [s[0].label for s in searched if ending(s)]
    if cut:
        found.append(
            "The cap in minutes ended some searches before their trials: "
            f"{', '.join(cut)}. They may have more to give."
        )
    counts = {len(s) for s in searched if not ending(s)}
    if len(counts) > 1:
        found.append(
            "Models had unequal numbers of trials: compare them at the same budget, "
            "or run `recbench tune` again to fill up."
        )
    if len({str(s[0].setup["seeds"]) for s in studies}) > 1:
        found.append("Models were tuned on different splits.")
    empty = [s[0].label for s in studies if best_of(s) is None]
    if empty:
        found.append(f"No trial ended well: {', '.join(empty)}.")
    samplers = {s[0].setup["sampler"] for s in searched}
    if "tpe" in samplers:
        found.append(
            "The sampler tpe learns from its trials, so random orders flatter small "
            "budgets; the leaders by seconds follow the order as it happened."
        )
    return found
