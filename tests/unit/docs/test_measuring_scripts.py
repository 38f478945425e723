"""The scripts behind the measured pages run, and say what they are for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

DOCS = Path(__file__).parents[3] / "docs"


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DOCS / script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_the_script_says_so() -> None:
    done = run("measure_gpu.py")

    assert done.returncode == 4, done.stderr
    assert "There is no GPU here" in done.stdout


@pytest.mark.slow
def test_the_table_of_ratios_is_made_of_any_device() -> None:
    done = run(
        "measure_gpu.py", "--against", "cpu", "--interactions", "3000", "--epochs", "1"
    )

    assert done.returncode == 0, done.stderr
    assert "| mult-vae | cpu | bfloat16 |" in done.stdout


def test_the_generator_writes_what_is_asked_and_no_pair_twice(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    import large
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    monkeypatch.setattr(large, "BLOCK", 5000)
    large.write(20_000, tmp_path / "a.parquet", tmp_path / "a.csv")
    table = pq.read_table(tmp_path / "a.parquet").to_pandas()

    assert len(table) == 20_000
    assert not table.duplicated(["user", "item"]).any()
    assert set(table["rating"]) <= {r / 2 for r in range(1, 11)}
    assert table["user"].nunique() == table["user"].max() + 1
    text = pacsv.read_csv(tmp_path / "a.csv").to_pandas()
    assert text["item"].tolist() == table["item"].tolist()


@pytest.mark.slow
def test_the_steps_of_scale_leave_figures_and_a_table(tmp_path) -> None:
    work = ["--work", str(tmp_path)]
    steps = "make,parquet,csv,split,most-popular"
    done = run("measure_scale.py", *work, "--sizes", "5e4,1e5", "--steps", steps)
    assert done.returncode == 0, done.stderr
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(f["step"], f["n"]) for f in figures] == [
        (step, n) for n in (50_000, 100_000) for step in steps.split(",")
    ]
    assert all(f["MiB"] > 0 for f in figures)

    shown = run("measure_scale.py", *work, "--table").stdout

    assert "| step | figure | 0.05 M | 0.1 M | exponent |" in shown
    assert "| split | peak, MiB |" in shown
