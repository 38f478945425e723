"""A model that looks everywhere it is pointed to finds no test interaction."""

import json
from pathlib import Path
from typing import Any

import pytest

from recbench.runner import run, view
from recbench.runner.prepare import Prepared

SUITES = ["tiny/top-n", "tiny/rating"]
OWN = ("train-", "validation-", "history-", "candidates.npy", "keys.npy", "view.json")
WORK = ("log.txt", "events.jsonl")


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, int], Prepared]:
    """What the parent holds, test labels included, by suite and seed."""
    held: dict[tuple[str, int], Prepared] = {}
    real = run.Run.part

    def part(self: run.Run, cell: Any) -> Prepared:
        found = held[cell.suite.name, cell.split_seed] = real(self, cell)
        return found

    monkeypatch.setattr(run.Run, "part", part)
    return held


def found(bench, tmp_path: Path) -> dict[str, dict[str, bytes]]:
    """Run the peeking model for both tasks and two seeds; return what it found."""
    for old in bench.dump.iterdir():
        old.unlink()
    result = bench.run(["peeks"], tmp_path, suites=SUITES, seeds=[0, 1])
    assert [r.message for r in result.records] == [""] * 4
    return {
        path.stem: {
            name: bytes.fromhex(data)
            for name, data in json.loads(path.read_text()).items()
        }
        for path in bench.dump.iterdir()
    }


def labels(parts: dict[tuple[str, int], Prepared]) -> dict[str, bytes]:
    """Return what must not be found: test columns of every suite and seed."""
    held = {}
    for (suite, seed), part in parts.items():
        for column in ("users", "items", "ratings"):
            values = getattr(part.test, column)
            held[f"{suite} {seed} {column}"] = values.tobytes()
    return held


def hits(seen: dict[str, dict[str, bytes]], secret: dict[str, bytes]) -> list[str]:
    return [
        f"{cell}: {what} in {name}"
        for cell, files in seen.items()
        for name, data in files.items()
        for what, bytes_ in secret.items()
        if bytes_ in data
    ]


def test_no_test_interaction_is_where_a_model_is_pointed_to(
    bench, tmp_path: Path, parts: dict[tuple[str, int], Prepared]
) -> None:
    seen = found(bench, tmp_path)

    assert len(seen) == 4
    assert hits(seen, labels(parts)) == []
    for files in seen.values():
        train = [name for name in files if Path(name).name.startswith("train-")]
        assert len(train) == 3  # of its own view, and of no other seed or suite
        others = [n for n in files if not Path(n).name.startswith((*OWN, *WORK))]
        assert others == []


def test_the_peeking_model_does_find_what_is_left_lying_about(
    bench,
    tmp_path: Path,
    parts: dict[tuple[str, int], Prepared],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The protection taken away: the questions stay in the view."""
    monkeypatch.setattr(view.Path, "unlink", lambda self, missing_ok=False: None)
    seen = found(bench, tmp_path)

    assert any("rating 0 items in" in hit for hit in hits(seen, labels(parts)))
