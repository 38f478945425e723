"""The record of one trial, and the folder that holds the trials of a suite.

::

    <root>/<data set>/<protocol>/tuning/<study>/<content hash>.json

As with results, nothing is rewritten, a file is named by its content, and folders
merge by copying.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from recbench import tuned
from recbench.results import atomic, canonical
from recbench.results.record import Status
from recbench.results.store import Store

SCHEMA = 1


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One trial of a search: parameters, and their figure on validation.

    Attributes:
        schema: Number of the file format.
        study: What the trials of a search have in common: the hash of ``setup``.
        setup: ``dataset`` (fingerprint), ``protocol`` (hash), ``model``, ``base``
            (parameters that the search starts from), ``space``, ``plugin`` (hash of
            its source), ``seeds``, ``sampler``, ``device``, ``threads``.
        suite: Name of the suite on whose validation part it was measured.
        task: ``rating``, ``top-n`` or ``next-item``.
        dataset: Name of the data set.
        model: Name of the model.
        label: The model as it was asked for, with what differs from its defaults.
        plugin: ``name`` and ``version`` of the plugin.
        number: Position in the search; 0 are the parameters it starts from.
        params: All parameters, as tried.
        status: How it ended.
        message: Why it did not end well, in one line.
        metric: The suite's primary metric.
        maximize: Whether a larger figure is better.
        value: Mean figure on validation over the seeds; None where it has none.
        values: Split seed to figure.
        seconds: ``fit``, ``score`` and ``total``, summed over the seeds.
        budget: What the search was granted when the trial ran: ``trials`` and
            ``minutes`` for each model, either may be None.
        cut: Seconds that were left of the model's minutes where those stopped it.
        machine: What the machine is.
        versions: Versions of recbench, Optuna, Python and the libraries that matter.
        started: When it began, UTC, ISO 8601; decides between attempts only.
    """

    schema: int = SCHEMA
    study: str
    setup: dict[str, Any]
    suite: str
    task: str
    dataset: str
    model: str
    label: str
    plugin: dict[str, Any]
    number: int
    params: dict[str, Any]
    status: Status
    message: str = ""
    metric: str
    maximize: bool
    value: float | None = None
    values: dict[str, float] = msgspec.field(default_factory=dict)
    seconds: dict[str, float] = msgspec.field(default_factory=dict)
    budget: dict[str, int | float | None] = msgspec.field(default_factory=dict)
    cut: float | None = None
    machine: dict[str, Any] = msgspec.field(default_factory=dict)
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    started: str = ""


class Trials:
    """The trials below one folder of records."""

    def __init__(self, root: Path) -> None:
        """Open the folder, which need not exist yet."""
        self.store = Store(root)
        self.damaged: list[str] = []

    def folder(self, suite: str) -> Path:
        """Return the folder of a suite's trials."""
        return self.store.folder(suite) / tuned.FOLDER

    def suites(self) -> list[str]:
        """Return the suites that have trials."""
        found = {p.parents[2] for p in self.store.root.glob("*/*/tuning/*/*.json")}
        return sorted(f"{p.parent.name}/{p.name}" for p in found)

    def add(self, trial: Trial) -> None:
        """Store a trial; when the call returns it is durable.

        Raises:
            OSError: If it cannot be written; nothing half-written is left.
        """
        data = canonical.encode(trial)
        name = f"{hashlib.sha256(data).hexdigest()}.json"
        atomic.write(self.folder(trial.suite) / trial.study / name, data)

    def studies(self, suite: str) -> dict[str, list[Trial]]:
        """Return the trials of each search of a suite, by number, without holes.

        The newest attempt at a number counts. Damaged files are left out and named in
        ``damaged``.
        """
        held: dict[str, dict[int, Trial]] = defaultdict(dict)
        for path in sorted(self.folder(suite).glob("*/*.json")):
            if path.name.startswith("."):
                continue
            trial = self._load(path)
            if trial is None or trial.study != path.parent.name:
                self.damaged.append(str(path))
                continue
            known = held[trial.study].get(trial.number)
            if known is None or trial.started >= known.started:
                held[trial.study][trial.number] = trial
        return {study: _run_of(trials) for study, trials in sorted(held.items())}

    def _load(self, path: Path) -> Trial | None:
        """Return the trial in a file; None where it is damaged."""
        try:
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != path.stem:
                return None
            trial = msgspec.json.decode(data, type=Trial)
        except (OSError, msgspec.MsgspecError):
            return None
        return trial if trial.schema == SCHEMA else None


def _run_of(trials: Mapping[int, Trial]) -> list[Trial]:
    """Return trials 0, 1, 2, ... up to the first that is missing."""
    found: list[Trial] = []
    while len(found) in trials:
        found.append(trials[len(found)])
    return found
