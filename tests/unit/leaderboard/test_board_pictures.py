import os
import signal
import threading
from contextlib import closing

import matplotlib as mpl
import msgspec
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from recbench import hardware
from recbench.errors import UsageError
from recbench.leaderboard import plots
from recbench.leaderboard.board import build
from recbench.leaderboard.plots import apart

LEVELS = ("1", "2", "3", "4", "5")


def enriched(made):
    """Add curves and predicted ratings to the records."""
    rng = np.random.default_rng(0)
    for place, record in enumerate(made.records):
        if record.status != "ok":
            continue
        curves = {
            "loss": [(float(e), 1 / (1 + e)) for e in range(9)],
            "validation": [(float(e), e / 9) for e in range(9)],
        }
        spread = {}
        if made.task == "rating":
            spread = {k: rng.integers(0, 50, 50).tolist() for k in LEVELS}
        made.records[place] = msgspec.structs.replace(
            record, curves=curves, spread=spread
        )
    return made


@pytest.fixture(params=["top-n", "rating"])
def board(request, factory):
    """Return a board of 26 models, as crowded as a real one."""
    made = factory(request.param)
    for number in range(24):
        seconds = {"fit": 0.02 * 1.5**number, "score": 0.1}
        made.add(f"model-{number}", 0.3 + 0.01 * number, seconds=seconds)
    made.add("bias" if request.param == "rating" else "most-popular", 0.2)
    made.add("ncf", 0.3, params={"price": "$5", "title": "中文 <b>$x$"})
    made.add("broken", 0.1, status="failed")
    enriched(made)
    return build(made.suite, made.records, made.per_user, layout=made.layout)


def test_each_picture_is_drawn_and_its_text_lies_inside_it(board) -> None:
    for name in plots.names(board):
        figure = board.plot(name)
        FigureCanvasAgg(figure).draw()
        width, height = figure.get_size_inches() * figure.dpi
        for axes in figure.axes:
            texts = [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
            low, high = sorted(axes.get_ylim())
            texts += [
                text
                for text in axes.get_yticklabels()
                if low <= text.get_position()[1] <= high
            ]
            for text in texts:
                if not text.get_text() or not axes.get_visible():
                    continue
                box = text.get_window_extent()
                assert box.x0 >= -1, (name, text.get_text())
                assert box.x1 <= width + 1, (name, text.get_text())
                assert box.y1 <= height + 1, (name, text.get_text())


@pytest.mark.parametrize(
    ("task", "worse", "head"), [("top-n", -1, "<"), ("rating", 1, ">")]
)
def test_what_models_are_compared_with_stands_on_the_scale_and_arrows_at_its_edge(
    factory, task, worse, head
) -> None:
    made = factory(task)
    for number in range(12):
        made.add(f"model-{number}", 0.5 - worse * 0.01 * number)
    made.add(made.layout.reference, 0.5 + worse * 0.1)
    made.add("random", 0.5 + worse * 0.4)
    board = build(made.suite, made.records, made.per_user, layout=made.layout)

    figure = board.plot("differences")
    FigureCanvasAgg(figure).draw()

    left = figure.axes[0]
    low, high = left.get_xlim()
    panel = left.get_window_extent()
    arrows = [line for line in left.lines if line.get_marker() == head]
    ends = [line.get_transform().transform(line.get_xydata())[0, 0] for line in arrows]
    edge = panel.x0 if worse < 0 else panel.x1
    assert low < 0 < high
    assert len(arrows) == 1
    assert abs(ends[0] - edge) < 0.02 * panel.width
    (text,) = left.texts
    zero = left.transData.transform((0, 0))[0]
    box = text.get_window_extent()
    assert text.get_text()[0] == ("+" if worse > 0 else "\N{MINUS SIGN}")
    assert not box.x0 <= zero <= box.x1


def test_names_in_the_cost_picture_do_not_overlap(board) -> None:
    figure = board.plot("cost")
    FigureCanvasAgg(figure).draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]

    assert len(boxes) == len(board.ranked)
    for place, box in enumerate(boxes):
        # a pixel of tolerance: text boxes include the paper around them
        inner = box.padded(-1.5)
        assert not any(inner.overlaps(o.padded(-1.5)) for o in boxes[:place])


def test_a_task_has_its_own_pictures(board) -> None:
    found = plots.names(board)

    assert {"metrics", "differences", "cost", "curves"} <= set(found)
    assert ("ratings" in found) == (board.task == "rating")
    assert ("cutoffs" in found) == (board.task == "top-n")


def test_the_same_board_gives_the_same_bytes(board) -> None:
    first = plots.file(board, "metrics")

    assert first == plots.file(board, "metrics")
    assert b"<dc:date>" not in first
    assert plots.fingerprint(board, "metrics").encode() in first


def test_the_callers_settings_are_left_alone(board) -> None:
    with mpl.rc_context({"font.size": 33.0}):
        plots.file(board, "metrics")

        assert mpl.rcParams["font.size"] == 33.0


def test_an_unknown_picture_names_the_known_ones(board) -> None:
    with pytest.raises(UsageError, match="metrics"):
        board.plot("metric")


def test_a_picture_of_other_data_has_another_fingerprint(factory) -> None:
    a = factory().add("ease", 0.4).add("slim", 0.3)
    b = factory().add("ease", 0.4).add("slim", 0.31)
    first, second = (
        build(m.suite, m.records, m.per_user, layout=m.layout) for m in (a, b)
    )

    assert plots.fingerprint(first, "metrics") != plots.fingerprint(second, "metrics")


def test_a_board_of_failures_has_no_pictures(factory) -> None:
    made = factory().add("broken", 0.1, status="failed")
    board = build(made.suite, made.records, made.per_user, layout=made.layout)

    assert plots.names(board) == []


def test_predicted_ratings_are_summed_over_runs(factory) -> None:
    from recbench.leaderboard.plots.ratings import counts

    made = enriched(factory("rating").add("svd", 0.8))
    board = build(made.suite, made.records, made.per_user, layout=made.layout)

    levels, table = counts(board.rows[0])

    assert levels == [1.0, 2.0, 3.0, 4.0, 5.0]
    expected = sum(np.array(record.spread["3"]) for record in made.records)
    np.testing.assert_array_equal(table[:, 2], expected)


def test_other_processes_draw_the_same_bytes(board, monkeypatch) -> None:
    monkeypatch.setattr(hardware, "cores", lambda: 2)
    jobs = [(board, name) for name in plots.names(board)]
    assert len(jobs) >= apart.FEW

    with monkeypatch.context() as patch:
        patch.setattr(plots, "file", None)  # nothing is drawn here
        with closing(apart.Studio()) as studio:
            studio.open()
            found = studio.files(jobs)
            again = studio.files(jobs[:1])

    expected = [plots.file(*job) for job in jobs]
    assert found == expected
    assert again == expected[:1]


@pytest.mark.parametrize("when", ["before", "while it draws"])
def test_what_another_process_cannot_draw_is_drawn_here(
    board, when, monkeypatch
) -> None:
    monkeypatch.setattr(hardware, "cores", lambda: 2)
    with closing(apart.Studio()) as studio:
        studio.open()
        pid = studio.process.pid
        if when == "before":
            os.killpg(pid, signal.SIGKILL)
        else:  # it gets the boards and ends before it answers
            killer = threading.Timer(0.2, os.killpg, (pid, signal.SIGKILL))
            killer.start()

        pictures = studio.files([(board, "metrics")])

    assert pictures == [plots.file(board, "metrics")]


def test_a_closed_studio_leaves_no_process(board, monkeypatch) -> None:
    monkeypatch.setattr(hardware, "cores", lambda: 2)
    studio = apart.Studio()
    studio.open()
    pid = studio.process.pid

    studio.close()
    studio.close()

    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)


def test_a_single_core_draws_by_itself(board, monkeypatch) -> None:
    monkeypatch.setattr(hardware, "cores", lambda: 1)
    with closing(apart.Studio()) as studio:
        studio.open()

        pictures = studio.files([(board, name) for name in plots.names(board)])

        assert studio.process is None
    assert pictures == [plots.file(board, name) for name in plots.names(board)]
