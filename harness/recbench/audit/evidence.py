"""What an audit can look at beside records: data sets, splits, stored outputs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from recbench import plugins, tuned
from recbench.datasets.dataset import Dataset
from recbench.datasets.store import open_dataset
from recbench.errors import RecbenchError
from recbench.params import complete
from recbench.referee.case import Case, looked_at, seed_of
from recbench.results.record import Record
from recbench.results.store import Store
from recbench.runner.prepare import Prepared
from recbench.runner.rescore import Rescorer

TUNED = "tuned"  # how the names of presets begin that a search found


@dataclass(kw_only=True)
class Evidence:
    """The case, the store and the splits, rebuilt once.

    Attributes:
        case: The records.
        store: Their store.
        catalogue: What the plugins offer.
        rescorer: Rebuilds splits and measures stored outputs.
        absent: Why the data cannot be looked at; empty where they can.
        spoilt: Split seed to why its split could not be rebuilt as recorded.
        parts: Split seed to the rebuilt split.
    """

    case: Case
    store: Store
    catalogue: plugins.Catalogue
    rescorer: Rescorer
    absent: str = ""
    spoilt: dict[int, str] = field(default_factory=dict)
    parts: dict[int, Prepared] = field(default_factory=dict)
    dataset: Dataset | None = None

    def measured(self) -> list[Record]:
        """Return the ``ok`` records whose split could be rebuilt."""
        return [r for r in self.case.ok if seed_of(r) in self.parts]


def gather(
    case: Case,
    store: Store,
    catalogue: plugins.Catalogue,
    log: Callable[[str], None],
) -> Evidence:
    """Rebuild the splits of a case from its data set, as far as that is possible."""
    found = Evidence(
        case=case,
        store=store,
        catalogue=catalogue,
        rescorer=Rescorer(catalogue, store, log),
    )
    if not case.records:
        found.absent = "there is no record"
        return found
    name = str(case.records[0].dataset.get("name", ""))
    wanted = str(case.records[0].dataset.get("fingerprint", ""))
    if name not in catalogue.datasets:
        found.absent = f"the data set {name!r} is not known here"
        return found
    try:
        dataset = open_dataset(catalogue.datasets[name], log=log)
    except RecbenchError as error:
        found.absent = f"the data set {name} cannot be had: {error}"
        return found
    if dataset.fingerprint() != wanted:
        found.absent = f"the data set {name} here is another edition"
        return found
    found.dataset = dataset
    for record in case.records:
        seed = seed_of(record)
        if seed in found.parts or seed in found.spoilt:
            continue
        try:
            found.parts[seed] = found.rescorer.prepared(record)
        except RecbenchError as error:
            found.spoilt[seed] = str(error)
    return found


def shipped(
    catalogue: plugins.Catalogue, task: str
) -> dict[str, list[dict[str, object]]]:
    """Return the parameter sets that ship as tuned presets, by model.

    Other presets are somebody's configuration, not the result of a search.
    """
    found: dict[str, list[dict[str, object]]] = {}
    for name, spec in catalogue.models.items():
        presets = [p for p in spec.presets if p.startswith(TUNED)]
        if task in spec.tasks and presets:
            found[name] = [complete(spec, task, {"preset": p}) for p in presets]
    return found


def searched(
    store: Store, catalogue: plugins.Catalogue, record: Record
) -> dict[str, list[tuple[dict[str, object], dict[str, object]]]]:
    """Return the searches that looked at what a record is of, by model.

    They ship with models or lie beside the records. One that found nothing better than
    the defaults leaves no trace in records: parameters are what they are, and nobody
    chose the defaults because of it. Here it counts, or else a model would stand as
    untuned for having good defaults.

    Raises:
        PluginError: If the file beside the records is damaged.
    """
    found: dict[str, list[tuple[dict[str, object], dict[str, object]]]] = {}
    beside = tuned.found_beside(store.folder(record.suite))
    known = {**catalogue.models, **tuned.with_found(beside, catalogue.models)}
    for name, spec in known.items():
        for entry in spec.tuned:
            if entry.task == record.task and looked_at(entry.budget, record):
                params = complete(spec, entry.task, dict(entry.params))
                found.setdefault(name, []).append((params, dict(entry.budget)))
    return found
