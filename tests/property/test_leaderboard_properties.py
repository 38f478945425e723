"""Whatever the records, the board is the same for any order of them."""

import importlib.util
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.leaderboard import flat, jsonboard, markdown
from recbench.leaderboard.board import build
from recbench.results.record import STATUSES

FILE = Path(__file__).parents[1] / "unit" / "leaderboard" / "board_factory.py"
SPEC = importlib.util.spec_from_file_location("board_factory_of_properties", FILE)
MODULE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MODULE)

runs = st.lists(
    st.tuples(
        st.sampled_from(["ease", "slim", "ncf", "most-popular"]),
        st.integers(0, 2),
        st.integers(0, 1),
        st.sampled_from([*STATUSES, "ok", "ok", "ok", "ok"]),
        st.sampled_from([0.1, 0.1, 0.2, 0.3]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda run: run[:3],
)


@settings(max_examples=40, deadline=None)
@given(runs, st.randoms())
def test_any_order_of_records_gives_the_same_board(drawn, shuffler) -> None:
    made = MODULE.Factory(n_users=12)
    for model, split, seed, status, level in drawn:
        made.one(model, level, split=split, seed=seed, status=status, message="m")
    first = build(made.suite, made.records, made.per_user, layout=made.layout)
    shuffler.shuffle(made.records)
    second = build(made.suite, made.records, made.per_user, layout=made.layout)

    for render in (markdown.page, flat.render, jsonboard.document):
        assert render(first) == render(second)


@settings(max_examples=40, deadline=None)
@given(runs)
def test_every_model_stands_on_the_board_once_and_ranks_are_places(drawn) -> None:
    made = MODULE.Factory(n_users=12)
    for model, split, seed, status, level in drawn:
        made.one(model, level, split=split, seed=seed, status=status)
    board = build(made.suite, made.records, made.per_user, layout=made.layout)

    assert sorted(row.model for row in board.rows) == sorted({run[0] for run in drawn})
    ranked = [row.rank for row in board.rows if row.rank is not None]
    assert board.rows[: len(ranked)] == board.ranked
    assert all(1 <= rank <= place for place, rank in enumerate(ranked, start=1))
    means = [row.metrics["ndcg@10"].mean for row in board.ranked]
    assert means == sorted(means, reverse=True)
    for row in board.rows:
        failed = any(status != "ok" for _, _, status in row.runs)
        assert (row.rank is None) == failed
