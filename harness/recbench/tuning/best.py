"""What searches found, as data: ``best.json`` of a suite, and presets for a plugin."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from recbench import tuned
from recbench.errors import DataError, NothingRanError, UsageError, unknown_name
from recbench.params import defaults
from recbench.plugins import Catalogue
from recbench.results import atomic, canonical
from recbench.tuning.trial import Trial, Trials

FILE = tuned.FOUND
VERSIONS = ("recbench-harness", "optuna", "python")


def current(studies: Mapping[str, Sequence[Trial]]) -> list[list[Trial]]:
    """Return the newest search of each model as it was asked for, sorted by label.

    An older one had other seeds, another search space, or another source of the model.
    """
    newest: dict[str, list[Trial]] = {}
    for trials in studies.values():
        if not trials:
            continue
        held = newest.get(trials[0].label)
        if held is None or _age(held) < _age(trials):
            newest[trials[0].label] = list(trials)
    return [newest[label] for label in sorted(newest)]


def _age(trials: Sequence[Trial]) -> tuple[str, str]:
    return max(trial.started for trial in trials), trials[0].study


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """Return the trial with the best figure, the first among equals."""
    known = [(t.value, t) for t in trials if t.value is not None]
    if not known:
        return None
    sign = 1 if trials[0].maximize else -1
    return max(known, key=lambda pair: (sign * pair[0], -pair[1].number))[1]


def ending(trials: Sequence[Trial]) -> str:
    """Return what a search did not do of what it was granted; empty if nothing."""
    last, n = trials[-1], len(trials)
    most, minutes = last.budget.get("trials"), last.budget.get("minutes")
    spent = sum(trial.seconds.get("total", 0.0) for trial in trials)
    over = minutes is not None and spent >= 60 * minutes
    if last.cut is not None or (over and most is not None and n < most):
        of = f" of {most:g}" if most is not None else ""
        what = f"cut at {minutes:g} min: {n}{of} trials"
        return f"{what}, the last unfinished" if last.cut is not None else what
    return ""


def granted(
    trials: Sequence[Trial], others: Iterable[Sequence[Trial]]
) -> dict[str, int | float | None]:
    """Return the budget of a search.

    One that made all its trials would have made the same with more minutes: where
    those were given to searches beside it, because of slower models, it had them too.

    Args:
        trials: The trials of a search.
        others: The current searches of the suite.
    """
    own = trials[-1].budget
    most = own.get("trials")
    if (
        most is None
        or ending(trials)
        or (trials[0].setup["space"] and len(trials) < most)
    ):
        return own
    budgets = (other[-1].budget for other in others)
    minutes = [b.get("minutes") for b in budgets if b.get("trials") == most]
    known = [m for m in minutes if m is not None]
    largest = max(known) if known and len(known) == len(minutes) else None
    return {**own, "minutes": largest}


def entry(
    trials: Sequence[Trial],
    best: Trial,
    others: Sequence[Sequence[Trial]],
    preset: str = "",
) -> dict[str, Any]:
    """Return what a search found, with its provenance, as plain data."""
    first = trials[0]
    return {
        "model": first.model,
        "label": first.label,
        "task": first.task,
        "preset": preset,
        "params": best.params,
        "space": first.setup["space"],
        "budget": {
            "by": "recbench tune",
            "suite": first.suite,
            "validation": {
                "metric": first.metric,
                "default": first.value,
                "tuned": best.value,
            },
            "trial": best.number,
            "trials": len(trials),
            "failed": sum(trial.value is None for trial in trials),
            "granted": granted(trials, others),
            "cut": ending(trials),
            "seconds": round(sum(t.seconds.get("total", 0.0) for t in trials), 1),
            "seeds": first.setup["seeds"],
            "sampler": first.setup["sampler"],
            "dataset": {"name": first.dataset, "fingerprint": first.setup["dataset"]},
            "protocol_hash": first.setup["protocol"],
            "plugin": {**first.plugin, "hash": first.setup["plugin"]},
            "cpu": first.machine.get("cpu", ""),
            "versions": {n: first.versions.get(n, "") for n in VERSIONS},
            "study": first.study,
        },
    }


def document(suite: str, studies: Mapping[str, Sequence[Trial]]) -> dict[str, Any]:
    """Return ``best.json`` of a suite: a function of its trials and nothing else.

    It is laid out as the ``tuned.json`` of a plugin, with nameless presets.
    """
    searches = current(studies)
    pairs = [(trials, best_of(trials)) for trials in searches]
    found = [
        entry(trials, best, searches) for trials, best in pairs if best is not None
    ]
    return {"schema": tuned.SCHEMA, "suite": suite, "tuned": found}


def write_best(trials: Trials, suite: str) -> Path:
    """Write ``best.json`` of a suite.

    Raises:
        DataError: If it cannot be written.
    """
    path = trials.folder(suite) / FILE
    try:
        atomic.write(path, _json(document(suite, trials.studies(suite))))
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror}; the trials are kept"
        raise DataError(msg) from error
    return path


def export(
    trials: Trials,
    suites: Sequence[str],
    catalogue: Catalogue,
    *,
    plugin: str,
    path: Path,
    preset: str = "",
) -> list[dict[str, Any]]:
    """Write what searches found for a plugin's models as its ``tuned.json``.

    Entries of other models, tasks and presets that the file holds already are kept.
    Only searches that began at the defaults count.

    Args:
        trials: The trials.
        suites: Suites whose searches are taken.
        catalogue: What the plugins offer.
        plugin: Name of the plugin.
        path: The file.
        preset: Name of the preset; empty for ``tuned-<data set>``.

    Returns:
        The entries that are new.

    Raises:
        NothingRanError: If no model of the plugin was tuned.
        UsageError: If two searches would have one preset, or there is no such plugin.
        DataError: If the file cannot be written.
    """
    plugins = {origin.name for origin in catalogue.origin.values()}
    if plugin not in plugins:
        raise unknown_name("plugin", plugin, sorted(plugins))
    new = []
    for suite in suites:
        searches = current(trials.studies(suite))
        for found in searches:
            best, name = best_of(found), preset or f"tuned-{found[0].dataset}"
            if best is not None and _mine(found, catalogue, plugin):
                new.append(entry(found, best, searches, name))
    if not new:
        msg = f"no model of the plugin {plugin!r} was tuned on {', '.join(suites)}"
        raise NothingRanError(msg)
    if len({_name(e) for e in new}) < len(new):
        msg = (
            f"{', '.join(suites)} hold searches of one model in one task, which would "
            "have the same preset: export suite by suite, each with its --preset"
        )
        raise UsageError(msg)
    held = tuned.read(path) if path.is_file() else {}
    merged = {_name(e): e for entries in held.values() for e in entries}
    merged |= {_name(e): e for e in new}
    entries = [merged[name] for name in sorted(merged)]
    try:
        atomic.write(path, _json({"schema": tuned.SCHEMA, "tuned": entries}))
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror}"
        raise DataError(msg) from error
    return new


def _mine(trials: Sequence[Trial], catalogue: Catalogue, plugin: str) -> bool:
    """Return whether a search is one of a plugin's model from its defaults."""
    first = trials[0]
    spec = catalogue.models.get(first.model)
    if spec is None or catalogue.origin["models", first.model].name != plugin:
        return False
    base = canonical.plain(defaults(spec, first.task))
    return bool(first.setup["space"]) and canonical.plain(first.params) == base


def _name(shipped: Mapping[str, Any]) -> tuple[str, str, str]:
    return shipped["model"], shipped["task"], shipped["preset"]


def _json(data: Mapping[str, Any]) -> bytes:
    """Return data as JSON that people can read; equal data has equal bytes."""
    return (json.dumps(canonical.plain(data), indent=1) + "\n").encode()
