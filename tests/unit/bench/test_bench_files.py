"""Files of benchmarks: what is written is read, and nothing else is taken for one."""

import dataclasses
import json

import pytest

from recbench.bench import results
from recbench.bench.results import Timing, Timings
from recbench.errors import DataError


def timing(name="fit:ease:top-n", seconds=(3.0, 2.0), reference=(0.5, 0.4)) -> Timing:
    return Timing(name=name, seconds=seconds, clock=seconds, reference=reference)


def timings(*some: Timing) -> Timings:
    return Timings(
        machine={"id": "abc", "cpu": "a processor"},
        versions={"python": "3.12.0"},
        threads=1,
        dataset="sample",
        reference_version=1,
        timings=some,
    )


def test_a_ratio_is_the_fastest_round_over_the_fastest_reference() -> None:
    assert timing().ratio == pytest.approx(2.0 / 0.4)
    assert timing().group == "fit"


def test_what_is_written_is_read(tmp_path) -> None:
    written = timings(timing(), timing("rank:rows"))
    results.write(tmp_path / "made" / "b.json", written)

    assert results.read(tmp_path / "made" / "b.json") == written


def test_a_file_of_pytest_benchmark_is_read(tmp_path) -> None:
    body = {
        "machine_info": {"recbench": {"id": "abc"}},
        "benchmarks": [
            {"name": "test_fit[ease]", "group": "fit", "stats": {"min": 2.0}},
            {"name": "test_other", "group": None, "stats": {"min": 1.0}},
        ],
        "recbench": {
            "versions": {"python": "3.12.0"},
            "threads": 1,
            "dataset": "sample",
            "reference_version": 1,
            "reference_seconds": 0.5,
        },
    }
    path = tmp_path / "pytest.json"
    path.write_text(json.dumps(body))

    found = results.read(path)

    assert [t.name for t in found.timings] == ["fit:test_fit[ease]", "test:test_other"]
    assert [t.ratio for t in found.timings] == [4.0, 2.0]
    assert found.machine == {"id": "abc"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("no json", "does not hold benchmarks", id="no JSON"),
        pytest.param("[1]", "does not hold benchmarks", id="a list"),
        pytest.param('{"a": 1}', "make one with recbench bench", id="something else"),
        pytest.param('{"kind": "recbench-bench", "schema": 9}', "schema 9", id="newer"),
        pytest.param(
            '{"benchmarks": [], "machine_info": {}}',
            "KeyError: 'recbench'",
            id="timed without a reference",
        ),
    ],
)
def test_what_holds_no_benchmarks_is_refused(text, said, tmp_path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)

    with pytest.raises(DataError, match=said):
        results.read(path)


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(DataError, match=r"gone\.json cannot be read"):
        results.read(tmp_path / "gone.json")


def test_a_timing_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        timing().name = "other"
