"""Timing cases beside the reference calculation.

Seconds are those of the processor, on one thread: what other programs take away from
a long case, and not from the short reference, would make the ratio of both a lie. The
seconds on the clock are stored too, for whoever waits.
"""

import fnmatch
import gc
import time
from collections.abc import Callable, Iterator, Sequence

from recbench import hardware, plugins
from recbench.bench import reference
from recbench.bench.cases import Case, data_cases, model_cases, own_cases
from recbench.bench.results import Timing, Timings
from recbench.datasets.store import open_dataset
from recbench.errors import NothingRanError, unknown_name
from recbench.testing.benching import Bench
from recbench.testing.threads import one_thread

ENOUGH = 3.0  # seconds of one case, after which it is not repeated
LEAST, MOST = 0.1, 50  # what is quick is repeated until so many seconds, or so often


def run(
    only: Sequence[str] = (),
    *,
    dataset: str = "sample",
    models: Sequence[str] | None = None,
    rounds: int = 5,
    plugin_paths: Sequence[str] = (),
    tell: Callable[[Timing], None] = lambda _timing: None,
) -> Timings:
    """Time recbench and models on one thread.

    Args:
        only: Groups (``fit``) or patterns of names (``fit:ease:*``); none for all.
        dataset: Data set of the models.
        models: Their names; None for all installed ones.
        rounds: Rounds of each; fewer once a case took three seconds, more of what
            takes no time.
        plugin_paths: Plugins beside those installed.
        tell: Called after each case.

    Raises:
        UsageError: If a model or the data set is unknown.
        NothingRanError: If nothing is chosen by ``only``.
    """
    catalogue = plugins.load(plugin_paths)
    for name in models or ():
        if name not in catalogue.models:
            raise unknown_name("model", name, catalogue.models)
    chosen = list(catalogue.models) if models is None else list(models)
    if dataset not in catalogue.datasets:
        raise unknown_name("data set", dataset, catalogue.datasets)
    opened = open_dataset(catalogue.datasets[dataset])
    bench = Bench(catalogue=catalogue, dataset=opened)
    calm = reference.Reference()
    timings = []
    for case in _cases(bench, chosen):
        if not only or any(matches(case.name, pattern) for pattern in only):
            timings.append(_timed(case, calm, rounds))
            tell(timings[-1])
    if not timings:
        msg = f"nothing to time is named {', '.join(only)}: try fit, score or rank"
        raise NothingRanError(msg)
    return Timings(
        machine=hardware.machine(),
        versions=hardware.versions(),
        threads=1,
        dataset=dataset,
        reference_version=reference.VERSION,
        timings=tuple(timings),
    )


def matches(name: str, pattern: str) -> bool:
    """Return whether a pattern is the name, its group, or matches it (``fit:*``)."""
    return pattern == name.partition(":")[0] or fnmatch.fnmatchcase(name, pattern)


def _cases(bench: Bench, models: Sequence[str]) -> Iterator[Case]:
    yield from own_cases()
    yield from data_cases(bench)
    yield from model_cases(bench, models)


def _timed(case: Case, calm: reference.Reference, rounds: int) -> Timing:
    """Time a case, the reference after every round."""
    seconds: list[float] = []
    clock: list[float] = []
    beside: list[float] = []
    while _again(seconds, rounds):
        work = case.ready()
        gc.collect()
        with one_thread():  # every time: a library may have been loaded meanwhile
            start, spent = time.perf_counter(), time.process_time()
            work()
            seconds.append(time.process_time() - spent)
            clock.append(time.perf_counter() - start)
            beside.append(calm.seconds())
    return Timing(
        name=case.name,
        seconds=tuple(seconds),
        clock=tuple(clock),
        reference=tuple(beside),
    )


def _again(seconds: Sequence[float], rounds: int) -> bool:
    """Return whether another round is worth its time."""
    n, spent = len(seconds), sum(seconds)
    return n == 0 or (n < rounds and spent < ENOUGH) or (n < MOST and spent < LEAST)
