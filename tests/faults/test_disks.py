"""A full disk, a disk that cannot be written, and two runs on one store."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from recbench.errors import DataError
from recbench.results.store import Store
from recbench.runner import run

SUITE = "tiny/top-n"
NEIGHBOURS = [f"neighbour[number={i},pause=0.0]" for i in range(6)]


def mount(folder: Path, options: str) -> str:
    """Mount a small file system in memory; return why that is not possible."""
    folder.mkdir(exist_ok=True)
    if sys.platform != "linux":
        return "only Linux has tmpfs"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 KiB, which holds a few records."""
    folder = tmp_path / "small"
    if reason := mount(folder, "size=48k"):
        pytest.skip(f"a small disk cannot be mounted here: {reason}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def test_a_full_disk_keeps_what_was_told_and_says_what_to_do(
    bench, small: Path
) -> None:
    told: list[str] = []

    def listen(name: str, data) -> None:
        if name == "cell-finished":
            told.append(data["record"].key)

    with pytest.raises(DataError) as caught:
        bench.run(NEIGHBOURS, small, listener=listen)
    store = Store(small)

    assert "No space left on device" in str(caught.value)
    assert f"under {small}" in str(caught.value)
    assert "--out" in str(caught.value)
    assert 0 < len(told) < len(NEIGHBOURS)
    assert {r.key for r in store.records(SUITE)} >= set(told)
    assert store.damaged(SUITE) == []
    assert list(small.rglob(".*.tmp")) == []

    remount(small, "size=10m")
    held = len(store.records(SUITE))
    result = bench.run(NEIGHBOURS, small)
    assert {r.status for r in result.records} == {"ok"}
    assert result.ran == len(NEIGHBOURS) - held


def test_room_that_is_made_in_time_saves_the_run(
    bench, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is tried again after a pause, in which somebody frees space."""

    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        remount(small, "size=10m")

    monkeypatch.setattr(run.time, "sleep", sleep)
    result = bench.run(NEIGHBOURS, small)

    assert {r.status for r in result.records} == {"ok"}
    assert len(pauses) == 1


def test_a_store_that_cannot_be_written_is_said_before_the_work(
    bench, small: Path
) -> None:
    bench.run(["neighbour"], small)
    remount(small, "ro")
    events: list[str] = []
    with pytest.raises(DataError) as caught:
        bench.run(NEIGHBOURS, small, listener=lambda name, _: events.append(name))

    assert f"records cannot be written under {small}" in str(caught.value)
    assert events == []
    assert len(Store(small).records(SUITE)) == 1  # which can still be read


def test_a_store_below_a_file_cannot_be_written(bench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="choose another folder with --out"):
        bench.run(["neighbour"], tmp_path / "file" / "below")


def test_two_runs_at_once_on_one_store_harm_nothing(bench, tmp_path: Path) -> None:
    """Both do all the work: the store needs no lock to stay whole."""
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(bench.run(NEIGHBOURS, tmp_path)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = Store(tmp_path)

    assert [r.exit_code for r in results] == [0, 0]
    assert store.damaged(SUITE) == []
    assert len(store.records(SUITE)) == len(NEIGHBOURS)
    assert len({r.blobs["lists"] for r in store.attempts(SUITE)}) == 1


def test_a_deleted_working_directory_does_not_matter(
    bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    [record] = bench.run(["neighbour"], tmp_path / "out").records
    os.chdir("/")

    assert record.status == "ok"
