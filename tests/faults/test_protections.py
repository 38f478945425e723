"""Protections taken away one at a time: what they hold off does happen then."""

import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fault_bench import FAULTY, NEIGHBOUR

from recbench.evaluation import scoring
from recbench.results.store import Store
from recbench.runner import attempts, channel, collect

HERE = Path(__file__).parent


def test_a_forged_result_would_count_without_its_token(
    bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda size: "0" * 2 * size)
    [record] = bench.run(["forges-a-result"], tmp_path).records

    assert record.status == "invalid"  # its lists are looked at, so it was believed
    assert record.phase == "check"


def test_without_a_hard_exit_a_model_blocks_its_end(bench, tmp_path: Path) -> None:
    code = """
import atexit
real = f.os._exit
f.os._exit = lambda code: (atexit._run_exitfuncs(), real(code))
"""
    models = ["blocks-at-exit"]
    [record] = bench.twin(models, tmp_path, code, timeout=1.0).records

    assert record.status == "timeout"


def test_without_the_check_of_the_parent_a_patched_harness_wins(
    bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "verify_lists", lambda *_: None)
    [record] = bench.run(["patches-recbench"], tmp_path).records

    assert record.status != "invalid"


def test_a_metric_that_raises_costs_no_other_cell(
    bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = collect.score, []

    def score(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            msg = "my metric divides by zero"
            raise ZeroDivisionError(msg)
        return real(*args)

    monkeypatch.setattr(collect, "score", score)
    records = bench.run(["neighbour", "constant-scores"], tmp_path, jobs=1).records

    assert sorted(r.status for r in records) == ["interrupted", "ok"]
    [record] = [r for r in records if r.status == "interrupted"]
    assert record.message == (
        "not the model's fault: measuring failed: "
        "ZeroDivisionError: my metric divides by zero"
    )


def test_a_log_is_cut_before_it_fills_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "LOG_LIMIT", 1000)
    (tmp_path / "request.json").write_text("{}")
    with (
        channel.Channel(tmp_path, None) as parent,
        parent.log_path.open("ab", 0) as log,
    ):
        for number in range(100):
            log.write(b"%03d" % number + b"x" * 96 + b"\n")
            assert parent.grown()
            assert parent.log_path.stat().st_size <= 1000 + 100
        text = parent.tail()

    assert text.splitlines()[-1].startswith("099")
    assert len(text.splitlines()) > 10  # also of what was cut away


def test_a_bell_that_never_stops_does_not_keep_the_parent_busy(tmp_path: Path) -> None:
    import time

    (tmp_path / "request.json").write_text("{}")
    with channel.Channel(tmp_path, None) as parent:
        started, rounds = time.monotonic(), 0
        while time.monotonic() - started < 0.3:
            parent.ring()
            parent.wait(0.1)
            rounds += 1

    assert rounds < 300


def test_a_bell_that_is_rung_when_all_is_over_writes_nowhere(tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text("{}")
    with channel.Channel(tmp_path, None) as parent:
        number = parent.bell
    with (tmp_path / "other").open("wb") as other:
        assert other.fileno() <= number
        parent.ring()

    assert (tmp_path / "other").read_bytes() == b""


@pytest.mark.slow
def test_a_model_that_kills_the_server_costs_its_neighbours_nothing(
    bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it does so again and again, they too may need another run."""
    monkeypatch.setattr(attempts, "PAUSES", (0.05, 2.0))
    models = ["kills-the-server", "neighbour[pause=0.1]"]
    bench.run(models, tmp_path)
    result = bench.run(["neighbour[pause=0.1]"], tmp_path)
    found = {r.label: r for r in Store(tmp_path).records("tiny/top-n")}

    assert found["kills-the-server"].status == "interrupted"
    assert (
        "the process that starts cells has ended" in found["kills-the-server"].message
    )
    assert [r.status for r in result.records] == ["ok"]


@pytest.mark.slow
def test_a_model_that_kills_the_run_is_out_of_scope_but_the_rest_resumes(
    tiny_csv: Path, tmp_path: Path, bench
) -> None:
    """Models have the user's rights: this is said in the documentation."""
    models = ["neighbour", "kills-the-run", "constant-scores"]
    bench.run(["neighbour"], tmp_path)
    options = {
        "models": models,
        "dataset": str(tiny_csv),
        "suites": ["tiny/top-n"],
        "plugins": [FAULTY, NEIGHBOUR],
        "out": str(tmp_path),
        "jobs": 1,
    }
    script = [sys.executable, str(HERE / "one_run.py"), json.dumps(options)]
    first = subprocess.run(script, stdout=subprocess.DEVNULL, check=False)
    held = {r.label for r in Store(tmp_path).records("tiny/top-n")}
    result = bench.run(["neighbour", "constant-scores"], tmp_path)

    assert first.returncode == -9
    assert held == {"neighbour"}
    assert {r.status for r in result.records} == {"ok"}
    assert result.ran == 1
