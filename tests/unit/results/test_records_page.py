"""``docs/reference/records.md`` describes the record as it is."""

import re
from pathlib import Path

import pytest

from recbench.results.record import STATUSES, Figure, Record

PAGE = (Path(__file__).parents[3] / "docs/reference/records.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE))


def described(struct: type) -> dict[str, str]:
    """Return what the docstring says of each field."""
    text = (struct.__doc__ or "").partition("Attributes:")[2]
    found = re.findall(r"^ {8}(\w+): ((?:.|\n {12})*)", text, re.MULTILINE)
    return {name: " ".join(words.replace("``", "`").split()) for name, words in found}


@pytest.mark.parametrize("struct", [Record, Figure])
def test_every_field_is_described_as_in_the_code(struct: type) -> None:
    described_ = described(struct)

    assert tuple(described_) == struct.__struct_fields__  # type: ignore[attr-defined]
    for name, words in described_.items():
        assert ROWS[name] == words


def test_no_field_is_described_that_does_not_exist() -> None:
    assert set(ROWS) == {*Record.__struct_fields__, *Figure.__struct_fields__}


def test_every_status_is_named() -> None:
    assert all(f"`{status}`" in PAGE for status in STATUSES)
