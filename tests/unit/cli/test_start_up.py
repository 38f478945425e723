"""Starting is quick because little is imported: counted in modules, not in seconds."""

import json
import os
import subprocess
import sys

import pytest

HEAVY = {
    "torch", "numpy", "pandas", "scipy", "sklearn", "surprise", "matplotlib",
    "pyarrow", "numba", "ray", "optuna", "tabulate", "rich", "msgspec", "faiss",
}  # fmt: skip
COUNT = """
import json, sys
before = set(sys.modules)
from recbench.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""
PLUGIN = """
from dataclasses import dataclass

from recbench import ModelSpec, hookimpl, param


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    factors: int = param(32, low=1)


@hookimpl
def recbench_models():
    yield ModelSpec(
        name="{name}", summary="made up", tasks=("top-n",), params=Params,
        factory="{name}.model:Model",
    )
"""


def imported(*arguments: str) -> list[str]:
    """Return what a fresh process imports for a command, beyond a bare interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    names: list[str] = json.loads(done.stderr.splitlines()[-1])
    return names


def ours(names: list[str]) -> list[str]:
    return [name for name in names if name.split(".")[0] == "recbench"]


@pytest.mark.parametrize(
    ("arguments", "most", "own"),
    [
        pytest.param(["--help"], 80, 4, id="help"),
        pytest.param(["run", "--help"], 90, 6, id="help of run"),
        pytest.param(["list", "models"], 200, 26, id="list of models"),
    ],
)
def test_a_command_that_computes_nothing_imports_little(arguments, most, own) -> None:
    names = imported(*arguments)

    assert {name.split(".")[0] for name in names} & HEAVY == set()
    assert len(ours(names)) <= own, ours(names)
    assert len(names) <= most, names


def test_thirty_plugins_cost_thirty_modules(tmp_path) -> None:
    options = []
    for number in range(30):
        path = tmp_path / f"made_up_{number}.py"
        path.write_text(PLUGIN.format(name=f"made-up-{number}"))
        options += ["-p", str(path)]

    alone, together = imported("list", "models"), imported("list", "models", *options)

    assert len(together) == len(alone) + 30
    assert {name.split(".")[0] for name in together} & HEAVY == set()


@pytest.mark.parametrize("wish", ["", "2"])
def test_a_run_leaves_the_cores_to_its_cells_unless_told_otherwise(
    tmp_path, wish
) -> None:
    code = f"""
import os, sys
from threadpoolctl import threadpool_info
from recbench.cli.main import main
sys.argv = ["recbench", "run", "sample", "-m", "most-popular", "--out", "out"]
try:
    main()
except SystemExit as end:
    threads = [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]
    print(end.code, os.environ["OPENBLAS_NUM_THREADS"], max(threads) <= {wish or 1})
"""
    env = {name: v for name, v in os.environ.items() if not name.endswith("_THREADS")}
    env |= {"RECBENCH_CACHE": str(tmp_path / "cache"), "RECBENCH_OFFLINE": "1"}
    env |= {"OPENBLAS_NUM_THREADS": wish} if wish else {}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == ["0", wish or "1", "True"]
