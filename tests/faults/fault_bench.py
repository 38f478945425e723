"""The real runner with a fork server that is started once, for all fault tests."""

import os
from pathlib import Path
from typing import Any

import pytest

from recbench.runner import loop
from recbench.runner.api import run_request
from recbench.runner.engines import Kind
from recbench.runner.engines.local import LocalEngine
from recbench.runner.launch import ForkServer, Launcher
from recbench.runner.perform import Result

PLUGINS = Path(__file__).parent / "plugins"
FAULTY, NEIGHBOUR = str(PLUGINS / "faulty_models"), str(PLUGINS / "neighbour.py")
ENGINE = os.environ.get("RECBENCH_TEST_ENGINE", "local")
RAY_ADDRESS = os.environ.get("RECBENCH_TEST_RAY_ADDRESS", "local")


class WarmEngine(LocalEngine):
    """A local engine that leaves its fork server to the next run."""

    warm: dict[Kind, Launcher] = {}  # noqa: RUF012 - shared on purpose

    def __init__(self, jobs: int) -> None:
        super().__init__(jobs)
        self.launchers = self.warm

    def close(self) -> None:
        self.halted.set()
        self.pool.shutdown(wait=True, cancel_futures=True)


class TwinServer(ForkServer):
    """A fork server some of whose protections are taken away, to see them missing."""

    def __init__(self, code: str) -> None:
        lines = [
            "import recbench.runner.forkserver as f",
            "import recbench.runner.processes as p",
            "from recbench.runner import child, view",
            "f.libraries.PRELOAD = ('numpy', 'recbench.runner.child')",
            "f.libraries.NETWORKS = ()",
            code,
            "f.main()",
        ]
        self.program = ("-c", "\n".join(lines))
        super().__init__(1)


class Bench:
    """Runs models on the tiny data set."""

    def __init__(self, csv: Path, dump: Path) -> None:
        self.csv, self.dump = csv, dump

    def twin(self, models: list[str], out: Path, code: str, **options: Any) -> Result:
        """Run models in a fork server that was changed by some code."""
        engine, twin = LocalEngine(2), TwinServer(code)
        engine.launchers = {(1, torch): twin for torch in (False, True)}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "make_engine", lambda *_: engine)
            return self.run(models, out, **options)

    def run(self, models: list[str], out: Path, **options: Any) -> Result:
        """Run models in the real runner, two cells at once."""
        given: dict[str, Any] = {
            "plugins": [FAULTY, NEIGHBOUR],
            "jobs": 2,
            "suites": ["tiny/top-n"],
            "engine": ENGINE,
            "ray_address": RAY_ADDRESS,
        }
        return run_request(
            models=models, dataset=str(self.csv), out=out, **given | options
        )
