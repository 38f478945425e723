"""Robustness of an order: against scipy, by hand, and on a small board."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recbench.errors import NothingRanError
from recbench.leaderboard import publish
from recbench.robustness import report
from recbench.robustness.measured import robustness
from recbench.robustness.stability import Variant, judge, signs, tau_b
from recbench.runner.rescore import Rescorer

ORDERS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=12
)


@given(ORDERS)
def test_tau_is_that_of_scipy(pairs):
    x, y = (np.array(side, dtype=np.float64) for side in zip(*pairs, strict=True))
    expected = stats.kendalltau(x, y).statistic if len({*x}) > 1 < len({*y}) else None

    found = tau_b(signs(x), signs(y))

    if expected is None:
        assert found is None
    else:
        assert found == pytest.approx(expected, abs=1e-12)


def variant(name, axis="metric", **figures):
    return Variant(axis=axis, name=name, figures=figures)


def test_what_swaps_and_who_wins_is_told():
    found = judge(
        "s",
        "ndcg@10",
        {"a": 3.0, "b": 2.0, "c": 1.0},
        [["a", "b"], ["c"]],
        [
            variant("same", a=9.0, b=8.0, c=7.0),
            variant("two swapped", a=1.0, b=2.0, c=0.0),
            variant("upside down", axis="users", a=1.0, b=2.0, c=3.0),
            variant("all equal", axis="users", a=1.0, b=1.0, c=1.0),
        ],
    )

    assert [one.tau for one in found.judged] == [1.0, pytest.approx(1 / 3), -1.0, None]
    assert [one.winners for one in found.judged] == [
        ("a",),
        ("b",),
        ("c",),
        ("a", "b", "c"),
    ]
    assert [(s.above, s.below, s.variants, s.tied) for s in found.swaps] == [
        ("a", "b", ("two swapped", "upside down"), True),
        ("a", "c", ("upside down",), False),
        ("b", "c", ("upside down",), False),
    ]
    everything = found.axes[-1]
    assert (everything.name, everything.variants, everything.same_winner) == (
        "all",
        4,
        2,
    )
    assert everything.least == -1.0


def test_a_rounding_error_is_no_order():
    assert signs(np.array([0.1 + 0.2, 0.3])).tolist() == [0]


@pytest.fixture
def stable(world):
    def measure(task, **options):
        suite = f"tiny/{task}"
        board = publish.load(world.store, suite, world.catalogue)
        rescorer = Rescorer(world.catalogue, world.store)
        return board, robustness(board, rescorer, **options)

    return measure


@pytest.mark.parametrize("task", ["top-n", "rating"])
def test_the_board_itself_is_found_again_among_its_splits(stable, task):
    board, found = stable(task)
    per_split = [j.variant for j in found.judged if j.variant.axis == "split"]

    for row in board.ranked:
        mean = np.mean([abs(v.figures[row.label]) for v in per_split])
        assert mean == pytest.approx(row.metrics[board.layout.primary].mean, abs=1e-12)


def test_stored_metrics_are_found_again(stable):
    board, found = stable("top-n", metrics=["recall"])
    [variant_] = [j.variant for j in found.judged if j.variant.name == "recall@20"]

    for row in board.ranked:
        assert variant_.figures[row.label] == pytest.approx(
            row.metrics["recall@20"].mean, abs=1e-12
        )


def test_groups_of_users_average_to_everyone(stable, world):
    _, found = stable("top-n")
    groups = {j.variant.name: j.variant for j in found.judged}
    cold, warm = groups["ndcg@10, cold users"], groups["ndcg@10, warm users"]
    records = [r for r in world.store.records("tiny/top-n") if r.model == "ease"]
    whole = np.mean([r.metrics["ndcg@10"].value for r in records])

    low, high = sorted((cold.figures["ease"], warm.figures["ease"]))
    assert low - 0.02 < whole < high + 0.02
    assert cold.n_users + warm.n_users == pytest.approx(
        records[0].split["users"], abs=6
    )
    assert any(name.startswith("ndcg@10, occupation") for name in groups)


def test_errors_count_downwards(stable):
    board, found = stable("rating")

    assert board.rows[0].metrics["rmse"].mean <= board.rows[-1].metrics["rmse"].mean
    assert found.rows[0] == board.rows[0].label
    mae = next(j.variant for j in found.judged if j.variant.name == "mae")
    assert all(value < 0 for value in mae.figures.values())


def test_a_model_that_only_cold_users_like_is_found(world):
    """Planted: one model serves cold users alone, and swaps with one for all others."""
    rescorer = Rescorer(world.catalogue, world.store)
    records = world.store.records("tiny/top-n")
    for model in ("ease", "ials"):
        for record in records:
            if record.model != model:
                continue
            part = rescorer.prepared(record)
            users, lists = world.store.lists(record)
            counts = np.bincount(part.view.train.users, minlength=part.test.n_users)
            border = np.sort(counts[users])[int(np.ceil(0.25 * len(users))) - 1]
            cold = counts[users] <= border
            spoiled = lists.copy()
            spoiled[cold if model == "ease" else ~cold] = -1
            world.change_blob(
                "tiny/top-n",
                lambda r, key=record.key: r.key == key,
                "lists",
                lambda arrays, new=spoiled: arrays | {"lists": new},
            )
    board = publish.load(world.store, "tiny/top-n", world.catalogue)
    found = robustness(board, Rescorer(world.catalogue, world.store))
    by_name = {j.variant.name: j.variant.figures for j in found.judged}

    assert by_name["ndcg@10, cold users"]["ease"] == 0
    assert by_name["ndcg@10, warm users"]["ials"] == 0
    assert by_name["ndcg@10, cold users"]["ials"] > 0
    assert any({s.above, s.below} == {"ease", "ials"} for s in found.swaps)


def test_an_order_of_one_is_refused(worlds, made, tmp_path):
    world = worlds.World(tmp_path / "out", catalogue=made.catalogue)
    world.run(world.suites["top-n"], models=["random"], seeds=(0,))
    board = publish.load(world.store, "tiny/top-n", world.catalogue)

    with pytest.raises(NothingRanError, match="an order needs two"):
        robustness(board, Rescorer(world.catalogue, world.store))


def test_the_three_formats_tell_the_same(stable):
    _, found = stable("top-n")
    document = json.loads(report.to_json(found))

    assert document["board"] == list(found.rows)
    assert len(document["variants"]) == len(found.judged)
    for rendered in (report.text(found), report.page(found)):
        assert f"{found.axes[-1].mean:.2f} on average" in rendered
        assert "cold users" in rendered


def test_names_from_plugins_are_escaped():
    found = judge(
        "s",
        "m",
        {"a|b": 1.0, "<i>": 0.0},
        [],
        [variant("x", **{"a|b": 0.0, "<i>": 1.0})],
    )

    assert "<i>" not in report.page(found).replace("`<i>`", "")
    assert "a|b" not in report.page(found)
