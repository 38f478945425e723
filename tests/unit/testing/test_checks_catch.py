"""Every check fails on a model that is broken in its way, and says what to do."""

import sys
from pathlib import Path

import pytest

from recbench import plugins
from recbench.testing import CheckFailure, checks_for

MODELS = Path(__file__).parent / "models"
BROKEN = MODELS / "broken_models.py"
CATALOGUE = plugins.load([str(BROKEN), str(MODELS / "heavy_card.py")], installed=False)
SOURCE = next(
    module
    for module in list(sys.modules.values())
    if getattr(module, "__file__", None) == str(BROKEN)
)
CASES = {
    **{name: (check, text) for name, (_, check, text) in SOURCE.FAULTS.items()},
    **{name: ("parameters", text) for name, (_, text) in SOURCE.PARAMS.items()},
    "bad-preset": ("parameters", "sise"),
    "undescribed": ("described", "summary"),
    "heavy": ("light-import", "scipy"),
}


def run(model: str, check: str) -> None:
    spec = CATALOGUE.models[model]
    next(c for c in checks_for(spec) if c.name == check).run(spec)


@pytest.mark.parametrize("model", CASES)
def test_the_check_fails_and_says_what_to_do(model) -> None:
    check, text = CASES[model]

    with pytest.raises(CheckFailure, match=text):
        run(model, check)


def test_every_check_has_been_seen_to_fail() -> None:
    good = plugins.load([str(MODELS / "good_models.py")], installed=False)
    specs = [*good.models.values(), *CATALOGUE.models.values()]
    known = {c.name.rpartition("/")[2] for spec in specs for c in checks_for(spec)}

    assert known == {check.rpartition("/")[2] for check, _ in CASES.values()}
