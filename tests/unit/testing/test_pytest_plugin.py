"""The pytest plugin: light, harmless where unused, useful where asked for."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HEAVY = ("numpy", "torch", "pandas", "scipy", "matplotlib", "surprise", "sklearn")
SPEED = """
    import pytest

    @pytest.mark.parametrize("task", ["rating", "top-n"])
    def test_speed(benchmark, recbench_fit, recbench_score, recbench_split, task):
        name = {"rating": "bias", "top-n": "most-popular"}[task]
        model = benchmark.pedantic(recbench_fit, args=(name, task), rounds=1)
        prepared = recbench_split(task)
        assert len(recbench_score(model, task)) == len(prepared.view.ask_users)
        assert len(prepared.view.train) > len(prepared.test)

    def test_names(recbench_dataset, recbench_catalogue):
        assert recbench_dataset.name == "sample"
        assert "bias" in recbench_catalogue.models
"""


def pytest_in(folder: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    # beside a worker of pytest-xdist, pytest-benchmark would not measure
    alone = {n: v for n, v in os.environ.items() if not n.startswith("PYTEST_XDIST")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=alone,
    )


def test_importing_the_plugin_imports_nothing_heavy() -> None:
    code = (
        "import sys, recbench.testing.pytest_plugin, recbench.testing;"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RECBENCH_OFFLINE", "1")
    monkeypatch.delenv("RECBENCH_DATA", raising=False)
    (tmp_path / "test_speed.py").write_text(textwrap.dedent(SPEED), encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return tmp_path


def test_a_stranger_times_models_and_finds_hardware_in_the_file(project) -> None:
    done = pytest_in(
        project, "--recbench-dataset", "sample", "--benchmark-json", "out.json"
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
    written = json.loads((project / "out.json").read_text())
    assert {"cpu", "cores", "gpus"} <= set(written["machine_info"]["recbench"])
    assert written["recbench"]["dataset"] == "sample"
    assert written["recbench"]["threads"] == 1
    assert "numpy" in written["recbench"]["versions"]


def test_the_data_set_can_stand_in_the_ini_file(project) -> None:
    (project / "pytest.ini").write_text("[pytest]\nrecbench_dataset = sample\n")

    assert "3 passed" in pytest_in(project).stdout


def test_a_data_set_that_cannot_be_had_is_skipped_with_the_reason(project) -> None:
    done = pytest_in(project, "-rs", "--recbench-dataset", "ml-1m")

    assert done.returncode == 0, done.stdout
    assert "3 skipped" in done.stdout
    assert "no data set ml-1m" in done.stdout
    assert "--recbench-dataset sample" in done.stdout.replace("\n", " ")


def test_without_pytest_benchmark_the_hooks_are_left_alone(project) -> None:
    (project / "test_speed.py").write_text("def test_nothing():\n    pass\n")

    done = pytest_in(project, "-p", "no:benchmark")

    assert done.returncode == 0, done.stdout + done.stderr
