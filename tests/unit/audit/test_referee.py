"""Every check of the referee, each against a fault planted for it."""

import dataclasses
import json

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from recbench.audit import suite as auditing
from recbench.audit import text
from recbench.cli.audit import command
from recbench.datasets.simulator import simulate
from recbench.errors import NothingRanError, UsageError
from recbench.leaderboard import grading, publish
from recbench.referee import words
from recbench.referee.checks import of_records
from recbench.referee.finding import Finding, Report, grade, merged
from recbench.results.record import Figure
from recbench.specs import (
    MetricSpec,  # noqa: F401 - resolves annotations of records
    Tuned,
)

SUITE = "tiny/top-n"
HOLD_OUT_MINORS = {"future", "tuned"}  # what any untuned random hold-out has


def findings(world, suite=SUITE):
    """Return the findings of an audit by id."""
    report = auditing.audit(world.store, suite, world.catalogue)
    return {f.id: f for f in report.findings}, report


def failed(world, suite=SUITE):
    """Return the ids of the checks that failed, without what every hold-out has."""
    found, _ = findings(world, suite)
    bad = {name for name, f in found.items() if f.verdict == "fail"}
    return bad - HOLD_OUT_MINORS


def ease(record):
    return record.model == "ease"


def ease_of_split_1(record):
    return record.model == "ease" and record.split["seed"] == 1


def everyone(record):
    return True


@pytest.mark.parametrize("suite", ["tiny/top-n", "tiny/rating"])
def test_an_honest_board_is_graded_b_for_its_protocol_alone(world, suite):
    found, report = findings(world, suite)

    assert {n for n, f in found.items() if f.verdict != "pass"} == HOLD_OUT_MINORS
    assert report.grade == "B"
    assert len(found) == 21


def test_a_board_without_any_fault_is_graded_a(worlds, made, tmp_path):
    world = worlds.World(tmp_path / "out", catalogue=made.catalogue)
    split = {"split": "global-time", "split_params": {"validation": 0.1, "test": 0.1}}
    suite = dataclasses.replace(
        world.suite(**split), name="tiny/late", baselines=("random", "most-popular")
    )
    world.run(suite, models=["random", "most-popular"])
    world.catalogue.suites["tiny/late"] = suite
    try:
        found, report = findings(world, "tiny/late")
    finally:
        del world.catalogue.suites["tiny/late"]

    # the users of a small world arrive one after another: many are unknown
    bad = {n for n, f in found.items() if f.verdict != "pass"}
    assert bad <= {"unknown-items"}
    assert report.grade in ("A", "B")


def changed_leak(name, count):
    """Return a change of a record's split that states another leakage."""

    def change(record):
        leakage = record.split["leakage"] | {name: {"count": count, "share": 0.5}}
        return record.split | {"leakage": leakage}

    return change


def test_records_of_another_protocol_in_the_folder(worlds, world):
    world.run(world.suite(relevance=3.0), models=["ease"], seeds=(0,))

    assert failed(world) == {"protocol"}


def test_another_split_under_the_same_seed(world):
    world.change(SUITE, ease_of_split_1, split=lambda r: r.split | {"hash": "0" * 64})

    assert "splits" in failed(world)


def test_all_records_of_a_split_that_the_data_do_not_yield(world):
    world.change(SUITE, everyone, split=lambda r: r.split | {"hash": "0" * 64})

    found, report = findings(world)
    assert found["splits"].verdict == "fail"
    assert report.grade == "F"


def test_fewer_test_users_for_one_model(world):
    world.change(SUITE, ease_of_split_1, split=lambda r: r.split | {"users": 7})

    assert failed(world) == {"splits"}


def test_a_data_set_that_holds_test_pairs_in_training(worlds, made, tmp_path):
    def doubled(context):
        data = simulate(150, 80, 1200, 5, name="tiny")
        twice = np.repeat(np.arange(len(data.interactions)), 2)
        return dataclasses.replace(data, interactions=data.interactions.take(twice))

    world = worlds.World(tmp_path / "out", load=doubled)
    suite = world.suite(duplicates="keep", seen="remove-train")
    world.run(suite, models=["most-popular"], seeds=(0,))
    found, report = findings(world)

    assert found["overlap"].verdict == "fail"
    assert found["validation"].verdict == "fail"
    assert found["duplicates"].verdict == "fail"
    assert report.grade == "F"
    shared = found["overlap"].evidence["shared_pairs"][0]
    assert shared == brute_force_overlap(world, suite)


def brute_force_overlap(world, suite):
    """Count shared pairs one by one."""
    from recbench.runner.prepare import prepare

    part = prepare(
        world.dataset, world.fingerprint, suite, world.catalogue.splits, seed=0
    )
    train, test = (
        set(zip(table.users.tolist(), table.items.tolist(), strict=True))
        for table in (part.view.train, part.test)
    )
    return sum(pair in train for pair in test)


def test_overlap_that_a_record_states(world):
    world.change(SUITE, everyone, split=changed_leak("repeated_pairs", 9))
    found, _ = findings(world)

    assert found["overlap"].verdict == "fail"
    assert found["leakage-stated"].verdict == "fail"


def test_leakage_that_a_record_hides(world):
    world.change(SUITE, everyone, split=changed_leak("train_after_any_test", 0))
    found, report = findings(world)

    assert found["future"].verdict == "pass"  # by the records alone
    assert found["leakage-stated"].verdict == "fail"
    assert report.grade == "F"


def test_a_split_along_time_that_looks_ahead(world):
    records = [
        msgspec.structs.replace(r, protocol=r.protocol | {"split": "global-time"})
        for r in world.store.records(SUITE)
    ]
    report = of_records(SUITE, records)
    future = next(f for f in report.findings if f.id == "future")

    assert (future.verdict, future.weight) == ("fail", "fatal")


def test_leave_last_out_that_looks_ahead_within_a_user(world):
    records = [
        msgspec.structs.replace(r, protocol=r.protocol | {"split": "leave-last-out"})
        for r in world.store.records(SUITE)
    ]
    future = next(f for f in of_records(SUITE, records).findings if f.id == "future")

    assert (future.verdict, future.weight) == ("fail", "fatal")


def test_data_without_time_leaves_a_question_open(worlds, tmp_path):
    def timeless(context):
        data = simulate(150, 80, 2400, 5, name="tiny")
        table = dataclasses.replace(data.interactions, timestamps=None)
        return dataclasses.replace(data, interactions=table)

    world = worlds.World(tmp_path / "out", load=timeless, has=("ratings",))
    world.run(world.suite(), models=["random"], seeds=(0,))
    found, _ = findings(world)

    assert found["future"].verdict == "unknown"


def test_items_unknown_in_training(world):
    world.change(SUITE, everyone, split=changed_leak("cold_events", 100))

    assert "unknown-items" in failed(world)


def test_a_suite_without_a_validation_part(worlds, made, tmp_path):
    world = worlds.World(tmp_path / "out", catalogue=made.catalogue)
    suite = world.suite(split_params={"validation": 0.0, "test": 0.2})
    world.run(suite, models=["most-popular"], seeds=(0,))
    found, _ = findings(world)
    assert (found["validation"].verdict, found["validation"].weight) == (
        "fail",
        "minor",
    )

    world.change(SUITE, everyone, budget={"trials": 30})
    found, _ = findings(world)
    assert (found["validation"].verdict, found["validation"].weight) == (
        "fail",
        "major",
    )


def test_a_baseline_that_is_not_there(worlds, made, tmp_path):
    world = worlds.World(tmp_path / "out", catalogue=made.catalogue)
    world.run(world.suites["top-n"], models=["random", "most-popular", "ease", "ials"])
    found, report = findings(world)

    assert found["baselines"].evidence["lacking"] == ["item-knn"]
    assert report.grade == "C"


def test_a_baseline_that_failed_is_not_there(world):
    world.change(
        SUITE,
        lambda r: r.model == "item-knn" and r.split["seed"] == 2,
        status="timeout",
        metrics={},
    )

    assert failed(world) == {"baselines", "seeds", "failed-cells"}


def test_tuned_rows_are_those_with_a_budget_or_a_preset(world):
    found, _ = findings(world)
    assert found["tuned"].evidence["untuned"] == ["ease", "ials", "item-knn"]

    world.change(SUITE, everyone, budget={"trials": 30})
    found, _ = findings(world)
    assert found["tuned"].verdict == "pass"


def test_a_shipped_preset_counts_as_tuned(world):
    found, _ = findings(world, "tiny/rating")
    assert "bias" in found["tuned"].evidence["untuned"]

    spec = world.catalogue.models["bias"]
    tuned = {**spec.presets["tuned"]}
    world.change(
        "tiny/rating", lambda r: r.model == "bias", params=lambda r: r.params | tuned
    )
    found, _ = findings(world, "tiny/rating")
    assert "bias" not in found["tuned"].evidence["untuned"]


def searched(world, monkeypatch, **changed):
    """Ship a search for ease that found nothing better than its defaults."""
    record = next(r for r in world.store.records(SUITE) if r.model == "ease")
    budget = {
        "suite": SUITE,
        "dataset": {"fingerprint": record.dataset["fingerprint"]},
        "protocol_hash": record.protocol_hash,
        "granted": {"trials": 8},
        **changed,
    }
    entry = Tuned(preset="tuned-x", task="top-n", params=record.params, budget=budget)
    models = world.catalogue.models
    spec = dataclasses.replace(models["ease"], tuned=(entry,))
    monkeypatch.setitem(models, "ease", spec)


def test_a_search_that_ended_at_the_defaults_counts_as_tuned(world, monkeypatch):
    searched(world, monkeypatch)
    found, _ = findings(world)

    assert found["tuned"].evidence["untuned"] == ["ials", "item-knn"]
    assert found["budget"].evidence["granted"] == {"{}": 2, '{"trials":8}': 1}

    others = {"granted": {"trials": 8}, "suite": SUITE}
    world.change(SUITE, lambda r: not ease(r), budget=others)
    found, _ = findings(world)
    assert found["budget"].verdict == "pass"


def left_beside_the_records(world, monkeypatch, **changed):
    """Let the search for ease be in the folder of records, and not with the plugin."""
    searched(world, monkeypatch, **changed)
    models = world.catalogue.models
    [entry] = models["ease"].tuned
    monkeypatch.setitem(models, "ease", dataclasses.replace(models["ease"], tuned=()))
    found = {
        "model": "ease",
        "preset": "",
        **{name: getattr(entry, name) for name in ("task", "params", "budget")},
    }
    path = world.store.folder(SUITE) / "tuning" / "best.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"schema": 1, "tuned": [found]}), encoding="utf-8")
    return path


def reasons(world):
    board = publish.load(world.store, SUITE, world.catalogue)
    return grading.plain(board)["reasons"]


def test_a_search_beside_the_records_counts_on_the_page_as_in_the_audit(
    world, monkeypatch
):
    assert any("untuned" in line and "ease" in line for line in reasons(world))
    path = left_beside_the_records(world, monkeypatch)
    found, _ = findings(world)

    assert found["tuned"].evidence["untuned"] == ["ials", "item-knn"]
    assert found["budget"].evidence["granted"] == {"{}": 2, '{"trials":8}': 1}
    assert any("none: ials, item-knn)" in line for line in reasons(world))
    assert not any("untuned" in line and "ease" in line for line in reasons(world))

    path.write_text("{", encoding="utf-8")
    assert any("untuned" in line and "ease" in line for line in reasons(world))


def test_a_search_beside_the_records_of_another_protocol_does_not_count(
    world, monkeypatch
):
    left_beside_the_records(world, monkeypatch, protocol_hash="0")

    assert any("untuned" in line and "ease" in line for line in reasons(world))


def test_a_command_in_a_reason_is_code_on_the_page(world):
    page = publish.pages(publish.load(world.store, SUITE, world.catalogue))["README.md"]

    assert "(`recbench tune tiny/top-n` grants each the same budget)" in page


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"suite": "ml-1m/top-n"}, id="another suite"),
        pytest.param({"dataset": {"fingerprint": "0"}}, id="other data"),
        pytest.param({"protocol_hash": "0"}, id="another protocol"),
    ],
)
def test_a_search_elsewhere_does_not_tune_the_defaults(world, changed, monkeypatch):
    searched(world, monkeypatch, **changed)
    found, _ = findings(world)

    assert "ease" in found["tuned"].evidence["untuned"]
    assert "recbench tune tiny/top-n" in found["tuned"].message


def test_one_model_that_was_tuned_longer(world):
    world.change(SUITE, ease, budget={"trials": 30})
    assert "budget" in failed(world)

    world.change(SUITE, lambda r: not ease(r), budget={"trials": 10})
    assert "budget" in failed(world)


def search(**changes):
    """Return a budget as a search on the suite records it."""
    found = {"by": "recbench tune", "suite": SUITE, "granted": {"trials": 30}}
    return found | {"trials": 30, "cut": ""} | changes


def test_equal_budgets_may_have_found_different_things(world):
    def of_model(record):
        return search(trial=len(record.model), seconds=1.5 * len(record.model))

    world.change(SUITE, everyone, budget=of_model)
    found, _ = findings(world)

    assert found["budget"].verdict == found["tuned"].verdict == "pass"


def test_a_search_that_the_clock_cut_short_is_named(world):
    world.change(SUITE, everyone, budget=search())
    world.change(SUITE, ease, budget=search(cut="cut at 5 min: 12 of 30 trials"))
    found, _ = findings(world)

    assert found["budget"].verdict == "pass"
    assert "cut short by the clock: ease" in found["budget"].message


def test_a_row_at_defaults_beside_the_tuned_one_of_its_model(world):
    world.run(world.suite(), models=["ease"], reg=50.0)
    world.change(SUITE, lambda r: "reg=50" in r.label or not ease(r), budget=search())
    found, _ = findings(world)

    assert found["budget"].verdict == found["tuned"].verdict == "pass"


@pytest.mark.parametrize(
    "other",
    [
        {"suite": "ml-100k/top-n"},
        {"dataset": {"name": "tiny", "fingerprint": "0" * 64}},
        {"protocol_hash": "0" * 64},
    ],
)
def test_parameters_that_were_tuned_on_something_else(world, other):
    world.change(SUITE, everyone, budget=search())
    world.change(SUITE, ease, budget=search(**other))
    found, _ = findings(world)

    assert found["tuned"].evidence["tuned_elsewhere"] == ["ease"]


def test_two_seeds_are_too_few(worlds, made, tmp_path):
    world = worlds.World(tmp_path / "out", catalogue=made.catalogue)
    world.run(world.suites["top-n"], seeds=(0, 1))

    assert failed(world) == {"seeds"}


def test_a_row_that_shows_its_good_seeds_only(world):
    for path in world.store.folder(SUITE).glob("results/*/*.json"):
        record = msgspec.json.decode(path.read_bytes())
        if record["model"] == "ease" and record["split"]["seed"] == 1:
            path.unlink()

    assert failed(world) == {"seeds", "all-seeds"}


def test_seeds_that_somebody_chose(worlds, made, tmp_path):
    world = worlds.World(tmp_path / "out", catalogue=made.catalogue)
    world.run(world.suites["top-n"], seeds=(3, 11, 17))

    assert failed(world) == {"seed-choice"}


def test_cells_that_crashed(world):
    world.run(world.suite(), models=["pure-svd"])
    world.change(SUITE, lambda r: r.model == "pure-svd", status="crashed", metrics={})

    assert failed(world) == {"failed-cells"}


def test_records_of_mixed_and_of_stale_versions(world):
    world.change(
        SUITE, ease, versions=lambda r: r.versions | {"numpy": "1.0"}, provenance="old"
    )
    found, _ = findings(world)

    assert found["provenance"].verdict == "fail"
    assert found["provenance"].evidence["mixed"]["numpy"][0] == "1.0"
    assert found["provenance"].evidence["stale"] == 3


def test_a_plugin_whose_source_has_changed(world):
    world.change(SUITE, ease, provenance="of another source")

    assert failed(world) == {"provenance"}


def test_a_figure_that_the_lists_do_not_yield(world):
    def better(record):
        old = record.metrics["ndcg@10"]
        new = Figure(value=old.value + 0.01, version=old.version, finish=old.finish)
        return record.metrics | {"ndcg@10": new}

    world.change(SUITE, ease_of_split_1, metrics=better)
    found, report = findings(world)

    assert found["rescored"].evidence["differing"] == {"ease (split 1)": ["ndcg@10"]}
    assert report.grade == "F"


def test_lists_that_were_exchanged(world):
    other = next(
        r for r in world.store.records(SUITE) if r.model == "random" and r.seed == 1
    )
    _, lists = world.store.lists(other)
    world.change_blob(SUITE, ease_of_split_1, "lists", lambda a: a | {"lists": lists})

    assert failed(world) == {"rescored"}


def test_per_user_values_that_were_touched_up(world):
    world.change_blob(
        SUITE,
        ease_of_split_1,
        "per-user",
        lambda a: a | {"value:ndcg@10": a["value:ndcg@10"][::-1].copy()},
    )
    found, _ = findings(world)

    assert found["rescored"].evidence["differing"] == {
        "ease (split 1)": ["ndcg@10 per user"]
    }


def test_predictions_that_were_touched_up(world):
    world.change_blob(
        "tiny/rating",
        lambda r: r.model == "bias" and r.seed == 0,
        "predictions",
        lambda a: {"predictions": a["predictions"] + np.float32(0.1)},
    )

    assert failed(world, "tiny/rating") == {"rescored"}


def test_lists_of_other_users(world):
    def fewer(arrays):
        return {"users": arrays["users"][1:], "lists": arrays["lists"][1:]}

    world.change_blob(SUITE, ease_of_split_1, "lists", fewer)

    assert "users" in failed(world)


def test_users_without_a_list(worlds, made, tmp_path):
    world = worlds.World(tmp_path / "out", catalogue=made.catalogue)
    world.run(world.suite(), models=["most-popular"], seeds=(0,))

    def empty(arrays):
        lists = arrays["lists"].copy()
        lists[:3] = -1
        return arrays | {"lists": lists}

    world.change_blob(SUITE, everyone, "lists", empty)
    found, _ = findings(world)

    share = found["coverage"].evidence["share_without_list"]["most-popular"]
    n = len(world.store.lists(world.store.records(SUITE)[0])[0])
    assert share == pytest.approx(3 / n)


def test_a_damaged_output(world):
    record = next(r for r in world.store.records(SUITE) if ease(r))
    folder = world.store.folder(SUITE) / "results" / record.key
    path = folder / record.blobs["lists"]
    path.write_bytes(path.read_bytes()[:-1])
    found, report = findings(world)

    assert found["integrity"].verdict == "fail"
    assert found["rescored"].verdict == "fail"
    assert report.grade in ("C", "D")


def test_a_cell_run_again_until_it_was_lucky(world):
    record = next(r for r in world.store.records(SUITE) if ease(r))
    blobs = {n: world.store.arrays(record, n) for n in record.blobs}
    luck = {"ndcg@10": Figure(value=0.9), "ndcg@5": Figure(value=0.9)}
    again = msgspec.structs.replace(
        record, metrics=record.metrics | luck, started="2027-01-01T00:00:00+00:00"
    )
    world.store.add(again, blobs)
    found, _ = findings(world)

    assert found["attempts"].verdict == "fail"
    assert found["attempts"].evidence["run_again"] == 1


def test_a_cell_run_again_that_came_out_the_same(world):
    record = next(r for r in world.store.records(SUITE) if ease(r))
    blobs = {n: world.store.arrays(record, n) for n in record.blobs}
    again = msgspec.structs.replace(record, started="2027-01-01T00:00:00+00:00")
    world.store.add(again, blobs)
    found, _ = findings(world)

    assert found["attempts"].verdict == "pass"
    assert found["attempts"].evidence["run_again"] == 1


def test_without_the_data_set_questions_stay_open(worlds, world):
    spec = world.catalogue.datasets.pop("tiny")
    try:
        found, report = findings(world)
    finally:
        world.catalogue.datasets["tiny"] = spec

    assert found["rescored"].verdict == "unknown"
    assert found["splits"].verdict == "unknown"
    assert found["baselines"].verdict == "unknown"
    assert report.grade == "B"


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([], "A"),
        (["minor", "minor", "minor"], "B"),
        (["major"], "C"),
        (["major", "minor"], "C"),
        (["major", "major"], "D"),
        (["fatal"], "F"),
    ],
)
def test_the_grade_follows_from_the_worst(weights, expected):
    assert grade([finding(weight=w) for w in weights]) == expected


def finding(verdict="fail", weight="minor", name="x", message="m", **evidence):
    return Finding(
        id=name,
        looks_at="",
        verdict=verdict,
        weight=weight,
        message=message,
        evidence=evidence,
    )


def test_what_could_not_be_checked_is_no_a():
    assert grade([finding(verdict="unknown")]) == "B"


def test_two_findings_of_one_check_become_the_worse_one():
    [one] = merged(
        [
            finding("pass", "fatal", message="fine", a=1),
            finding("fail", "minor", message="bad", b=2),
        ]
    )

    assert (one.verdict, one.weight, one.message) == ("fail", "minor", "bad")
    assert one.evidence == {"a": 1, "b": 2}


def test_the_grade_stands_on_the_page_and_in_the_document(world):
    board = publish.load(world.store, SUITE, world.catalogue)
    pages = publish.pages(board)

    assert "## Referee" in pages["README.md"]
    assert "Grade B from records" in pages["README.md"]
    document = json.loads(pages["board.json"])
    assert document["referee"] == grading.plain(board)
    assert document["referee"]["grade"] == "B"


def test_the_page_gives_the_same_grade_from_the_same_records(world):
    shown = [
        publish.pages(publish.load(world.store, SUITE, world.catalogue))["README.md"]
        for _ in range(2)
    ]

    assert shown[0] == shown[1]


def test_reports_in_every_format(world):
    report = auditing.audit(world.store, SUITE, world.catalogue)
    [plain] = json.loads(text.to_json([report]))

    assert plain["grade"] == "B"
    assert len(plain["checks"]) == len(report.findings)
    assert words.headline(report) in text.page(report)
    assert "FAIL minor" in text.render(report)


def test_names_in_findings_are_escaped():
    report = Report(
        suite="s|<b>", scope="records", findings=(finding(message="a|b <i>"),)
    )

    assert "<i>" not in text.page(report)
    assert "<b>" not in text.page(report)


def test_a_suite_without_records(world):
    with pytest.raises(NothingRanError, match="no records"):
        auditing.audit(world.store, "tiny/other", world.catalogue)


def invoke(world, *words_):
    return CliRunner().invoke(command, [*words_, "--out", str(world.root)])


def test_the_command_grades_and_refuses(world, monkeypatch):
    monkeypatch.setattr("recbench.plugins.load", lambda _extra: world.catalogue)

    assert invoke(world, SUITE).exit_code == 0
    assert invoke(world, SUITE, "--strict").exit_code == 0
    world.change(SUITE, ease, budget={"trials": 30})
    assert invoke(world, SUITE).exit_code == 0
    strict = invoke(world, SUITE, "--strict", "--format", "json")
    assert strict.exit_code == 5
    assert json.loads(strict.stdout)[0]["grade"] == "C"
    world.change(SUITE, everyone, split=lambda r: r.split | {"hash": "0" * 64})
    assert invoke(world, SUITE).exit_code == 5


def test_python_has_what_the_command_has(world, monkeypatch):
    import recbench

    monkeypatch.setattr("recbench.plugins.load", lambda _extra: world.catalogue)
    report = recbench.audit_board(SUITE, out=world.root)
    assert report.grade == "B"
    assert "- tuned (minor): " in str(report)
    assert recbench.order_stability(SUITE, out=world.root).suite == SUITE
    with pytest.raises(UsageError, match="several suites"):
        recbench.audit_board("tiny", out=world.root)
