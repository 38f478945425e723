import dataclasses
import json
import random

import msgspec
import numpy as np
import pytest

from recbench.errors import DataError, NothingRanError
from recbench.leaderboard import jsonboard, shapes
from recbench.leaderboard.board import Estimate, build
from recbench.leaderboard.layout import from_json, from_records, print_name
from recbench.results.record import Figure


def board_of(made, **change):
    return build(
        made.suite, made.records, made.per_user, **({"layout": made.layout} | change)
    )


def row_of(board, label):
    return next(row for row in board.rows if row.label == label)


def test_rows_are_ranked_by_the_primary_metric(factory) -> None:
    made = factory().add("ease", 0.4).add("most-popular", 0.1).add("slim", 0.25)

    board = board_of(made)

    assert [row.label for row in board.rows] == ["ease", "slim", "most-popular"]
    assert [row.rank for row in board.rows] == [1, 2, 3]


def test_a_figure_is_the_mean_over_splits(factory) -> None:
    made = factory().add("ease", 0.4)
    values = [r.metrics["ndcg@10"].value for r in made.records]

    found = row_of(board_of(made), "ease").metrics["ndcg@10"]

    assert found.mean == pytest.approx(np.mean(values))
    assert found.low < found.mean < found.high


def test_intervals_end_where_the_metric_does_and_show_their_whole_half(factory) -> None:
    made = factory().add("ease", 0.4)
    for place, record in enumerate(made.records):
        figures = record.metrics | {
            "coverage@10": Figure(value=0.1 * place, finish="system")
        }
        made.records[place] = msgspec.structs.replace(record, metrics=figures)
    bounded = dataclasses.replace(made.layout, bounds={"coverage@10": (0.0, 1.0)})
    layouts = {"free": made.layout, "bounded": bounded}

    boards = {name: board_of(made, layout=known) for name, known in layouts.items()}
    free, cut = (row_of(b, "ease").metrics["coverage@10"] for b in boards.values())

    assert free.low < 0 == cut.low
    assert (cut.mean, cut.high) == (free.mean, free.high)
    assert shapes.with_interval(cut) == shapes.with_interval(free) == "0.1000 ± 0.2484"
    upper = Estimate(mean=0.9, low=0.7, high=1.0)
    assert shapes.with_interval(upper) == "0.9000 ± 0.2000"
    published = json.loads(jsonboard.document(boards["bounded"]))
    again = board_of(made, layout=from_json(published))
    assert row_of(again, "ease").metrics["coverage@10"] == cut


def test_a_low_rmse_ranks_first(factory) -> None:
    made = factory("rating").add("svd", 0.8).add("bias", 0.9)

    board = board_of(made)

    assert [row.label for row in board.rows] == ["svd", "bias"]
    assert board.rows[0].difference.high < 0


def test_models_that_cannot_be_told_apart_share_a_rank(factory) -> None:
    made = factory().add("ease", 0.400, noise=0.3).add("slim", 0.401, noise=0.3)
    made.add("most-popular", 0.1)

    board = board_of(made)

    assert [row.rank for row in board.rows] == [1, 1, 3]
    assert {"ease", "slim"} == set(board.groups[0])
    assert board.cliques == ((0, 1),)


def test_the_order_of_records_changes_nothing(factory) -> None:
    made = factory().add("ease", 0.4).add("slim", 0.4, seeds=(0, 1))
    made.add("broken", 0.1, status="failed", message="no")
    expected = jsonboard.document(board_of(made))

    for seed in range(5):
        random.Random(seed).shuffle(made.records)
        assert jsonboard.document(board_of(made)) == expected


def test_a_model_that_failed_stays_visible_with_its_reason(factory) -> None:
    made = factory().add("ease", 0.4)
    made.add("broken", 0.1, status="crashed", message="signal 11", phase="fit")

    row = row_of(board_of(made), "broken")

    assert (row.rank, row.status) == (None, "crashed")
    assert row.note == "crashed (3 of 3 seeds)"
    assert row.reason == "signal 11"
    assert row.metrics == {}


def test_a_model_that_failed_on_some_seeds_is_not_ranked_on_the_others(factory) -> None:
    made = factory().add("ease", 0.4).add("lucky", 0.9, splits=(2,))
    made.add("lucky", 0.9, splits=(0, 1), status="timeout", message="30 minutes")

    board = board_of(made)
    row = row_of(board, "lucky")

    assert row.rank is None
    assert row.note == "timeout (2 of 3 seeds)"
    assert row.seeds == 1
    assert row.metrics["ndcg@10"].mean > 0.9
    assert [r.label for r in board.rows] == ["ease", "lucky"]


def test_different_failures_are_all_named(factory) -> None:
    made = factory().add("ease", 0.4)
    made.one("bad", 0.1, split=0, status="failed", message="first")
    made.one("bad", 0.1, split=1, status="invalid", message="second")
    made.one("bad", 0.1, split=2, status="failed", message="first")

    row = row_of(board_of(made), "bad")

    assert row.status == "failed"
    assert row.note == "failed 2, invalid 1 of 3 seeds"
    assert row.reason == "first / second"


def test_skipped_models_stand_last(factory) -> None:
    made = factory().add("a-skipped", 0.1, status="skipped", message="needs torch")
    made.add("z-failed", 0.1, status="failed").add("ease", 0.4)

    labels = [row.label for row in board_of(made).rows]

    assert labels == ["ease", "z-failed", "a-skipped"]


def test_a_board_of_failures_only_ranks_nobody(factory) -> None:
    made = factory().add("broken", 0.1, status="failed", message="no")

    board = board_of(made)

    assert board.ranked == ()
    assert "No model finished" in board.notes[0]


def test_no_record_is_an_error_that_says_what_to_run(factory) -> None:
    with pytest.raises(NothingRanError, match="recbench run ml-100k/top-n"):
        build("ml-100k/top-n", [], factory().per_user)


def test_parameters_make_rows_of_their_own(factory) -> None:
    made = factory().add("ncf", 0.3).add("ncf", 0.4, params={"epochs": 9})

    assert [row.label for row in board_of(made).rows] == ["ncf[epochs=9]", "ncf"]


def test_another_protocol_never_shares_the_board(factory) -> None:
    made = factory().add("ease", 0.4)
    made.add("cheat", 0.9, splits=(0,), protocol_hash="q" * 64)

    board = board_of(made)

    assert [row.label for row in board.rows] == ["ease"]
    assert any("1 record is not shown" in note for note in board.notes)


def test_the_present_protocol_of_the_suite_wins_over_more_records(factory) -> None:
    made = factory().add("old", 0.4)
    present = made._protocol() | {"split_params": {"test": 0.2}}
    made.add("new", 0.3, splits=(0,), protocol=present, protocol_hash="n" * 64)
    layout = made.layout
    layout = type(layout)(
        metrics=layout.metrics, primary=layout.primary, protocol=present
    )

    assert [row.label for row in board_of(made, layout=layout).rows] == ["new"]


def test_another_data_set_never_shares_the_board(factory) -> None:
    made = factory().add("ease", 0.4)
    other = made.records[0].dataset | {"fingerprint": "e" * 64}
    made.add("cheat", 0.9, splits=(0,), dataset=other)

    assert [row.label for row in board_of(made).rows] == ["ease"]


def test_another_split_under_the_same_seed_is_left_out(factory) -> None:
    made = factory().add("ease", 0.4).add("slim", 0.3)
    other = made.records[0].split | {"hash": "changed"}
    made.one("cheat", 0.9, split=0, tag="x")
    made.records[-1] = msgspec.structs.replace(made.records[-1], split=other)

    board = board_of(made)

    assert [row.label for row in board.rows] == ["ease", "slim"]
    assert any("split seed 0" in note for note in board.notes)


def test_a_cell_that_failed_before_its_split_was_known_stays_visible(factory) -> None:
    made = factory().add("ease", 0.4)
    made.one("broken", 0.1, split=0, status="failed", message="no data")
    made.records[-1] = msgspec.structs.replace(
        made.records[-1], split={"seed": 0}, dataset={"name": "ml-test"}
    )

    assert row_of(board_of(made), "broken").status == "failed"


def test_the_newest_plugin_source_makes_the_row(factory) -> None:
    made = factory()
    old = {"name": "p", "version": "1", "hash": "old"}
    new = {"name": "p", "version": "2", "hash": "new"}
    made.add("ease", 0.9, tag="old", plugin=old, started="2026-01-01")
    made.add("ease", 0.4, tag="new", plugin=new, started="2026-02-01")

    board = board_of(made)

    assert board.rows[0].plugin == "p 2"
    assert board.rows[0].metrics["ndcg@10"].mean < 0.7
    assert any("other versions of the plugin: ease" in n for n in board.notes)


def test_of_two_attempts_at_a_run_the_one_that_succeeded_counts(factory) -> None:
    made = factory().add("ease", 0.4, started="2026-01-01")
    made.add("ease", 0.4, tag="again", status="interrupted", started="2026-02-01")

    assert board_of(made).rows[0].status == "ok"


def test_missing_splits_are_named(factory) -> None:
    made = factory().add("ease", 0.4).add("slim", 0.39, splits=(0, 1))

    board = board_of(made)

    assert row_of(board, "slim").missing == (2,)
    assert any("slim (2)" in note for note in board.notes)


def test_one_split_says_that_intervals_reflect_users_only(factory) -> None:
    board = board_of(factory().add("ease", 0.4, splits=(0,)))

    assert board.over == "users"
    assert "users only" in board.notes[0]


def test_a_system_metric_has_an_interval_over_splits(factory) -> None:
    made = factory()
    for split, value in enumerate((0.30, 0.34, 0.35)):
        record = made.one("ease", 0.4, split=split)
        metrics = record.metrics | {"coverage@10": Figure(value=value, finish="system")}
        made.records[-1] = msgspec.structs.replace(record, metrics=metrics)

    found = board_of(made).rows[0].metrics["coverage@10"]

    assert found.mean == pytest.approx(0.33)
    assert found.high - found.mean == pytest.approx(0.0657, abs=1e-3)


def test_a_system_metric_of_one_split_has_no_interval(factory) -> None:
    found = board_of(factory().add("ease", 0.4, splits=(0,))).rows[0]

    assert found.metrics["coverage@10"].low is None


def test_missing_per_user_values_leave_intervals_over_splits(factory) -> None:
    made = factory().add("ease", 0.4)

    def lost(record):
        raise DataError("the blob is missing")

    board = build(made.suite, made.records, lost, layout=made.layout)

    assert board.over == "splits"
    assert any("the blob is missing" in note for note in board.notes)


def test_an_older_definition_of_a_metric_is_left_out_and_said(factory) -> None:
    made = factory().add("ease", 0.4).add("old", 0.9)
    for place, record in enumerate(made.records):
        version = 2 if record.model == "ease" else 1
        figure = record.metrics["recall@10"]
        metrics = record.metrics | {
            "recall@10": msgspec.structs.replace(figure, version=version)
        }
        made.records[place] = msgspec.structs.replace(record, metrics=metrics)

    board = board_of(made)

    assert "recall@10" not in row_of(board, "old").metrics
    assert any("older definition" in note for note in board.notes)


def test_differences_are_paired_with_the_reference_model(factory) -> None:
    made = factory().add("ease", 0.4).add("most-popular", 0.1)

    board = board_of(made)
    found = row_of(board, "ease")
    own = found.metrics["ndcg@10"]

    assert found.difference.mean == pytest.approx(0.3, abs=0.02)
    assert found.difference.high - found.difference.low < (own.high - own.low) / 2
    assert found.ratio == pytest.approx(
        own.mean / row_of(board, "most-popular").metrics["ndcg@10"].mean
    )
    assert row_of(board, "most-popular").difference is None


def test_without_the_reference_no_difference_is_shown(factory) -> None:
    board = board_of(factory().add("ease", 0.4))

    assert board.rows[0].difference is None
    assert any("most-popular" in note for note in board.notes)


def test_times_of_several_machines_are_not_mixed(factory) -> None:
    made = factory()
    slow = {"id": "m2", "cpu": "Slow CPU", "cores": 8}
    made.add("ease", 0.4, splits=(0, 1), seconds={"fit": 1.0, "score": 0.1})
    made.add("ease", 0.4, splits=(2,), machine=slow, seconds={"fit": 50.0})

    board = board_of(made)
    row = board.rows[0]

    assert (row.fit_seconds, row.machine) == (1.0, "m1")
    assert row.machines == ("m1", "m2")
    assert any("several machines" in note for note in board.notes)


def test_the_pareto_mark_compares_within_one_machine(factory) -> None:
    slow = {"id": "m2", "cpu": "Slow CPU", "cores": 8}
    made = factory().add("ease", 0.4, seconds={"fit": 1.0})
    made.add("slim", 0.3, seconds={"fit": 2.0})
    made.add("random", 0.01, seconds={"fit": 0.1})
    made.add("far", 0.2, seconds={"fit": 99.0}, machine=slow)

    marks = {row.label: row.pareto for row in board_of(made).rows}

    assert marks == {"ease": True, "slim": False, "random": True, "far": True}


def test_commands_are_kept_once_each(factory) -> None:
    made = factory().add("ease", 0.4)

    assert board_of(made).rows[0].commands == (
        "recbench run ml-test/top-n -m ease --seeds 0-2",
    )


def test_a_layout_is_guessed_from_records(factory) -> None:
    made = factory().add("ease", 0.4)

    found = from_records(made.records)

    assert found.primary == "ndcg@10"
    assert found.metrics == ("ndcg@10", "coverage@10", "ndcg@5", "ndcg@20", "recall@10")


def test_a_layout_survives_its_json(factory) -> None:
    made = factory().add("ease", 0.4)
    board = board_of(made)

    found = from_json(json.loads(jsonboard.document(board)))

    assert (found.metrics, found.primary) == (made.layout.metrics, "ndcg@10")
    assert found.reference == "most-popular"


@pytest.mark.parametrize(
    ("metric", "shown"),
    [
        ("ndcg@10", "NDCG@10"),
        ("hit-rate@5", "Hit rate@5"),
        ("ndcg-graded@10", "NDCG graded@10"),
        ("rmse", "RMSE"),
    ],
)
def test_metrics_are_printed_as_papers_print_them(metric, shown) -> None:
    assert print_name(metric) == shown


def test_the_rows_as_json_have_the_promised_keys(factory) -> None:
    made = factory().add("ease", 0.4).add("bad", 0.1, status="failed", message="no")

    rows = json.loads(jsonboard.rows(board_of(made)))

    first = rows[0]
    assert first["metrics"]["ndcg@10"].keys() == {"mean", "low", "high"}
    assert first["rank"] == 1
    assert first["status"] == "ok"
    for key in ("model", "params", "fit_seconds", "score_seconds", "peak_mib"):
        assert first[key] is not None
    assert (first["seeds"], first["device"]) == (3, "cpu")
    assert (rows[1]["rank"], rows[1]["status"]) == (None, "failed")


def test_a_new_plugin_source_of_which_nothing_ran_displaces_nothing(factory) -> None:
    made = factory()
    old, new = ({"name": "p", "hash": mark} for mark in ("old", "new"))
    made.add("ease", 0.4, tag="old", plugin=old, started="2026-01-01")
    made.add(
        "ease", 0.4, tag="new", plugin=new, started="2026-02-01", status="interrupted"
    )

    assert board_of(made).rows[0].status == "ok"


def test_models_that_failed_alike_are_named_together(factory) -> None:
    from recbench.leaderboard import wording

    made = factory().add("a", 0.1, status="failed", message="no GPU")
    made.add("b", 0.1, status="failed", message="no GPU")

    assert wording.failures(board_of(made)) == [
        (("a", "b"), "failed (3 of 3 seeds): no GPU")
    ]
