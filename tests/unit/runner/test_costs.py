"""What serving costs is asked for after the result, and can do it no harm."""

import time
from pathlib import Path

import pytest

import recbench
from recbench.leaderboard import columns
from recbench.runner import costs


class Saved:
    def save(self, path: Path) -> None:
        path.mkdir()
        (path / "weights").write_bytes(b"x" * 2**20)
        (path / "more").write_bytes(b"x" * 2**19)


class Broken:
    def save(self, path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("the disk is full")


def test_latency_is_the_median_of_single_questions() -> None:
    asked = []

    def serve(row: int) -> None:
        asked.append(row)
        time.sleep(0.02 if len(asked) == 1 else 0.002)

    found = costs.latency(serve, 1000, spent=0.0, deadline=None)

    assert found is not None
    assert 0.002 <= found < 0.02
    assert 2 <= len(asked) <= costs.CALLS + 1
    assert max(asked) < 1000
    assert len(set(asked[1:])) == len(asked[1:])


def test_few_questions_are_asked_again() -> None:
    asked = []
    costs.latency(asked.append, 2, spent=0.0, deadline=None)

    assert set(asked) == {0, 1}


def test_no_question_has_no_latency() -> None:
    assert costs.latency(lambda _row: None, 0, spent=0.0, deadline=None) is None


def test_a_model_that_raises_when_asked_again_has_no_latency() -> None:
    def serve(row: int) -> None:
        if row:
            raise RuntimeError("not twice")

    assert costs.latency(serve, 100, spent=0.0, deadline=None) is None


def test_nothing_is_asked_when_the_deadline_is_near(tmp_path) -> None:
    soon = time.monotonic() + costs.ROOM + 1

    assert costs.latency(pytest.fail, 9, spent=5.0, deadline=soon) is None
    assert costs.latency(lambda _row: None, 9, spent=0.1, deadline=soon) is not None
    assert costs.saved_mib(Saved(), tmp_path / "s", deadline=soon - 2) is None


def test_size_is_what_save_writes_and_nothing_is_left(tmp_path) -> None:
    assert costs.saved_mib(Saved(), tmp_path / "saved", deadline=None) == 1.5
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_cannot_be_saved_has_no_size(tmp_path) -> None:
    assert costs.saved_mib(object(), tmp_path / "saved", deadline=None) is None
    assert costs.saved_mib(Broken(), tmp_path / "saved", deadline=None) is None
    assert list(tmp_path.iterdir()) == []


PLUGIN = """
import numpy as np
from recbench import ModelSpec, hookimpl

class Once:
    def fit(self, train, context):
        self.n_items, self.asked = train.n_items, 0
    def score(self, users):
        self.asked += 1
        if self.asked > 1:
            raise RuntimeError("not twice")
        return np.ones((len(users), self.n_items), dtype=np.float32)

@hookimpl
def recbench_models():
    yield ModelSpec(name="once", factory=Once, tasks=("top-n",))
"""


def test_boards_show_latency_and_size_and_no_model_fails_for_them(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "once.py").write_text(PLUGIN)
    boards = recbench.run(
        "sample/top-n",
        models=["most-popular", "mult-vae[epochs=1]", "once"],
        plugins=[str(tmp_path / "once.py")],
        out=tmp_path / "out",
        jobs=1,
        progress=False,
    )

    assert boards.exit_code == 0
    [board] = boards
    rows = {row.model: row for row in board.rows}
    assert 0 < rows["most-popular"].latency_ms < 1000 * rows["mult-vae"].fit_seconds
    assert rows["once"].latency_ms is None
    # four bytes a number, and little else
    n = rows["mult-vae"].n_parameters
    assert 4 * n / 2**20 <= rows["mult-vae"].size_mib < 8 * n / 2**20
    assert 4 * 300 / 2**20 <= rows["most-popular"].size_mib < 0.01
    assert rows["once"].size_mib is None
    shown = [column.header for column in columns.main(board)]
    assert {"Fit s", "Latency ms", "Peak MiB", "Parameters", "Size MiB"} <= set(shown)
    frame = board.to_frame()
    assert {"latency_ms", "size_mib"} <= set(frame.columns)
