"""Views: what is written is read, privately, and without what is asked later."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest

from recbench.features import Categories, Numbers, Text
from recbench.interactions import Interactions
from recbench.runner import view

sys.path.insert(0, str(Path(__file__).parents[2] / "faults"))

from faulty_view import small, write_small

COLUMNS = ("users", "items", "ratings", "timestamps")


def hashes(folder: Path) -> dict[str, str]:
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()
    }


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_small(tmp_path)
    wrote, read = small(), view.read(tmp_path)

    for part in ("train", "validation", "history"):
        one, other = getattr(wrote, part), getattr(read, part)
        for column in COLUMNS:
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column))
            assert getattr(one, column).dtype == getattr(other, column).dtype
        for name in ("n_users", "n_items", "scale", "threshold"):
            assert getattr(one, name) == getattr(other, name)
    for name in ("candidates", "keys", "ask_users", "ask_items"):
        np.testing.assert_array_equal(getattr(wrote, name), getattr(read, name))
    for name in ("task", "relevance", "seen", "k"):
        assert getattr(wrote, name) == getattr(read, name)


def test_features_of_every_kind_are_read(tmp_path: Path) -> None:
    write_small(tmp_path)
    wrote = small().train.item_features
    read = view.read(tmp_path).train.item_features

    assert wrote is not None
    assert read is not None
    assert list(read.columns) == ["genre", "year", "title"]
    for name, column in wrote.columns.items():
        other = read.columns[name]
        assert type(other) is type(column)
        fields = {
            Categories: ("offsets", "codes", "names"),
            Numbers: ("values",),
            Text: ("values",),
        }[type(column)]
        for field in fields:
            np.testing.assert_array_equal(getattr(column, field), getattr(other, field))
    np.testing.assert_array_equal(wrote.matrix().toarray(), read.matrix().toarray())


def test_columns_that_are_missing_stay_missing(tmp_path: Path) -> None:
    table = Interactions(
        users=np.array([0], dtype=np.int32),
        items=np.array([0], dtype=np.int32),
        n_users=1,
        n_items=1,
    )
    from dataclasses import replace

    bare = replace(small(), train=table, validation=table, history=table)
    view.write(bare, tmp_path)
    read = view.read(tmp_path)

    assert read.train.ratings is None
    assert read.train.timestamps is None
    assert read.train.user_features is None
    assert read.train.scale is None


def test_a_write_into_a_view_changes_neither_file_nor_other_readers(
    tmp_path: Path,
) -> None:
    write_small(tmp_path)
    before = hashes(tmp_path)
    one, other = view.read(tmp_path), view.read(tmp_path)
    assert one.train.ratings is not None
    one.train.items[:] = 2
    one.train.ratings[:] = 0

    assert hashes(tmp_path) == before
    assert other.train.items.tolist() == [0, 1, 2, 1]
    assert view.read(tmp_path).train.items.tolist() == [0, 1, 2, 1]


def test_torch_may_write_into_a_view_in_place(tmp_path: Path) -> None:
    """A read-only mapping kills the process here: torch knows no such arrays."""
    torch = pytest.importorskip("torch")
    write_small(tmp_path)
    before = hashes(tmp_path)
    read = view.read(tmp_path)
    torch.from_numpy(read.train.ratings).fill_(9)

    assert read.train.ratings is not None
    assert read.train.ratings.tolist() == [9, 9, 9, 9]
    assert hashes(tmp_path) == before


def test_questions_leave_the_folder_and_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "view"
    write_small(folder)
    questions = view.take_questions(folder)

    assert not [p for p in folder.iterdir() if "ask" in p.name]
    assert len(view.read(folder).ask_users) == 0
    archive = tmp_path / "questions.npz"
    archive.write_bytes(questions)
    asked = view.answerable(view.read(folder), archive)
    assert asked.ask_users.tolist() == [0, 2]
    assert asked.ask_items.tolist() == []
    assert not archive.exists()


def test_the_fingerprint_depends_on_every_byte_and_name(tmp_path: Path) -> None:
    write_small(tmp_path)
    before = view.fingerprint(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        assert view.fingerprint(tmp_path) != before, path.name
        path.write_bytes(data)
    assert view.fingerprint(tmp_path) == before
    (tmp_path / "keys.npy").rename(tmp_path / "keyz.npy")
    assert view.fingerprint(tmp_path) != before


def test_two_writings_have_one_fingerprint(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_small(tmp_path / name)

    assert view.fingerprint(tmp_path / "one") == view.fingerprint(tmp_path / "two")


def test_rules_remove_validation_items_at_the_end_only() -> None:
    small_view = small()
    during, final = (small_view.rules(final=f) for f in (False, True))

    assert during.seen is not None
    assert final.seen is not None
    assert len(during.seen) == 4
    assert len(final.seen) == 5


def test_queries_hold_what_a_user_did_oldest_first() -> None:
    users, no_times = np.array([0, 2], dtype=np.int32), np.zeros(0, dtype=np.int64)
    queries = small().queries(users, no_times, final=False)

    assert queries.users.tolist() == [0, 2]
    assert queries.offsets.tolist() == [0, 2, 3]
    assert queries.items.tolist() == [0, 1, 2]
