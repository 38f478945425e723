"""Whole commands: what start-up costs, and ``run --all`` beside its models alone."""

import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recbench import plugins

PEERS = Path(__file__).parent / "peers"
ROUNDS, ROUNDS_OF_ALL = 7, 3
HELP = ["-m", "recbench", "--help"]
LIST = ["-m", "recbench", "list", "models"]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run(arguments: list[str], cwd: Path, threads: int | None = None) -> str:
    """Run Python as a user's shell would, without limits on threads."""
    free = {name: value for name, value in os.environ.items() if name not in THREADS}
    limits = {} if threads is None else dict.fromkeys(THREADS, str(threads))
    done = subprocess.run(
        [sys.executable, *arguments],
        env=free | limits,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def fastest(arguments: list[str], cwd: Path) -> float:
    """Return the seconds of the fastest of a few runs."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run(arguments, cwd)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


@pytest.mark.parametrize("command", [HELP, LIST], ids=["--help", "list models"])
@pytest.mark.benchmark(group="start-up")
def test_start_up_beside_a_bare_interpreter(benchmark, command, tmp_path) -> None:
    bare = fastest(["-c", "pass"], tmp_path)
    benchmark.pedantic(run, args=(command, tmp_path), rounds=ROUNDS, warmup_rounds=1)
    if benchmark.stats is not None:
        benchmark.extra_info.update(
            bare_seconds=bare, times_bare=benchmark.stats.stats.min / bare
        )


@pytest.mark.benchmark(group="run --all")
@pytest.mark.timeout(1800)
def test_run_all_beside_its_models_alone(benchmark, tmp_path) -> None:
    if "RECBENCH_BENCH_RUN_ALL" not in os.environ:
        pytest.skip("takes minutes: set RECBENCH_BENCH_RUN_ALL=1")
    out = tmp_path / "out"
    asked = ["-m", "recbench", "run", "--all", "--out", str(out)]

    run(["-m", "recbench", "data", "fetch", "ml-100k"], tmp_path)
    figures: dict[tuple[str, str], dict[str, float]] = {}
    seconds: dict[str, list[float]] = {"alone": [], "command": []}

    def others() -> None:
        """Time the models alone, between two runs of all: a machine has moods."""
        shutil.rmtree(out, ignore_errors=True)
        start = time.perf_counter()
        figures.update({c: json.loads(run(alone(*c), tmp_path)) for c in cells()})
        seconds["alone"].append(time.perf_counter() - start)

    benchmark.pedantic(run, args=(asked, tmp_path), setup=others, rounds=ROUNDS_OF_ALL)
    start = time.perf_counter()
    for cell in figures:
        run(command(*cell, tmp_path / "one by one"), tmp_path)
    seconds["command"].append(time.perf_counter() - start)
    means = {way: sum(spent) / len(spent) for way, spent in seconds.items()}
    benchmark.extra_info.update(
        cells=len(figures),
        mean_seconds=benchmark.stats.stats.mean,
        **{f"{way}_seconds": mean for way, mean in means.items()},
        **{f"times_{w}": m / benchmark.stats.stats.mean for w, m in means.items()},
        two_at_once=two_at_once(alone("mult-vae", "top-n"), tmp_path),
    )
    for task, primary in (("rating", "rmse"), ("top-n", "ndcg@10")):
        rows = json.loads((out / f"ml-100k/{task}/board.json").read_text())["rows"]
        assert {(r["model"], task) for r in rows} == {
            c for c in figures if c[1] == task
        }
        for row in rows:
            mean = row["metrics"][primary]["mean"]
            assert figures[row["model"], task][primary] == pytest.approx(mean, abs=0.02)


def two_at_once(arguments: list[str], cwd: Path) -> float:
    """Return how much more two processes of a thread do together than one alone.

    Two, where each core has a cache, a clock and a path to memory of its own: what
    this machine gives bounds what running two cells at once can gain.
    """

    def seconds(copies: int) -> float:
        start = time.perf_counter()
        with ThreadPoolExecutor(copies) as pool:
            list(pool.map(lambda _: run(arguments, cwd, threads=1), range(copies)))
        return time.perf_counter() - start

    return 2 * min(seconds(1) for _ in range(3)) / min(seconds(2) for _ in range(3))


def cells() -> list[tuple[str, str]]:
    """Return the model and task of every cell of ``run --all``."""
    models = plugins.load().models
    return [(n, t) for t in ("rating", "top-n") for n in models if t in models[n].tasks]


def alone(model: str, task: str) -> list[str]:
    """Return the arguments that fit, rank and measure one model, and nothing else."""
    return [str(PEERS / "alone.py"), model, task]


def command(model: str, task: str, out: Path) -> list[str]:
    """Return the arguments that do for one model all that `run --all` does."""
    return ["-m", "recbench", "run", f"ml-100k/{task}", "-m", model, "--out", str(out)]
