"""Timing, and the two commands, on the simulated data set."""

import json

import pytest
from click.testing import CliRunner

from recbench.bench import run as running
from recbench.bench.reference import Reference
from recbench.bench.results import read
from recbench.cli.bench import command as bench
from recbench.cli.compare import command as compare
from recbench.errors import NothingRanError, RegressionError, UsageError


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path / "cache"))


def test_the_reference_calculates_the_same_every_time() -> None:
    assert Reference().once() == Reference().once()
    assert Reference().seconds() > 0


def test_groups_and_patterns_choose_what_is_timed() -> None:
    told = []
    found = running.run(
        ["split", "fit:most-*"], models=["most-popular", "bias"], tell=told.append
    )
    names = [timing.name for timing in found.timings]

    assert "fit:most-popular:top-n" in names
    assert "split:rating" in names
    assert {name.split(":")[0] for name in names} == {"split", "fit"}
    assert not any("bias" in name for name in names)
    assert told == list(found.timings)
    for timing in found.timings:
        assert len(timing.seconds) == len(timing.reference) == len(timing.clock) >= 5
    assert found.machine["cores"] >= 1
    assert found.versions["numpy"]


def test_what_is_quick_is_repeated_and_what_is_slow_is_not() -> None:
    assert running._again([], 5)
    assert running._again([0.5], 5)
    assert not running._again([3.1], 5)
    assert not running._again([0.1] * 5, 5)
    assert running._again([1e-4] * 5, 5)
    assert not running._again([1e-6] * 50, 5)


def test_an_unknown_model_and_an_empty_choice_are_refused() -> None:
    with pytest.raises(UsageError, match="unknown model"):
        running.run(models=["most-populer"])
    with pytest.raises(NothingRanError, match="named fat"):
        running.run(["fat"], models=["bias"])


def test_bench_writes_what_compare_reads(tmp_path) -> None:
    file = tmp_path / "b.json"
    made = CliRunner().invoke(
        bench, ["score", "fit", "-m", "bias", "--rounds", "1", "-o", str(file)]
    )
    assert made.exit_code == 0, made.output
    assert made.stdout == f"{file}\n"

    same = CliRunner().invoke(compare, [str(file), str(file), "--fail-on", "fit>1.01"])
    assert same.exit_code == 0, same.output
    assert "fit:bias:rating" in same.stdout

    slower = json.loads(file.read_text())
    for entry in slower["timings"]:
        entry["seconds"] = [2 * s for s in entry["seconds"]]
    other = tmp_path / "slower.json"
    other.write_text(json.dumps(slower))
    failed = CliRunner().invoke(
        compare, [str(file), str(other), "--fail-on", "fit>1.2"]
    )
    assert isinstance(failed.exception, RegressionError)
    assert failed.exception.exit_code == 5
    assert "SLOWER" in failed.stdout
    assert read(other).timings[0].ratio == pytest.approx(
        2 * read(file).timings[0].ratio
    )


def test_fail_on_is_for_files_of_benchmarks() -> None:
    failed = CliRunner().invoke(compare, ["ease", "svd", "--fail-on", "fit>1.2"])

    assert isinstance(failed.exception, UsageError)
    assert "two files of benchmarks" in str(failed.exception)
