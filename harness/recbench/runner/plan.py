"""From a request to the cells that it means."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from recbench import hardware, params, plugins
from recbench.errors import UsageError, unknown_name
from recbench.plugins.sources import source_hash
from recbench.runner.cells import Cell
from recbench.specs import ModelSpec, SuiteSpec

Rerun = Literal["none", "failed", "stale", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a run is asked to do.

    Attributes:
        suites: Names of suites, data sets or tasks; empty for the default suites.
        models: Models with parameters, ``ncf[epochs=3]``; empty for all.
        dataset: Name of a data set, or None.
        seeds: Split seeds; the model seed is the same number.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        kinds: Kinds of device there are where cells run; None for this machine's.
        threads: Threads of each cell.
        rerun: Which finished cells to run again; None for those recorded elsewhere.
        quick: Whether to measure a small sample of users under a name of its own.
        out: Folder of the store and the pages.
    """

    suites: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    dataset: str | None = None
    seeds: tuple[int, ...] = (0,)
    device: str = "auto"
    kinds: tuple[str, ...] | None = None
    threads: int = 1
    rerun: Rerun | None = None
    quick: bool = False
    out: Path = Path("leaderboards")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A suite, a model and its completed parameters."""

    suite: SuiteSpec
    spec: ModelSpec
    params: dict[str, object] = field(default_factory=dict)
    label: str = ""


def quick(suite: SuiteSpec) -> SuiteSpec:
    """Return a suite's small sibling: fewer users, a name and protocol of its own."""
    import dataclasses

    filters = (*suite.protocol.filters, ("sample-users", {"n": 150}))
    return dataclasses.replace(
        suite,
        name=f"{suite.name}-quick",
        protocol=dataclasses.replace(suite.protocol, filters=filters),
        summary=f"{suite.summary}; 150 users only, a smoke test and no comparison",
    )


def select(
    catalogue: plugins.Catalogue, suites: Sequence[SuiteSpec], models: Sequence[str]
) -> list[Chosen]:
    """Return every pair of suite and model that fits, parameters completed.

    Raises:
        UsageError: For an unknown model or parameter, and where a named model fits
            none of the suites.
    """
    wanted = [params.parse_model(text) for text in models]
    if not models:
        wanted = [(s.name, {}) for s in catalogue.models.values() if s.default]
    chosen: dict[tuple[str, str], Chosen] = {}
    for name, given in wanted:
        if name not in catalogue.models:
            raise unknown_name("model", name, catalogue.models)
        spec = catalogue.models[name]
        fits = [s for s in suites if s.protocol.task in spec.tasks]
        if not fits and models:
            tasks = ", ".join(spec.tasks)
            names = ", ".join(s.name for s in suites)
            msg = f"model {name!r} is made for {tasks} and fits none of {names}"
            raise UsageError(msg)
        for suite in fits:
            task = suite.protocol.task
            values = params.complete(spec, task, given)
            label = params.label(spec, task, values)
            chosen[suite.name, label] = Chosen(
                suite=suite, spec=spec, params=values, label=label
            )
    return sorted(
        chosen.values(), key=lambda c: [s.name for s in suites].index(c.suite.name)
    )


def cells(
    catalogue: plugins.Catalogue,
    chosen: Sequence[Chosen],
    request: Request,
    fingerprints: dict[str, str],
) -> list[Cell]:
    """Return the cells of the chosen pairs, seed by seed.

    Args:
        catalogue: What the plugins offer.
        chosen: Suites and models.
        request: Seeds, device and threads.
        fingerprints: Of each data set.
    """
    hashes: dict[str, str] = {}
    found = []
    for seed in request.seeds:
        for pair in chosen:
            plugin = catalogue.origin["models", pair.spec.name]
            found_by = params.tuned(pair.spec, pair.suite.protocol.task, pair.params)
            if plugin.value not in hashes:
                hashes[plugin.value] = source_hash(plugin)
            found.append(
                Cell(
                    suite=pair.suite,
                    spec=pair.spec,
                    plugin=plugin,
                    plugin_hash=hashes[plugin.value],
                    params=pair.params,
                    label=pair.label,
                    split_seed=seed,
                    seed=seed,
                    fingerprint=fingerprints.get(pair.suite.dataset, ""),
                    device=hardware.choose_device(
                        request.device, pair.spec.devices, request.kinds
                    ),
                    threads=request.threads,
                    budget=found_by.budget if found_by else {},
                )
            )
    return found
