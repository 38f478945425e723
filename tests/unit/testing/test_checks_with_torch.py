"""The kit with models in torch: lazily named, seeded, with dropout and batch norm."""

import sys
from pathlib import Path

import pytest

from recbench import plugins
from recbench.testing import CheckFailure, checks_for

MODELS = Path(__file__).parent / "models"


@pytest.fixture(scope="module")
def specs():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(MODELS), *sys.path])
        yield plugins.load([str(MODELS / "torch_card.py")], installed=False).models
        sys.modules.pop("recbench_torch_models", None)


def test_a_sound_autoencoder_passes_every_check(specs) -> None:
    spec = specs["sound"]

    for check in checks_for(spec):
        try:
            check.run(spec)
        except pytest.skip.Exception:
            pytest.fail(f"{check} was skipped")


@pytest.mark.parametrize(
    ("model", "name", "text"),
    [
        pytest.param("unseeded", "deterministic", "context.seed", id="unseeded"),
        pytest.param("fixed-seed", "seed-used", "draws from torch", id="fixed seed"),
        pytest.param("dropout-left-on", "repeatable", "eval", id="dropout"),
        pytest.param("batch-norm-left-on", "batch-size", "batch norm", id="batch norm"),
        pytest.param("shares-memory", "train-untouched", "train.users", id="in place"),
    ],
)
def test_a_trap_of_torch_is_found(specs, model, name, text) -> None:
    spec = specs[model]
    check = next(c for c in checks_for(spec) if c.name == f"top-n/{name}")

    with pytest.raises(CheckFailure, match=text):
        check.run(spec)
