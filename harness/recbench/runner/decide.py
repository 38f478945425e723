"""What will be done to each planned cell, and why: run, take from the store, skip."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from recbench import hardware
from recbench.plugins.requirements import absent, told
from recbench.results import canonical
from recbench.results.record import Record
from recbench.results.store import Store
from recbench.runner.cells import Cell
from recbench.runner.installation import installation
from recbench.runner.plan import Rerun
from recbench.specs import DatasetSpec

UNFINISHED = ("interrupted", "skipped")  # always tried again


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A cell and what will be done to it.

    Attributes:
        cell: The cell.
        action: ``run``, ``cached`` (a record counts already) or ``skip``.
        reason: Why, for people.
        record: The record that counts, if there is one.
        estimate: Seconds it took before on this machine, or None.
    """

    cell: Cell
    action: Literal["run", "cached", "skip"]
    reason: str
    record: Record | None = None
    estimate: float | None = None

    @property
    def why(self) -> str:
        """Return the reason, and whose figures count for a cell that cannot run."""
        if self.action != "skip" or self.record is None or self.record.status != "ok":
            return self.reason
        here = self.record.machine.get("installation") == installation()
        where = "here" if here else "elsewhere"
        return f"{self.reason}; the record made {where} stands"


def provenance(cell: Cell) -> str:
    """Return the hash of what may change a result without being in the key."""
    return canonical.digest({"plugin": cell.plugin_hash, **hardware.versions()})


def lacking(cell: Cell, dataset: DatasetSpec) -> str:
    """Return why a cell cannot run here, empty if it can."""
    modules = absent(cell.spec)
    if modules:
        return told(modules, cell.plugin)
    for need in cell.spec.needs:
        if need not in dataset.has:
            return f"needs {need}, and {dataset.name} has none"
    if cell.suite.protocol.task == "rating" and dataset.values != "explicit":
        return f"{dataset.name} has no explicit ratings"
    return ""


def decide(
    found: Sequence[Cell],
    store: Store,
    datasets: dict[str, DatasetSpec],
    rerun: Rerun | None,
) -> list[Planned]:
    """Return what will be done to each cell and why."""
    held = {
        name: {r.key: r for r in store.records(name)}
        for name in {cell.suite.name for cell in found}
    }
    times = estimates(held)
    planned = []
    for cell in found:
        record = held[cell.suite.name].get(cell.key)
        action: Literal["run", "cached", "skip"] = "run"
        reason = _why(cell, record, rerun)
        missing = lacking(cell, datasets[cell.suite.dataset])
        if not reason:
            action, reason = "cached", f"{record.status}" if record else ""
        elif missing:
            action, reason = "skip", missing
        planned.append(
            Planned(
                cell=cell,
                action=action,
                reason=reason,
                record=record,
                estimate=times.get((cell.suite.name, cell.spec.name)),
            )
        )
    return planned


def _why(cell: Cell, record: Record | None, rerun: Rerun | None) -> str:
    """Return why a cell must run, empty where its record counts."""
    if record is None:
        return "new"
    failed = rerun in ("failed", "stale") and record.status != "ok"
    if failed or record.status in UNFINISHED:
        return f"was {record.status}"
    if rerun is None and record.machine.get("installation") != installation():
        return "recorded elsewhere"
    if rerun == "stale" and record.provenance != provenance(cell):
        return "versions have changed"
    return "asked to run again" if rerun == "all" else ""


def estimates(held: dict[str, dict[str, Record]]) -> dict[tuple[str, str], float]:
    """Return the median seconds of each suite and model on this machine."""
    here = hardware.machine()["id"]
    times: dict[tuple[str, str], list[float]] = {}
    for suite, records in held.items():
        for record in records.values():
            if record.machine.get("id") == here and "total" in record.seconds:
                times.setdefault((suite, record.model), []).append(
                    record.seconds["total"]
                )
    return {key: statistics.median(values) for key, values in times.items()}


def turn(planned: Planned) -> tuple[float, bool]:
    """Return what cells to run are sorted by, so that no core idles at the end.

    Those that took long go first; before them those of which it is not known, and of
    these the ones that pass over the data many times.
    """
    seconds = math.inf if planned.estimate is None else planned.estimate
    return -seconds, "epochs" not in planned.cell.params
