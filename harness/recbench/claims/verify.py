"""Measuring claims one after another, and keeping what came of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from recbench import hardware, params, plugins
from recbench.claims import measuring, sampled
from recbench.claims.claim import Claim
from recbench.claims.ledger import Entry, Ledger, Outcome
from recbench.claims.measuring import Bench, Measured
from recbench.datasets.dataset import Dataset
from recbench.datasets.store import open_dataset
from recbench.errors import DataError, RecbenchError, UsageError, unknown_name
from recbench.plugins.sources import source_hash
from recbench.results import canonical


def digest(claim: Claim, catalogue: plugins.Catalogue) -> str:
    """Return the hash of what a claim measures: setting, model and its source."""
    name, _ = params.parse_model(claim.model)
    origin = catalogue.origin.get(("models", name))
    setting = asdict(claim.setting) if claim.setting else {}
    setting.pop("words", None)  # another wording measures the same
    return canonical.digest(
        {
            "dataset": claim.dataset,
            "setting": setting,
            "model": claim.model,
            "plugin": source_hash(origin) if origin else "",
            "dialect": claim.dialect,
        }
    )


def outcomes(
    claims: Sequence[Claim], ledger: Ledger, catalogue: plugins.Catalogue
) -> list[Outcome]:
    """Return what the ledger knows about claims."""
    found = []
    for claim in claims:
        entry = ledger.entries.get(claim.name)
        stale = entry is not None and entry.digest != digest(claim, catalogue)
        found.append(Outcome(claim=claim, entry=entry, stale=stale))
    return found


def verify(claims: Sequence[Claim], bench: Bench, ledger: Ledger) -> Iterator[Outcome]:
    """Measure claims one after another; each is kept as soon as it is known."""
    for claim in claims:
        bench.log(f"{claim.name}: {claim.model or 'counts'} on {claim.dataset}")
        entry = attempt(claim, bench)
        ledger.keep(claim.name, entry)
        yield Outcome(claim=claim, entry=entry)


def attempt(claim: Claim, bench: Bench) -> Entry:
    """Measure a claim; what goes wrong is part of the answer."""
    known: Mapping[str, Any] = {
        "digest": digest(claim, bench.catalogue),
        "machine": machine(),
    }
    if claim.dataset not in bench.catalogue.datasets:
        error = unknown_name("data set", claim.dataset, bench.catalogue.datasets)
        return Entry(trouble=str(error), **known)
    spec = bench.catalogue.datasets[claim.dataset]
    try:
        dataset = open_dataset(spec, log=bench.log)
    except DataError as error:
        return Entry(trouble=str(error), absent=True, **known)
    way: Callable[..., Measured] = measuring.run
    try:
        if claim.setting is None:
            counted = facts(dataset)
            values = {f.metric: counted[f.metric] for f in claim.figures}
            return Entry(values=values, **known)
        if claim.setting.candidates:
            way = sampled.run
        found = way(claim, claim.setting, bench)
    except RecbenchError as error:
        return Entry(trouble=f"{type(error).__name__}: {error}", **known)
    return Entry(
        values=dict(found.values),
        seconds=round(found.seconds, 1),
        trouble=found.trouble,
        **known,
    )


def facts(dataset: Dataset) -> dict[str, float]:
    """Return the counts of a data set that publishers print."""
    table = dataset.interactions
    return {
        "interactions": float(len(table)),
        "users": float(len(np.unique(table.users))),
        "items": float(len(np.unique(table.items))),
    }


def machine() -> str:
    """Return what the machine is, in a few words."""
    n = hardware.cores()
    cores = "1 core" if n == 1 else f"{n} cores"
    return f"{hardware.cpu_name() or 'unknown processor'}, {cores}"


def exit_code(found: Sequence[Outcome]) -> int:
    """Return the exit status: 5 for a claim that does not hold, 1 for one that failed.

    Raises:
        UsageError: If nothing was asked for.
    """
    if not found:
        msg = "no claim is chosen: name a plugin, data set or claim, or allow --slow"
        raise UsageError(msg)
    verdicts = {outcome.verdict() for outcome in found}
    if "not reproduced" in verdicts:
        return 5
    if "failed" in verdicts:
        return 1
    return 0 if "reproduced" in verdicts else 4
