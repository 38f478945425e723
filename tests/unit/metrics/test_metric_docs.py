"""docs/metrics.md defines every metric, and only what the cards say."""

import re
from pathlib import Path

import pytest

from recbench.metrics.builtin import recbench_metrics

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
SPECS = {spec.name: spec for spec in recbench_metrics()}
FIELDS = ("Gain", "Discount", "Cut-off", "Denominator", "Ties", "Empty list")
SIGNS = {
    True: "higher is better",
    False: "lower is better",
    None: "neither end is better",
}
KINDS = {
    "ranking": "one value per user",
    "system": "one number for all lists",
    "rating": "one value and weight per user",
}


def sections():
    """Return the text below each ``### `name` `` heading."""
    text = PAGE.read_text(encoding="utf-8")
    parts = re.split(r"^### `([^`]+)`$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_page_defines_every_metric_and_no_other():
    assert sorted(sections()) == sorted(SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_a_definition_is_complete_and_says_what_the_card_says(name):
    spec, text = SPECS[name], sections()[name]
    head = f"{spec.label}; version {spec.version}; {KINDS[spec.kind]}; "

    assert f"{head}{SIGNS[spec.higher_is_better]}." in text
    for field in (*FIELDS, "Ideal", "Users that count"):
        assert re.search(rf"^- {field}( list)?: \S+", text, re.MULTILINE), field
    assert ("- Needs: " in text) == bool(spec.needs)
