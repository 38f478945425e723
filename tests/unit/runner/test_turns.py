"""In which order cells start."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from recbench.runner import decide
from recbench.runner.cells import Cell
from recbench.runner.decide import Planned, in_turn


def planned(name: str, seconds: float | None = None, **params: object) -> Planned:
    """Return a cell to run of a model of that name."""
    cell: Any = SimpleNamespace(name=name, params=params, plugin=name)
    return Planned(
        cell=cast("Cell", cell), action="run", reason="no record", estimate=seconds
    )


def started(cells: list[Planned], jobs: int = 2) -> list[str]:
    """Return the names of cells in the order in which they start."""
    order = in_turn(dict(enumerate(cells)), jobs)
    assert sorted(order) == list(range(len(cells)))
    return [cast("Any", cells[number].cell).name for number in order]


@pytest.fixture(autouse=True)
def all_may_use_torch_but_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "may_use_torch", lambda plugin: "plain" not in plugin)


def test_long_cells_start_before_short_ones_and_unknown_ones_before_both() -> None:
    cells = [
        planned("instant", 0.0),
        planned("short", 1.0, epochs=9),
        planned("unknown"),
        planned("long", 30.0),
        planned("unknown, in passes", epochs=20),
        planned("unknown as well"),
    ]

    assert started(cells) == [
        "unknown, in passes",
        "unknown",
        "unknown as well",
        "long",
        "short",
        "instant",
    ]


def test_one_of_the_first_needs_no_torch() -> None:
    cells = [
        planned("short plain", 1.0),
        planned("long", 30.0),
        planned("longer", 40.0),
        planned("plain", 9.0),
    ]

    assert started(cells) == ["plain", "longer", "long", "short plain"]


def test_nothing_moves_where_one_of_the_first_needs_none_anyway() -> None:
    cells = [planned("plain", 9.0), planned("long", 30.0), planned("short", 1.0)]

    assert started(cells, jobs=2) == ["long", "plain", "short"]
    assert started(cells, jobs=1) == ["plain", "long", "short"]
