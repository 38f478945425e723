"""The store: immutable files, named by content, that survive damage and merging."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from recbench.errors import DataError, RecbenchError
from recbench.results import atomic, canonical
from recbench.results.merge import merge
from recbench.results.migrations import upgrade
from recbench.results.record import SCHEMA, Figure, Record
from recbench.results.store import Store


def record(**changes: Any) -> Record:
    fields: dict[str, Any] = {
        "key": "a" * 64,
        "suite": "toy/top-n",
        "task": "top-n",
        "dataset": {"name": "toy", "fingerprint": "f"},
        "protocol": {},
        "protocol_hash": "p",
        "split": {"seed": 0},
        "model": "ease",
        "params": {},
        "label": "ease",
        "plugin": {"name": "x"},
        "seed": 0,
        "status": "ok",
        "metrics": {"ndcg@10": Figure(value=0.5)},
        "started": "2026-01-01T00:00:00",
    }
    return Record(**fields | changes)


BLOBS = {
    "per-user": {
        "users": np.arange(3, dtype=np.int32),
        "value:ndcg@10": np.array([0.0, 0.5, 1.0]),
        "weight:ndcg@10": np.ones(3),
    },
    "lists": {
        "users": np.arange(3, dtype=np.int32),
        "lists": np.zeros((3, 5), dtype=np.int32),
    },
}


def test_what_is_added_is_read_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    stored = store.add(record(), BLOBS)
    [read] = store.records("toy/top-n")

    assert read == stored
    assert store.suites() == ["toy/top-n"]
    assert store.per_user(read)["ndcg@10"].figure() == 0.5
    users, lists = store.lists(read)
    assert users.tolist() == [0, 1, 2]
    assert lists.shape == (3, 5)


def test_equal_content_has_equal_names_and_different_content_another(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    for _ in range(2):
        store.add(record(), BLOBS)
    store.add(record(message="other"), BLOBS)

    folder = tmp_path / "toy" / "top-n" / "results" / ("a" * 64)
    assert len(list(folder.glob("*.json"))) == 2
    assert len(list(folder.glob("*.npz"))) == 2


def test_the_newest_success_counts_and_a_later_failure_does_not_hide_it(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    store.add(record(started="2026-01-01", metrics={"rmse": Figure(value=1.0)}))
    store.add(record(started="2026-01-02", metrics={"rmse": Figure(value=2.0)}))
    store.add(record(started="2026-01-03", status="failed", metrics={}))
    [counted] = store.records("toy/top-n")

    assert counted.metrics["rmse"].value == 2.0
    assert len(store.attempts("toy/top-n")) == 3


def test_a_damaged_record_is_reported_and_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(record())
    [path] = tmp_path.rglob("*.json")
    path.write_bytes(path.read_bytes().replace(b"0.5", b"0.9"))

    assert store.records("toy/top-n") == []
    [damage] = store.damaged("toy/top-n")
    assert "does not match its name" in damage.reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"<<<<<<< HEAD", "malformed", id="merge markers"),
        pytest.param(b"[]", "no recbench record", id="no object"),
        pytest.param(b'{"schema": 99}', "upgrade recbench", id="a newer schema"),
        pytest.param(b'{"schema": 1}', "missing", id="fields are missing"),
    ],
)
def test_a_file_that_is_no_record_is_reported(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    import hashlib

    folder = tmp_path / "toy" / "top-n" / "results" / ("a" * 64)
    atomic.write(folder / f"{hashlib.sha256(data).hexdigest()}.json", data)
    [damage] = Store(tmp_path).damaged("toy/top-n")

    assert reason in damage.reason


def test_a_missing_blob_is_reported(tmp_path: Path) -> None:
    store = Store(tmp_path)
    stored = store.add(record(), BLOBS)
    next(tmp_path.rglob(stored.blobs["lists"])).unlink()

    assert "it is missing" in str(store.damaged("toy/top-n"))
    with pytest.raises(DataError, match="it is missing"):
        store.lists(stored)


def test_a_suite_name_cannot_lead_outside_the_store(tmp_path: Path) -> None:
    with pytest.raises(RecbenchError, match="outside the store"):
        Store(tmp_path / "store").add(record(suite="../../evil"))
    assert list(tmp_path.rglob("*.json")) == []


def test_merging_copies_what_is_missing_and_leaves_damage_behind(
    tmp_path: Path,
) -> None:
    one, two = Store(tmp_path / "one"), Store(tmp_path / "two")
    one.add(record(), BLOBS)
    two.add(record(key="b" * 64, label="ials"), BLOBS)
    bad = two.add(record(key="c" * 64))
    path = next((tmp_path / "two").rglob("c" * 64 + "/*.json"))
    path.write_text("{}")
    copied, present, refused = merge(tmp_path / "two", tmp_path / "one")

    assert (copied, present, len(refused)) == (3, 0, 1)
    assert [r.label for r in one.records("toy/top-n")] == ["ease", "ials"]
    assert bad.key not in {r.key for r in one.records("toy/top-n")}
    assert merge(tmp_path / "two", tmp_path / "one")[:2] == (0, 3)


def test_a_failed_write_leaves_the_old_file_and_no_temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    atomic.write(path, b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        atomic.write(path, b"new")

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical.digest({"a": 1, "b": (1, 2)}) == canonical.digest(
        {"b": [1, 2], "a": 1}
    )
    assert canonical.digest({"a": 1}) != canonical.digest({"a": 1.0})
    with pytest.raises(RecbenchError, match="no such number"):
        canonical.digest({"a": float("nan")})


def test_a_record_of_this_schema_needs_no_step() -> None:
    data = msgspec.to_builtins(record())

    assert upgrade(data) == data
    assert data["schema"] == SCHEMA


def test_many_runs_may_ask_at_once_whether_a_store_can_be_written(
    tmp_path: Path,
) -> None:
    def ask(_: int) -> None:
        Store(tmp_path / "store").require_writable()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(200)))
    assert list((tmp_path / "store").iterdir()) == []
