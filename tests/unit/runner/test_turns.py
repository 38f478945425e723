"""In which order cells start."""

from types import SimpleNamespace
from typing import Any, cast

from recbench.runner.cells import Cell
from recbench.runner.decide import Planned, turn


def planned(name: str, seconds: float | None = None, **params: object) -> Planned:
    """Return a cell to run of a model of that name."""
    cell: Any = SimpleNamespace(name=name, params=params)
    return Planned(
        cell=cast("Cell", cell), action="run", reason="no record", estimate=seconds
    )


def test_long_cells_start_before_short_ones_and_unknown_ones_before_both() -> None:
    cells = [
        planned("instant", 0.0),
        planned("short", 1.0, epochs=9),
        planned("unknown"),
        planned("long", 30.0),
        planned("unknown, in passes", epochs=20),
        planned("unknown as well"),
    ]

    names = [cast("Any", one.cell).name for one in sorted(cells, key=turn)]

    assert names == [
        "unknown, in passes",
        "unknown",
        "unknown as well",
        "long",
        "short",
        "instant",
    ]
