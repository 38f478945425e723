"""The kit lets well-behaved models through, whatever way they take part."""

from pathlib import Path

import pytest

from recbench import plugins
from recbench.testing import checks_for

GOOD = Path(__file__).parent / "models" / "good_models.py"
CATALOGUE = plugins.load([str(GOOD)], installed=False)
MODELS = {
    name: spec
    for name, spec in CATALOGUE.models.items()
    if CATALOGUE.origin["models", name].value == str(GOOD.resolve())
}


@pytest.mark.parametrize(
    ("model", "check"),
    [(m, c) for m, spec in MODELS.items() for c in checks_for(spec)],
    ids=str,
)
def test_a_good_model_passes(model, check) -> None:
    check.run(MODELS[model])
