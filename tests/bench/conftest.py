"""Timings, skipped by default: ``pytest tests/bench --benchmark-only``.

Nothing here asserts seconds; what is timed is compared with a reference of the same
run, as a ratio in ``extra_info``.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def data_at_hand(tmp_path_factory) -> None:
    """Read the original files where they are, and keep the cache of the user clean."""
    shared = Path(os.environ.get("RECBENCH_SHARED_DATA", ROOT.parent / "shared/data"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        if shared.is_dir():
            patch.setenv("RECBENCH_DATA", str(shared))
        yield


@pytest.fixture(scope="session")
def fitted_models() -> dict[tuple[str, str], object]:
    """Return models that were fitted while being timed, for timing their scoring."""
    return {}


class Timed:
    """One model in one task, and what is noted about it."""

    def __init__(self, benchmark, bench, fitted) -> None:
        self.benchmark, self.bench, self.fitted = benchmark, bench, fitted

    def note(self, **values: object) -> None:
        facts = {"dataset": self.bench.dataset.name, "threads": 1}
        self.benchmark.extra_info.update(**facts, **values)


@pytest.fixture
def timed(benchmark, recbench_bench, fitted_models) -> Timed:
    """Return the benchmark together with the data and the models fitted so far."""
    return Timed(benchmark, recbench_bench, fitted_models)


@pytest.fixture
def compare(benchmark):
    """Return ``compare(name, reference)``: the ratio to something timed alongside."""

    def note(name: str, reference: Callable[[], object], rounds: int = 3) -> None:
        if benchmark.stats is None:  # --benchmark-disable
            return
        reference()  # warm: compiled and in cache, like what it is compared with
        seconds = []
        for _ in range(rounds):
            start = time.perf_counter()
            reference()
            seconds.append(time.perf_counter() - start)
        benchmark.extra_info[f"{name}_seconds"] = min(seconds)
        benchmark.extra_info[f"times_{name}"] = benchmark.stats.stats.min / min(seconds)

    return note
