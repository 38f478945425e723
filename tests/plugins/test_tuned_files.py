"""What built-in plugins ship as tuned can be chosen, and says where it comes from."""

from pathlib import Path

import pytest

from recbench import plugins
from recbench.params import complete, defaults, tuned

CATALOGUE = plugins.load()
MODELS = CATALOGUE.models
SHIPPED = [
    pytest.param(spec, entry, id=f"{spec.name} {entry.preset} {entry.task}")
    for spec in MODELS.values()
    for entry in spec.tuned
]


def test_something_is_shipped_for_the_models_that_a_board_must_show():
    have = {(s.name, t.task) for s in MODELS.values() for t in s.tuned}
    wanted = {("bias", "rating"), ("svd", "rating"), ("item-knn", "top-n")}

    assert wanted | {("ease", "top-n"), ("ials", "top-n")} <= have


@pytest.mark.parametrize(("spec", "entry"), SHIPPED)
def test_a_shipped_preset_can_be_chosen_and_has_its_provenance(spec, entry):
    values = complete(spec, entry.task, {"preset": entry.preset})
    found = tuned(spec, entry.task, values)

    if values == defaults(spec, entry.task):  # the search found nothing better
        assert found is None
        assert entry.budget["trial"] == 0
    else:
        # two searches may have found the same: then the first goes by its name
        same = [
            t for t in spec.tuned if t.task == entry.task and t.params == entry.params
        ]
        assert entry in same
        assert found == same[0]
    validation = entry.budget["validation"]
    sign = -1 if validation["metric"] == "rmse" else 1
    assert sign * validation["tuned"] >= sign * validation["default"]
    assert entry.budget["dataset"]["fingerprint"]
    assert len(entry.budget["protocol_hash"]) == 64
    assert entry.budget["trials"] <= entry.budget["granted"]["trials"]


def test_the_files_lie_beside_the_cards():
    packages: dict[str, bool] = {}
    for name, spec in MODELS.items():
        package = CATALOGUE.origin["models", name].value
        packages[package] = packages.get(package, False) or bool(spec.tuned)

    folder = Path(__file__).parents[2] / "plugins"
    assert packages == {p: (folder / p / "tuned.json").is_file() for p in packages}
