"""``docs/reliability.md`` says what the tests say."""

import re
import sys
from pathlib import Path

import pytest
from fault_bench import PLUGINS
from fault_cases import CASES

from recbench.results.record import STATUSES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ")
]


def faulty_models() -> list[str]:
    sys.path.insert(0, str(PLUGINS))
    from faulty_models import FILES, name_of

    return [name_of(cls) for classes in FILES.values() for cls in classes.split()]


def test_every_faulty_model_is_in_the_table_and_no_other() -> None:
    named = [row[0].strip("`") for row in ROWS if re.fullmatch(r"`[a-z-]+`", row[0])]

    assert sorted(named) == sorted(faulty_models())


@pytest.mark.parametrize("name", CASES)
def test_what_the_table_says_of_a_model_is_what_its_test_says(name: str) -> None:
    [row] = [row for row in ROWS if row[0] == f"`{name}`"]

    assert row[2].startswith(f"**{CASES[name].status}**")


def test_every_model_with_a_case_exists() -> None:
    assert set(CASES) <= set(faulty_models())


def test_every_status_is_explained() -> None:
    assert set(STATUSES) <= {row[0] for row in ROWS}


def test_every_test_that_is_named_exists() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [*ROOT.glob("tests/**/*.py")]
        if path != Path(__file__)
    )
    named = set(re.findall(r"`(test_\w+|StoreMachine)`", PAGE))
    files = set(re.findall(r"`(test_\w+\.py)`", PAGE))

    assert len(named) > 20
    assert [
        n for n in named if f"def {n}(" not in code and f"class {n}(" not in code
    ] == []
    assert [f for f in files if not (Path(__file__).parent / f).exists()] == []
