"""Which cells with a record run again."""

from pathlib import Path

import msgspec
import pytest

import recbench
from recbench.results.store import Store
from recbench.runner import installation

MODELS = ["most-popular", "random"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory) -> tuple[Path, Path]:
    """A store with two finished cells, and the cache they were run with."""
    out, cache = tmp_path_factory.mktemp("out"), tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECBENCH_CACHE", str(cache))
        recbench.run("sample/top-n", models=MODELS, out=out, progress=False)
    return out, cache


def planned(out: Path, rerun=None) -> dict[str, tuple[str, str]]:
    cells = recbench.plan("sample/top-n", models=MODELS, out=out, rerun=rerun)
    return {c.cell.label: (c.action, c.reason) for c in cells}


def test_what_was_recorded_here_counts(ran, monkeypatch):
    out, cache = ran
    monkeypatch.setenv("RECBENCH_CACHE", str(cache))

    assert planned(out) == dict.fromkeys(MODELS, ("cached", "ok"))


def test_what_was_recorded_elsewhere_runs_here_unless_asked_not_to(
    ran, monkeypatch, tmp_path
):
    out, _ = ran
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path))

    assert planned(out) == dict.fromkeys(MODELS, ("run", "recorded elsewhere"))
    assert planned(out, "none") == dict.fromkeys(MODELS, ("cached", "ok"))
    assert planned(out, "failed") == dict.fromkeys(MODELS, ("cached", "ok"))


@pytest.mark.parametrize(
    ("rerun", "expected"),
    [
        (None, ("cached", "cached")),
        ("none", ("cached", "cached")),
        ("failed", ("run", "cached")),
        ("stale", ("run", "run")),
        ("all", ("run", "run")),
    ],
)
def test_failed_and_stale_cells_run_again_when_asked(
    ran, monkeypatch, tmp_path, rerun, expected
):
    out, cache = ran
    monkeypatch.setenv("RECBENCH_CACHE", str(cache))
    changes = {
        "most-popular": {"status": "failed"},
        "random": {"provenance": "another version"},
    }
    store = Store(tmp_path)
    for record in Store(out).records("sample/top-n"):
        changed = msgspec.structs.replace(record, **changes[record.model])
        store.add(changed, {})

    found = planned(tmp_path, rerun)

    assert (found["most-popular"][0], found["random"][0]) == expected


def test_the_name_of_an_installation_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path))
    first = installation.installation()
    installation._named.cache_clear()

    assert installation.installation() == first
    assert [path.name for path in tmp_path.iterdir()] == ["installation"]


def test_a_cache_that_cannot_be_written_gives_a_name_for_the_process(tmp_path):
    (tmp_path / "file").write_text("")
    name = installation._named(tmp_path / "file" / "cache")

    assert len(name) == 16
    assert installation._named(tmp_path / "file" / "cache") == name
