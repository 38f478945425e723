"""What a run prints of its cells where there is no terminal."""

import io
from types import SimpleNamespace

import pytest

from recbench.runner.lines import Lines, cells


def record(status, message="", total=0.0):
    return SimpleNamespace(
        status=status,
        message=message,
        seconds={"total": total},
        protocol={"selection": ""},
        metrics={},
    )


def test_cells_that_never_started_share_one_line():
    stream = io.StringIO()
    lines = Lines(stream)

    begun = {"cells": 4, "to_run": 3, "estimate": 0, "jobs": 2, "unable": []}
    lines.listen("run-started", begun)
    stopped = record("interrupted", "stopped before it was done", 2.0)
    lines.listen("cell-finished", {"title": "a", "record": stopped})
    for title in "bc":
        waiting = record("interrupted", "not started")
        lines.listen("cell-finished", {"title": title, "record": waiting})
    lines.listen("run-finished", {"cells": 4, "interrupted": True})

    assert stream.getvalue().splitlines() == [
        "4 cells: 3 to run, 1 from the store; 2 at once",
        "[1/3] a: INTERRUPTED, 2.0 s: stopped before it was done",
        "cells not started: 2 of 3",
    ]


@pytest.mark.parametrize(
    ("n", "words"), [(0, "0 cells"), (1, "1 cell"), (1200, "1,200 cells")]
)
def test_a_number_of_cells_in_words(n: int, words: str) -> None:
    assert cells(n) == words
