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


def test_the_page_says_what_searches_on_ml_1m_found_and_what_was_cut():
    folder = Path(__file__).parents[2]
    page = (folder / "docs" / "how-to" / "tune.md").read_text(encoding="utf-8")
    rows, cut = set(), set()
    for spec in MODELS.values():
        for entry in spec.tuned:
            if entry.preset != "tuned-ml-1m":
                continue
            found = entry.budget
            assert found["granted"] == {"trials": 8, "minutes": 2.0}
            figures = found["validation"]
            rows.add(
                f"| `{entry.task}` | `{spec.name}` | {figures['default']:.4f} "
                f"| {figures['tuned']:.4f} | {found['trials'] - found['failed']} |"
            )
            if found["cut"]:
                cut.add(spec.name)

    assert rows == {
        line
        for line in page.splitlines()
        if line.startswith(("| `rating`", "| `top-n"))
    }
    told = page.split("- **Cut short**: ")[1].split("A model with one")[0]
    assert {name for name in MODELS if f"`{name}`" in told} == cut
