"""From claims to measured values, through the runner: one child for each cell."""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench import plugins
from recbench.claims.claim import Claim, Setting
from recbench.errors import UsageError
from recbench.evaluation.measure import figure
from recbench.results.record import Record
from recbench.results.store import Store
from recbench.runner.perform import execute
from recbench.runner.plan import Request, Rerun
from recbench.runner.rescore import Rescorer
from recbench.runner.run import Run
from recbench.runner.supervise import Limits
from recbench.runner.targets import relevant
from recbench.specs import SuiteSpec

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What measuring needs.

    Attributes:
        catalogue: What the plugins offer.
        records: Folder of the records; a cell with a record is not run again.
        jobs: Cells at once.
        timeout: Longest time of a cell in seconds.
        rerun: Which cells with a record to run again.
        log: Takes lines for the person who waits.
    """

    catalogue: plugins.Catalogue
    records: Path
    jobs: int = 1
    timeout: float | None = 3600.0
    rerun: Rerun = "none"
    log: Log = field(default=lambda _line: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came of measuring a claim.

    Attributes:
        values: Metric to value; the mean over folds and seeds.
        seconds: Time of all cells together.
        trouble: Why there are no values, empty where there are.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    trouble: str = ""


def suites(claim: Claim, setting: Setting) -> list[SuiteSpec]:
    """Return the suites of a claim, one for each combination of ``each``."""
    metrics = tuple(f.metric for f in claim.figures) if not claim.dialect else ()
    primary = _primary(setting)
    made = []
    for values in itertools.product(*setting.each.values()):
        varied = dict(zip(setting.each, values, strict=True))
        mark = "".join(f"-{name}-{value}" for name, value in varied.items())
        split_params = {**setting.protocol.split_params, **varied}
        protocol = dataclasses.replace(setting.protocol, split_params=split_params)
        made.append(
            SuiteSpec(
                name=f"{claim.dataset}/{setting.name}{mark}",
                dataset=claim.dataset,
                protocol=protocol,
                metrics=tuple(dict.fromkeys((primary, *metrics))),
                primary=primary,
                summary=setting.words,
            )
        )
    return made


def _primary(setting: Setting) -> str:
    """Return the metric that validation looks at: one for all claims of a setting."""
    if setting.protocol.task == "rating":
        return "rmse"
    return f"ndcg@{min(10, setting.protocol.k)}"


def run(claim: Claim, setting: Setting, bench: Bench) -> Measured:
    """Train and measure a claim's model, in children of its own.

    Raises:
        RecbenchError: If it cannot be planned.
    """
    wanted = suites(claim, setting)
    for suite in wanted:
        bench.catalogue.suites[suite.name] = suite
    request = Request(
        suites=tuple(suite.name for suite in wanted),
        models=(claim.model,),
        seeds=setting.seeds,
        device="cpu",
        rerun=bench.rerun,
        out=bench.records,
    )
    result = execute(
        Run(
            catalogue=bench.catalogue,
            request=request,
            limits=Limits(timeout=bench.timeout),
            jobs=bench.jobs,
            log=lambda _line: None,
            listener=lambda _name, _data: None,
        )
    )
    if result.interrupted:
        raise KeyboardInterrupt
    bad = [r for r in result.records if r.status != "ok"]
    if bad:
        return Measured(trouble=f"{bad[0].status}: {bad[0].message}")
    rescorer = Rescorer(bench.catalogue, Store(bench.records))
    found = [_values(claim, record, rescorer) for record in result.records]
    return Measured(
        values={m: float(np.mean([v[m] for v in found])) for m in found[0]},
        seconds=sum(r.seconds.get("total", 0.0) for r in result.records),
    )


def _values(claim: Claim, record: Record, rescorer: Rescorer) -> dict[str, float]:
    """Return the claim's metrics of one cell."""
    names = [f.metric for f in claim.figures]
    if claim.dialect:
        return in_dialect(claim.dialect, names, record, rescorer)
    stored = {n: f.value for n, f in record.metrics.items() if f.value is not None}
    if all(name in stored for name in names):
        return {name: stored[name] for name in names}
    values = rescorer.values(record, names)
    return {name: figure(value) for name, value in values.items()}


def in_dialect(
    dialect: str, names: Sequence[str], record: Record, rescorer: Rescorer
) -> dict[str, float]:
    """Return metrics of a record's lists as a library defines them."""
    from recbench.dialects.scores import score

    users, lists = rescorer.store.lists(record)
    part = rescorer.prepared(record)
    test = relevant(part.test, part.view.relevance)
    rows, ranks = np.nonzero(lists >= 0)
    listed = {"user": users[rows], "item": lists[rows, ranks], "rank": ranks + 1}
    truth: dict[str, NDArray[Any]] = {"user": test.users, "item": test.items}
    if test.ratings is not None:
        truth["rating"] = test.ratings
    found = score(listed, truth, dialect=dialect, metrics=names)
    values = {name: found.metrics[name].mean for name in names}
    lacking = [name for name, value in values.items() if value is None]
    if lacking:
        why = found.metrics[lacking[0]].definition
        msg = f"dialect {dialect} has no {lacking[0]} here: {why}"
        raise UsageError(msg)
    return {name: value for name, value in values.items() if value is not None}
