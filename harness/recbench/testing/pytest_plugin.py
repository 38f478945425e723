"""pytest fixtures for authors of plugins, and hardware in the benchmark file.

pytest imports this file in every environment that has recbench, so it imports
nothing but pytest until a fixture is used.
"""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from recbench.datasets.dataset import Dataset
    from recbench.plugins import Catalogue
    from recbench.runner.prepare import Prepared
    from recbench.testing.benching import Bench

REFERENCE_ROUNDS = 10
OPTION, INI = "--recbench-dataset", "recbench_dataset"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the choice of the data set."""
    what = "Data set of the recbench fixtures (default: ml-100k; sample needs no file)."
    parser.getgroup("recbench").addoption(OPTION, metavar="NAME", help=what)
    parser.addini(INI, what, default="ml-100k")


@pytest.fixture(scope="session")
def recbench_bench(pytestconfig: pytest.Config) -> "Bench":
    """Return the data set with its splits, to fit, score and measure models on.

    Skips, with the reason, where the data set cannot be had.
    """
    from recbench.errors import DataError
    from recbench.testing.benching import open_bench

    name = pytestconfig.getoption(OPTION) or pytestconfig.getini(INI)
    try:
        return open_bench(name)
    except DataError as error:
        pytest.skip(f"no data set {name}: {error}; try {OPTION} sample")


@pytest.fixture(scope="session")
def recbench_catalogue(recbench_bench: "Bench") -> "Catalogue":
    """Return what the installed plugins offer."""
    return recbench_bench.catalogue


@pytest.fixture(scope="session")
def recbench_dataset(recbench_bench: "Bench") -> "Dataset":
    """Return the data set that ``--recbench-dataset`` names, ml-100k by default."""
    return recbench_bench.dataset


@pytest.fixture(scope="session")
def recbench_split(recbench_bench: "Bench") -> "Callable[..., Prepared]":
    """Return ``split(task, seed=0)``, with ``.view.train`` and ``.test``."""
    return recbench_bench.split


@pytest.fixture(scope="session")
def recbench_fit(recbench_bench: "Bench") -> "Callable[..., Any]":
    """Return ``fit(model, task, params=None, seed=0)``, which fits on one thread."""
    recbench_bench.split_all()  # so that the first fit timed is no slower
    return recbench_bench.fit


@pytest.fixture(scope="session")
def recbench_score(recbench_bench: "Bench") -> "Callable[..., Any]":
    """Return ``score(model, task)``: verified predictions, or verified lists."""
    return recbench_bench.score


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Put the hardware into the file that pytest-benchmark writes."""
    from recbench import hardware

    machine_info["recbench"] = hardware.machine()


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(
    config: pytest.Config, output_json: dict[str, Any]
) -> None:
    """Put the versions, the threads, the data set and a reference into that file.

    The reference is a fixed calculation timed at the end of the run, by which
    ``recbench compare`` sets two files side by side.
    """
    from recbench import hardware
    from recbench.bench import reference
    from recbench.testing.threads import one_thread

    calm = reference.Reference()
    with one_thread():
        beside = min(calm.seconds() for _ in range(REFERENCE_ROUNDS))

    output_json["recbench"] = {
        "versions": hardware.versions(),
        "threads": 1,
        "devices": ["cpu", *hardware.accelerators()[0]],
        "dataset": config.getoption(OPTION) or config.getini(INI),
        "reference_version": reference.VERSION,
        "reference_seconds": beside,
    }
