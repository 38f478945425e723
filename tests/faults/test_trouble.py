"""What is no model's fault is told apart from what is, and only it is tried again."""

import os
import shutil
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fault_bench import NEIGHBOUR, WarmEngine

from recbench.results.store import Store
from recbench.runner import attempts, decide, launch, shelf
from recbench.runner.api import plan_request

SLOW_NEIGHBOURS = ["neighbour[number=1,pause=1.0]", "neighbour[number=2,pause=1.0]"]


@pytest.fixture(scope="module")
def alone(bench, tmp_path_factory: pytest.TempPathFactory):
    """The record of the faultless model when nothing goes wrong."""
    [record] = bench.run(["neighbour"], tmp_path_factory.mktemp("alone")).records
    return record


def test_a_full_disk_is_tried_three_times_and_is_no_result(
    bench, tmp_path: Path
) -> None:
    [record] = bench.run(["fills-the-disk"], tmp_path).records

    assert record.status == "interrupted"  # which the next run takes up
    assert record.message.startswith("not the model's fault: OSError: [Errno 28]")
    assert len(record.warnings) == 2
    assert all(w.startswith("tried again: OSError") for w in record.warnings)


def test_a_model_that_raises_is_not_tried_again(bench, tmp_path: Path) -> None:
    [record] = bench.run(["raises"], tmp_path).records

    assert record.status == "failed"
    assert record.warnings == []


def test_the_next_run_takes_up_what_was_no_models_fault(
    bench, tmp_path: Path, tiny_csv: Path
) -> None:
    bench.run(["fills-the-disk", "raises"], tmp_path)
    planned = plan_request(
        models=["fills-the-disk", "raises"],
        dataset=str(tiny_csv),
        suites=["tiny/top-n"],
        everything=False,
        seeds=[0],
        device="auto",
        threads=1,
        rerun="none",
        quick=False,
        out=tmp_path,
        plugins=[bench_plugins()],
    )

    assert {p.cell.label: p.action for p in planned} == {
        "fills-the-disk": "run",
        "raises": "cached",
    }
    assert decide.UNFINISHED == ("interrupted", "skipped")


def bench_plugins() -> str:
    return str(Path(NEIGHBOUR).parent / "faulty_models")


def kill_server_soon() -> None:
    """Kill the fork server while both cells run on it."""
    server = WarmEngine.warm[1, True]
    deadline = time.monotonic() + 30
    while len(server.children) < 2 and time.monotonic() < deadline:  # type: ignore[attr-defined]
        time.sleep(0.01)
    time.sleep(0.3)
    os.kill(server.process.pid, signal.SIGKILL)  # type: ignore[attr-defined]


def test_cells_survive_the_end_of_the_fork_server(bench, tmp_path: Path, alone) -> None:
    bench.run(["neighbour"], tmp_path / "warm")
    killer = threading.Thread(target=kill_server_soon)
    killer.start()
    records = bench.run(SLOW_NEIGHBOURS, tmp_path).records
    killer.join()

    assert [r.status for r in records] == ["ok", "ok"]
    assert {tuple(r.warnings) for r in records} == {
        ("tried again: the process that starts cells has ended",)
    }
    assert all(r.blobs == alone.blobs for r in records)


@pytest.mark.slow
def test_without_another_try_they_are_interrupted_but_never_crashed(
    bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The protection taken away: what the other try is for."""
    monkeypatch.setattr(attempts, "PAUSES", ())
    bench.run(["neighbour"], tmp_path / "warm")
    killer = threading.Thread(target=kill_server_soon)
    killer.start()
    records = bench.run(SLOW_NEIGHBOURS, tmp_path).records
    killer.join()

    assert [r.status for r in records] == ["interrupted", "interrupted"]
    assert {r.message for r in records} == {
        "not the model's fault: the process that starts cells has ended"
    }


def test_a_process_that_cannot_be_started_is_tried_again(
    bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    real = launch.ForkServer.start

    def start(self: launch.ForkServer, *args: Any) -> launch.Child:
        calls.append(1)
        if len(calls) < 3:
            msg = "cannot start a process: Resource temporarily unavailable"
            raise launch.LaunchError(msg)
        return real(self, *args)

    monkeypatch.setattr(launch.ForkServer, "start", start)
    [record] = bench.run(["neighbour"], tmp_path).records

    assert record.status == "ok"
    assert len(record.warnings) == 2


@pytest.mark.parametrize(
    "name", ["writes-to-disk", pytest.param("writes-by-map", marks=pytest.mark.slow)]
)
def test_who_writes_into_the_files_of_all_is_found_and_harms_nobody(
    bench, tmp_path: Path, alone, name: str
) -> None:
    found = {r.label: r for r in bench.run([name, *SLOW_NEIGHBOURS], tmp_path).records}

    assert found[name].status == "invalid"
    assert found[name].message == "it wrote into the files of its training data"
    for label in SLOW_NEIGHBOURS:
        assert found[label].status == "ok"
        assert found[label].blobs == alone.blobs


def test_without_the_guard_of_views_neighbours_are_harmed(
    bench, tmp_path: Path, alone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The protection taken away: the writer does change what others compute."""
    monkeypatch.setattr(shelf.Shelf, "intact", lambda *_: True)
    records = bench.run(["writes-to-disk", *SLOW_NEIGHBOURS], tmp_path).records

    assert any(r.blobs != alone.blobs for r in records if "neighbour" in r.label)


def source(tmp_path: Path) -> Path:
    """Return a copy of the faultless plugin that a test may change."""
    path = tmp_path / "changing.py"
    shutil.copy(NEIGHBOUR, path)
    return path


@pytest.mark.parametrize("how", ["changed", "removed"])
def test_a_plugin_that_changes_during_the_run_gives_no_result(
    bench, tmp_path: Path, how: str
) -> None:
    path = source(tmp_path)

    def change(name: str, _data: object) -> None:
        if name == "run-started" and how == "changed":
            path.write_text(path.read_text() + "\nCHANGED = True\n")
        elif name == "run-started":
            path.unlink()

    [record] = bench.run(
        ["neighbour"], tmp_path / "out", plugins=[str(path)], listener=change
    ).records

    assert record.status == "interrupted"
    assert "changed after the run was planned: run again" in record.message
    assert record.warnings == []  # in this run it would end the same way


def test_a_temporary_folder_without_room_is_no_models_fault(
    bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.mkdir

    def full(self: Path, *args: Any, **kwargs: Any) -> None:
        if self.name == "files" and not kwargs.get("exist_ok"):  # that of a cell
            raise OSError(28, "No space left on device", str(self))
        real(self, *args, **kwargs)

    monkeypatch.setattr(Path, "mkdir", full)
    [record] = bench.run(["neighbour"], tmp_path).records
    monkeypatch.undo()

    assert record.status == "interrupted"
    assert record.message.startswith("not the model's fault: [Errno 28] No space left")
    assert Store(tmp_path).records("tiny/top-n") == [record]
