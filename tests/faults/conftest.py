"""A tiny data set, and the real runner with a fork server that is started once.

``RECBENCH_TEST_ENGINE=ray`` runs the same tests on the other engine.
"""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recbench.runner import attempts, loop, run, supervise

sys.path.insert(0, str(Path(__file__).parent))  # for the modules beside this file

from fault_bench import Bench, WarmEngine


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("RECBENCH_OFFLINE", "1")
        patch.delenv("RECBENCH_DATA", raising=False)
        yield


@pytest.fixture(scope="session")
def tiny_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty users, thirty items in the order of their popularity, some structure."""
    rng = np.random.default_rng(7)
    popular = 1 / np.arange(1, 31)
    popular /= popular.sum()
    path = tmp_path_factory.mktemp("data") / "tiny.csv"
    rows = ["user,item,rating"]
    for user in range(40):
        for item in sorted(rng.choice(30, size=12, replace=False, p=popular)):
            liked = 4.2 if (user + item) % 2 else 2.8
            rating = int(np.clip(round(liked + rng.normal()), 1, 5))
            rows.append(f"u{user},i{item},{rating}")
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="session")
def _warm_engine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        real = loop.make_engine

        def make(name: str, jobs: int, address: str) -> Any:
            return WarmEngine(jobs) if name == "local" else real(name, jobs, address)

        patch.setattr(loop, "make_engine", make)
        patch.setattr(supervise, "GRACE_SECONDS", 0.5)
        patch.setattr(attempts, "PAUSES", (0.05, 0.1))
        patch.setattr(run, "PAUSES", (0.05, 0.1))
        yield
        for launcher in WarmEngine.warm.values():
            launcher.close()
        WarmEngine.warm.clear()


@pytest.fixture(scope="session")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder into which models may write; the fork server hands on where."""
    folder = tmp_path_factory.mktemp("dump")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECBENCH_TEST_DUMP", str(folder))
        yield folder


@pytest.fixture(scope="session")
def bench(tiny_csv: Path, dump: Path, _warm_engine: None) -> Bench:
    """The real runner."""
    return Bench(tiny_csv, dump)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = {t for t in threading.enumerate() if t.name.startswith("cell")}
    yield
    after = {t for t in threading.enumerate() if t.name.startswith("cell")}
    assert after <= before
