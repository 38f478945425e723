"""Tuned parameters as data: shipped with a plugin, named in records, kept apart."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from tuning_world import WORLD

import recbench
from recbench import ModelSpec, param, plugins, with_tuned
from recbench.errors import NothingRanError, PluginError, UsageError
from recbench.leaderboard import publish, wording
from recbench.params import complete, defaults, label, parse_model, tuned
from recbench.results.store import Store
from recbench.runner.api import run_request
from recbench.testing import declaration
from recbench.testing.check import CheckFailure, Subject
from recbench.tuning.best import export
from recbench.tuning.trial import Trials


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    reg: float = param(1.0, low=0, tune=(0.1, 10.0), log=True)
    hidden: tuple[int, ...] = param((8,), tune=((8,), (16, 8)))


SPEC = ModelSpec(
    name="toy",
    factory=dict,
    tasks=("rating", "top-n"),
    params=Params,
    task_defaults={"top-n": {"reg": 2.0}},
    presets={"paper": {"reg": 5.0}},
)
BUDGET = {"by": "recbench tune", "trials": 12}


def entry(task="rating", **changed):
    params = {"reg": 0.5, "hidden": [16, 8]}
    found = {"model": "toy", "task": task, "preset": "tuned-x", "params": params}
    return {**found, "budget": BUDGET, **changed}


def written(folder: Path, *entries, schema=1) -> str:
    document = {"schema": schema, "tuned": list(entries)}
    (folder / "tuned.json").write_text(json.dumps(document), encoding="utf-8")
    return str(folder / "__init__.py")


def test_a_file_beside_the_card_becomes_a_preset_of_its_task(tmp_path):
    card = written(
        tmp_path, entry(), entry("top-n", params={"reg": 9.0, "hidden": [8]})
    )
    [spec] = with_tuned(card, [SPEC])

    assert complete(spec, "rating", {"preset": "tuned-x"}) == {
        "reg": 0.5,
        "hidden": (16, 8),
    }
    assert complete(spec, "top-n", {"preset": "tuned-x"})["reg"] == 9.0
    assert complete(spec, "top-n", {"preset": "tuned-x", "reg": 3.0})["reg"] == 3.0
    assert complete(spec, "rating", {"preset": "paper"})["reg"] == 5.0


def test_parameters_that_a_search_found_say_so_however_they_were_written(tmp_path):
    [spec] = with_tuned(written(tmp_path, entry()), [SPEC])
    name, given = parse_model("toy[reg=0.5,hidden=(16,8)]")
    values = complete(spec, "rating", given)

    assert name == "toy"
    assert tuned(spec, "rating", values).budget == BUDGET
    assert label(spec, "rating", values) == "toy[preset=tuned-x]"
    assert tuned(spec, "top-n", values) is None
    assert tuned(spec, "rating", {**values, "reg": 0.51}) is None


def test_defaults_are_chosen_by_nobody_even_where_a_search_found_no_better(tmp_path):
    card = written(tmp_path, entry(params={"reg": 1.0, "hidden": [8]}))
    [spec] = with_tuned(card, [SPEC])
    values = complete(spec, "rating", {"preset": "tuned-x"})

    assert values == defaults(spec, "rating")
    assert tuned(spec, "rating", values) is None
    assert label(spec, "rating", values) == "toy"


def test_a_preset_of_another_task_is_not_there(tmp_path):
    [spec] = with_tuned(written(tmp_path, entry()), [SPEC])

    with pytest.raises(UsageError, match=r"preset of toy for top-n 'tuned-x'.*paper"):
        complete(spec, "top-n", {"preset": "tuned-x"})


def test_without_a_file_the_specs_are_as_they_were(tmp_path):
    assert list(with_tuned(str(tmp_path / "__init__.py"), [SPEC])) == [SPEC]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="not JSON"),
        pytest.param("[]", id="no object"),
        pytest.param('{"schema": 9, "tuned": []}', id="another schema"),
        pytest.param('{"schema": 1, "tuned": [{"model": "toy"}]}', id="no parameters"),
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, text):
    (tmp_path / "tuned.json").write_text(text, encoding="utf-8")

    with pytest.raises(PluginError, match=r"tuned\.json (holds no|has schema)"):
        list(with_tuned(str(tmp_path / "__init__.py"), [SPEC]))


@pytest.fixture
def shipping(tmp_path: Path) -> Path:
    """A plugin package that ships what was tuned, written by the command itself."""
    package = tmp_path / "shipping"
    package.mkdir()
    source = Path(WORLD).read_text(encoding="utf-8")
    source = source.replace("def recbench_models()", "def plain_models()")
    source = source.replace("@hookimpl\ndef plain_models", "def plain_models")
    source += (
        "\n\n@hookimpl\ndef recbench_models():\n"
        "    from recbench import with_tuned\n"
        "    yield from with_tuned(__file__, plain_models())\n"
    )
    (package / "__init__.py").write_text(source, encoding="utf-8")
    return package


def test_from_trials_to_a_shipped_preset_to_rows_side_by_side(tune, tmp_path, shipping):
    chosen = {"plugins": [str(shipping)], "out": tmp_path / "boards"}
    models = ["constant", "bias"]
    tune("tiny/rating", models=models, trials=5, **chosen)
    trials = Trials(tmp_path / "boards")
    new = export(
        trials,
        ["tiny/rating"],
        plugins.load([str(shipping)]),
        plugin="shipping",
        path=shipping / "tuned.json",
    )
    shutil.rmtree(tmp_path / "boards")  # a stranger has the plugin, not the trials
    done = run_request(
        suites=["tiny/rating"],
        models=["constant", "constant[preset=tuned-tiny]"],
        device="cpu",
        jobs=1,
        **chosen,
    )

    [shipped] = new  # bias is another plugin's
    assert (shipped["model"], shipped["preset"]) == ("constant", "tuned-tiny")
    rows = {record.label: record for record in done.records}
    plain, best = rows["constant"], rows["constant[preset=tuned-tiny]"]
    assert plain.budget == {}
    assert best.budget == shipped["budget"]
    assert best.budget["trials"] == 5
    assert best.budget["suite"] == "tiny/rating"
    assert best.params["level"] == shipped["params"]["level"] != 2.0
    found = best.budget["validation"]
    assert found["tuned"] < found["default"]
    assert plain.key != best.key
    assert best.metrics["rmse"].value < plain.metrics["rmse"].value
    for record in rows.values():
        if record.label == best.label:  # the command of the row makes the row
            again = parse_model(record.label)
            spec = plugins.load([str(shipping)]).models["constant"]
            assert complete(spec, "rating", again[1]) == record.params


def test_what_was_found_in_a_folder_of_records_is_known_to_runs_into_it(tune, tmp_path):
    tune("tiny/rating", models=["constant"], trials=4)
    document = json.loads(
        (tmp_path / "tiny/rating/tuning/best.json").read_text(encoding="utf-8")
    )
    [found] = document["tuned"]
    level = found["params"]["level"]
    run = {"suites": ["tiny/rating"], "plugins": [WORLD], "device": "cpu", "jobs": 1}
    models = [f"constant[level={level}]", "constant[level=4.321]"]
    run_request(models=models, out=tmp_path, **run)
    run_request(models=models[:1], out=tmp_path / "elsewhere", **run)

    records = {r.params["level"]: r for r in Store(tmp_path).records("tiny/rating")}
    [stranger] = Store(tmp_path / "elsewhere").records("tiny/rating")
    assert records[level].budget == found["budget"]
    assert records[level].label == f"constant[level={level}]"
    assert records[4.321].budget == {}
    assert stranger.budget == {}


def test_a_damaged_file_of_found_parameters_stops_no_run(tune, tmp_path):
    path = tmp_path / "tiny/rating/tuning/best.json"
    path.parent.mkdir(parents=True)
    path.write_text("{", encoding="utf-8")
    lines: list[str] = []

    done = run_request(
        suites=["tiny/rating"],
        models=["constant"],
        plugins=[WORLD],
        out=tmp_path,
        device="cpu",
        jobs=1,
        log=lines.append,
    )

    assert done.exit_code == 0
    assert any("best.json holds no tuned parameters" in line for line in lines)


def test_exports_are_merged_and_never_ambiguous(tune, tmp_path, shipping):
    chosen = {"plugins": [str(shipping)], "models": ["constant"], "trials": 2}
    tune("tiny/rating", "tiny/refitted", **chosen)
    trials, catalogue = Trials(tmp_path), plugins.load([str(shipping)])
    path = tmp_path / "tuned.json"

    def ship(*suites, plugin="shipping", preset=""):
        return export(
            trials, suites, catalogue, plugin=plugin, path=path, preset=preset
        )

    with pytest.raises(UsageError, match="each with its --preset"):
        ship("tiny/rating", "tiny/refitted")
    with pytest.raises(UsageError, match="did you mean shipping"):
        ship("tiny/rating", plugin="shiping")
    with pytest.raises(NothingRanError, match="no model of the plugin 'recbench-svd'"):
        ship("tiny/rating", plugin="recbench-svd")
    assert not path.exists()
    ship("tiny/rating")
    ship("tiny/refitted", preset="tuned-refitted")
    ship("tiny/rating")

    entries = json.loads(path.read_text(encoding="utf-8"))["tuned"]
    assert [e["preset"] for e in entries] == ["tuned-refitted", "tuned-tiny"]


def test_the_same_from_python(tmp_path):
    found = recbench.tune(
        "tiny/rating",
        models="constant",
        trials=2,
        jobs=1,
        plugins=[WORLD],
        out=tmp_path,
    )

    [report] = found.reports
    assert report.lines[0].trials == 2
    assert "constant" in str(found)


def test_a_board_says_which_rows_were_tuned_and_how(tune, tmp_path, shipping):
    chosen = {"plugins": [str(shipping)], "out": tmp_path}
    tune("tiny/rating", models=["constant"], trials=3, **chosen)
    found = json.loads(
        (tmp_path / "tiny/rating/tuning/best.json").read_text(encoding="utf-8")
    )["tuned"][0]
    tuned_model = f"constant[level={found['params']['level']}]"
    models = ["constant", tuned_model]
    run_request(suites=["tiny/rating"], models=models, device="cpu", **chosen)

    board = publish.load(Store(tmp_path), "tiny/rating")
    facts = dict(wording.facts(board))
    budgets = {row.label: row.budget for row in board.rows}
    assert budgets == {"constant": {}, tuned_model: found["budget"]}
    assert facts["Tuning"] == (
        "1 row tuned on the validation part of tiny/rating (split 0), 3 trials a "
        "model. All others have their defaults or what was given by hand."
    )


def test_the_conformance_kit_refuses_tuned_parameters_that_the_model_has_not(tmp_path):
    [fine] = with_tuned(written(tmp_path, entry()), [SPEC])
    [wrong] = with_tuned(written(tmp_path, entry(params={"regg": 1.0})), [SPEC])

    declaration.parameters(Subject(spec=fine))
    with pytest.raises(CheckFailure, match="'regg'"):
        declaration.parameters(Subject(spec=wrong))
