"""Tables fit the terminal without losing what stands at the end of a line."""

import pytest

from recbench.cli import tables

HEAD = ("suite", "model", "stored")
LONG = "autorec[" + "hidden=256," * 20 + "]"


@pytest.fixture(autouse=True)
def _narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")


def test_a_long_cell_in_the_middle_is_cut_and_not_the_verdict_behind_it():
    rows = [("ml-100k/rating", LONG, "agrees"), ("ml-100k/rating", "bias", "agrees")]
    lines = tables.text(HEAD, rows).splitlines()

    assert all(len(line) <= 60 for line in lines)
    assert lines[2].endswith("agrees")
    assert "autorec[hidden=256" in lines[2]
    assert "…" in lines[2]
    assert lines[3].split() == ["ml-100k/rating", "bias", "agrees"]


def test_a_long_last_cell_is_cut_at_the_width():
    lines = tables.text(("name", "summary"), [("ease", "word " * 40)]).splitlines()

    assert len(lines[2]) == 60
    assert lines[2].endswith("…")


def test_what_fits_is_left_as_it_is():
    told = tables.text(HEAD, [("a", "b", "c")])

    assert "…" not in told
    assert told.splitlines()[2].split() == ["a", "b", "c"]
