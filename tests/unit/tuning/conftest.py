"""A world small enough to tune in, with models whose best parameters are known."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recbench.runner import loop
from recbench.runner.engines import Kind
from recbench.runner.engines.local import LocalEngine
from recbench.runner.launch import Launcher
from recbench.tuning.trial import Trial, Trials
from recbench.tuning.tune import Tuning
from recbench.tuning.tune import tune as search

sys.path.insert(0, str(Path(__file__).parent))  # for the modules beside this file

from tuning_world import WORLD


class WarmEngine(LocalEngine):
    """A local engine that leaves its fork servers to the next search."""

    warm: dict[Kind, Launcher] = {}  # noqa: RUF012 - shared on purpose

    def __init__(self, jobs: int) -> None:
        super().__init__(jobs)
        self.launchers = self.warm

    def close(self) -> None:
        self.halted.set()
        self.pool.shutdown(wait=True, cancel_futures=True)


@pytest.fixture(scope="session", autouse=True)
def _warm_engine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "LocalEngine", WarmEngine)
        yield
    for launcher in WarmEngine.warm.values():
        launcher.close()
    WarmEngine.warm.clear()


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def tune(tmp_path: Path) -> Callable[..., Tuning]:
    """Return a function that tunes in a folder of its own, quietly."""

    def call(*suites: str, **chosen: Any) -> Tuning:
        given: dict[str, Any] = {
            "out": tmp_path,
            "plugins": [WORLD],
            "jobs": 1,
            "device": "cpu",
            **chosen,
        }
        return search(suites, **given)

    return call


@pytest.fixture
def stored() -> Callable[..., dict[str, list[Trial]]]:
    """Return a function that reads the trials of a suite by model, as stored."""

    def call(out: Path, suite: str) -> dict[str, list[Trial]]:
        return {t[0].label: t for t in Trials(out).studies(suite).values()}

    return call
