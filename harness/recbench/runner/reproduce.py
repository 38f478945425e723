"""Train the cell of a record again and say whether the same comes out."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from recbench import hardware, plugins
from recbench.datasets.store import open_dataset
from recbench.errors import DataError, unknown_name
from recbench.params import complete
from recbench.plugins.sources import source_hash
from recbench.results import blobs
from recbench.results.record import Record
from recbench.results.store import Store
from recbench.runner.cells import Cell
from recbench.runner.decide import Planned, provenance
from recbench.runner.perform import perform
from recbench.runner.plan import Request
from recbench.runner.rescore import suite_of
from recbench.runner.run import Run
from recbench.runner.supervise import Limits
from recbench.statistics.intervals import interval
from recbench.statistics.sample import sample, units

Verdict = Literal["identical", "within the interval", "outside the interval", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """What training again showed.

    Attributes:
        old: The record.
        new: The record of the second attempt.
        verdict: ``identical`` (lists or predictions agree bit for bit), ``within the
            interval`` of the recorded figure, ``outside the interval``, or ``failed``.
        low: Lower end of the 95 % interval of the recorded primary figure.
        high: Upper end.
        changes: What differs between then and now, one line each.
    """

    old: Record
    new: Record
    verdict: Verdict
    low: float | None
    high: float | None
    changes: tuple[str, ...]


def reproduce(
    record: Record,
    catalogue: plugins.Catalogue,
    store: Store,
    log: Callable[[str], None],
    listener: Callable[[str, Mapping[str, Any]], None],
) -> Reproduction:
    """Run the cell of ``record`` again, into a store that is thrown away.

    Raises:
        DataError: If the record has no result to hold the new one against, or the
            data set is another.
        UsageError: If the model or data set is not known here.
    """
    if record.status != "ok":
        msg = f"the record ended {record.status}: there is nothing to reproduce"
        raise DataError(msg)
    if record.model not in catalogue.models:
        raise unknown_name("model", record.model, catalogue.models)
    name = record.dataset["name"]
    if name not in catalogue.datasets:
        raise unknown_name("data set", name, catalogue.datasets)
    cell = _cell(record, catalogue)
    with tempfile.TemporaryDirectory(prefix="recbench-reproduce-") as folder:
        run = Run(
            catalogue=catalogue,
            request=Request(out=Path(folder), threads=record.threads),
            limits=Limits(),
            jobs=1,
            log=log,
            listener=listener,
        )
        dataset = open_dataset(catalogue.datasets[name], log=log)
        found = dataset.fingerprint()
        if found != record.dataset["fingerprint"]:
            msg = f"data set {name} is not the one of the record: {found[:12]} now"
            raise DataError(msg)
        run.datasets[name], run.fingerprints[name] = dataset, found
        planned = Planned(cell=cell, action="run", reason="reproduce")
        [new] = perform(run, [planned], [cell.suite]).records
        return _judged(record, new, cell, store, Store(Path(folder)))


def _cell(record: Record, catalogue: plugins.Catalogue) -> Cell:
    """Return the cell of a record with today's plugin."""
    spec = catalogue.models[record.model]
    plugin = catalogue.origin["models", record.model]
    return Cell(
        suite=suite_of(record),
        spec=spec,
        plugin=plugin,
        plugin_hash=source_hash(plugin),
        params=complete(spec, record.task, record.params),
        label=record.label,
        split_seed=record.split["seed"],
        seed=record.seed,
        fingerprint=record.dataset["fingerprint"],
        device=hardware.choose_device("auto", spec.devices)
        if record.device != "cpu"
        else "cpu",
        threads=record.threads,
        budget=record.budget,
    )


def _judged(
    old: Record, new: Record, cell: Cell, store: Store, fresh: Store
) -> Reproduction:
    """Compare two attempts at a cell, each with the store that holds it."""
    output = "predictions" if old.task == "rating" else "lists"
    primary = old.protocol["selection"]
    run = (old.split["seed"], old.seed)
    value = old.metrics[primary].value
    per_user = store.per_user(old).get(primary)
    known = interval(
        units(sample({run: value or 0.0}, {run: per_user} if per_user else None))
    )
    verdict: Verdict = "outside the interval"
    got = new.metrics[primary].value if new.status == "ok" else None
    if new.status != "ok":
        verdict = "failed"
    elif _same((old, store), (new, fresh), output):
        verdict = "identical"
    elif got is not None and known.low is not None and known.high is not None:
        inside = known.low <= got <= known.high
        verdict = "within the interval" if inside else "outside the interval"
    return Reproduction(
        old=old,
        new=new,
        verdict=verdict,
        low=known.low,
        high=known.high,
        changes=_changes(old, cell),
    )


def _same(old: tuple[Record, Store], new: tuple[Record, Store], output: str) -> bool:
    """Return whether two records hold the same arrays, bit for bit."""
    (before, store), (after, fresh) = old, new
    if before.blobs.get(output) == after.blobs[output]:
        return True
    try:  # the same arrays are other bytes where another zlib packed them
        return blobs.same(store.arrays(before, output), fresh.arrays(after, output))
    except DataError:
        return False


def _changes(old: Record, cell: Cell) -> tuple[str, ...]:
    """Return what is not as it was when the record was made."""
    lines = []
    if old.plugin["hash"] != cell.plugin_hash:
        lines.append(f"the source of plugin {cell.plugin.name} has changed")
    now = hardware.versions()
    lines += [
        f"{name} was {old.versions.get(name, 'absent')}, is {now.get(name, 'absent')}"
        for name in sorted(old.versions.keys() | now.keys())
        if old.versions.get(name) != now.get(name)
    ]
    if old.machine.get("id") != hardware.machine()["id"]:
        lines.append(f"the machine was another: {old.machine.get('cpu', 'unknown')}")
    if not lines and old.provenance != provenance(cell):
        lines.append("the provenance differs")
    return tuple(lines)
