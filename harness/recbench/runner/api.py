"""Running from Python and from the command line: the same few functions."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from recbench import plugins
from recbench.errors import UsageError
from recbench.runner.decide import Planned
from recbench.runner.engines.room import room
from recbench.runner.perform import Result, execute
from recbench.runner.plan import Request, Rerun
from recbench.runner.run import Listener, Run
from recbench.runner.supervise import Limits


def _silent(_name: str, _data: Mapping[str, Any]) -> None:
    """Listen to nothing."""


def _nothing(_line: str) -> None:
    """Log nothing."""


def catalogue_for(
    extra: Sequence[str],
    dataset: str | None,
    log: Callable[[str], None],
    *,
    strict: bool,
) -> tuple[plugins.Catalogue, str | None]:
    """Load the plugins, and a data set that is named by a file.

    Returns:
        The catalogue, and the name of the data set.

    Raises:
        PluginError: With ``strict``, if any plugin has a problem.
        DataError: If the file cannot be read.
    """
    catalogue = plugins.load(extra)
    if strict:
        catalogue.require_no_problem()
    for problem in catalogue.problems:
        log(f"left out: {problem}")
    named = {p.value for text in extra for p in plugins.named_plugins(text)}
    broken = [p for p in catalogue.problems if p.plugin.value in named]
    if broken and not any(p.value in named for p in catalogue.plugins):
        catalogue.require_no_problem()
    if dataset is None or dataset in catalogue.datasets:
        return catalogue, dataset
    path = Path(dataset).expanduser()
    if path.exists() or path.suffix or "/" in dataset:
        from recbench.datasets.files import spec_for_file

        spec = spec_for_file(path)
        catalogue.datasets[spec.name] = spec
        return catalogue, spec.name
    return catalogue, dataset


def _request(
    *,
    suites: Sequence[str],
    everything: bool,
    models: Sequence[str],
    dataset: str | None,
    seeds: Sequence[int],
    device: str,
    threads: int,
    rerun: Rerun | None,
    quick: bool,
    out: Path,
) -> Request:
    """Return a request after checking that it asks for something.

    Raises:
        UsageError: If nothing is chosen, or ``everything`` and suites both are.
    """
    if not (suites or models or dataset or everything):
        msg = "say what to run: --all, a suite, -m MODEL or -d DATASET"
        raise UsageError(msg)
    if everything and (suites or models):
        msg = "--all means every model in every default suite: leave out the others"
        raise UsageError(msg)
    if not seeds:
        msg = "give at least one seed"
        raise UsageError(msg)
    return Request(
        suites=tuple(suites),
        models=tuple(models),
        dataset=dataset,
        seeds=tuple(seeds),
        device=device,
        threads=threads,
        rerun=rerun,
        quick=quick,
        out=Path(out),
    )


def run_request(  # one keyword for each option of the command
    *,
    suites: Sequence[str] = (),
    everything: bool = False,
    models: Sequence[str] = (),
    dataset: str | None = None,
    seeds: Sequence[int] = (0,),
    device: str = "auto",
    threads: int = 1,
    rerun: Rerun | None = None,
    quick: bool = False,
    plugins: Sequence[str] = (),
    out: Path = Path("leaderboards"),
    jobs: int | None = None,
    timeout: float | None = 1800.0,
    memory: int | None = None,
    idle: float | None = None,
    engine: str = "local",
    ray_address: str = "auto",
    strict: bool = False,
    log: Callable[[str], None] = _nothing,
    listener: Listener = _silent,
) -> Result:
    """Run what is asked; see :func:`recbench.run` for the arguments."""
    catalogue, dataset = catalogue_for(plugins, dataset, log, strict=strict)
    request = _request(
        suites=suites,
        everything=everything,
        models=models,
        dataset=dataset,
        seeds=seeds,
        device=device,
        threads=threads,
        rerun=rerun,
        quick=quick,
        out=out,
    )
    with room(engine, ray_address, threads) as found:
        return execute(
            Run(
                catalogue=catalogue,
                request=dataclasses.replace(request, kinds=found.kinds),
                limits=Limits(timeout=timeout, memory=memory, idle=idle),
                jobs=jobs or found.jobs,
                log=log,
                listener=listener,
                extra=tuple(plugins),
                engine=engine,
                ray_address=ray_address,
            )
        )


def plan_request(
    *,
    plugins: Sequence[str] = (),
    fetch: bool = True,
    dataset: str | None = None,
    log: Callable[[str], None] = _nothing,
    **chosen: Any,  # noqa: ANN401 - the options of a run
) -> list[Planned]:
    """Return the cells a run would have.

    Args:
        plugins: Plugins to load besides the installed ones.
        fetch: Whether data sets may be fetched; without, only cached ones are known
            and the cells of others are planned as new.
        dataset: Data set by name or file.
        log: Takes lines for the person who waits.
        chosen: The other options of a run; those that do not matter are ignored.
    """
    catalogue, dataset = catalogue_for(plugins, dataset, log, strict=False)
    fields = [
        "suites",
        "everything",
        "models",
        "seeds",
        "device",
        "threads",
        "rerun",
        "quick",
        "out",
    ]
    request = _request(dataset=dataset, **{f: chosen[f] for f in fields})
    run = Run(
        catalogue=catalogue,
        request=request,
        limits=Limits(),
        jobs=1,
        log=log,
        listener=_silent,
    )
    if fetch and dataset is not None:
        run.load([dataset])
    found = run.suites()
    if fetch:
        run.load(suite.dataset for suite in found)
    else:
        from recbench.datasets.store import verify_cached

        for suite in found:
            if suite.dataset in catalogue.datasets:
                verdict = verify_cached(catalogue.datasets[suite.dataset])
                known = verdict.detail if verdict.state == "ok" else ""
                run.fingerprints[suite.dataset] = known
    return run.planned(found)
