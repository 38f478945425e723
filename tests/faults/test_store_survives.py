"""The store at every point where it can be cut: acknowledged means stored, whole."""

import os
import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from store_world import SUITE, Crash, blobs, failing, record, whole

from recbench.results import atomic
from recbench.results.merge import merge
from recbench.results.store import Store

ERRORS = [Crash(), OSError(28, "No space left"), OSError(5, "Input/output error")]


def calls_of_an_add() -> int:
    with tempfile.TemporaryDirectory() as folder, failing(None, Crash()) as state:
        Store(Path(folder)).add(record(1), blobs(1))
        return state.count


@pytest.mark.parametrize("error", ERRORS, ids=["crash", "full disk", "bad disk"])
def test_an_add_that_fails_at_any_call_leaves_all_or_nothing(
    tmp_path: Path, error: BaseException
) -> None:
    """Every call to the system in turn, until the store gets through unharmed."""
    store = Store(tmp_path)
    before = store.add(record(0), blobs(0))
    total = calls_of_an_add()
    assert total >= 10
    for at in range(1, total + 1):
        acknowledged = False
        try:
            with failing(at, error):
                store.add(record(at), blobs(at))
                acknowledged = True
        except (Crash, OSError):
            pass
        found = whole(store)
        assert before.key in found
        assert not acknowledged or record(at).key in found
        again = store.add(record(at), blobs(at))  # another try always gets through
        assert whole(store)[again.key] == again


@pytest.mark.parametrize("error", ERRORS[1:], ids=["full disk", "bad disk"])
def test_a_failed_add_leaves_no_temporary_file(tmp_path: Path, error: OSError) -> None:
    for at in range(1, calls_of_an_add() + 1):
        try:
            with failing(at, error):
                Store(tmp_path).add(record(at), blobs(at))
        except OSError:
            assert list(tmp_path.rglob("*.tmp")) == [], at


def test_without_a_temporary_file_a_crash_tears_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The protection taken away: the write goes to the final name."""

    def in_place(path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with path.open("xb") as file:
            file.write(data)

    monkeypatch.setattr(atomic, "write", in_place)
    store, torn = Store(tmp_path), 0
    for at in range(1, 10):
        try:
            with failing(at, Crash()):
                store.add(record(at), blobs(at))
        except Crash:
            torn += len(store.damaged(SUITE))

    assert torn > 0


def test_folders_on_the_way_are_synced_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new name is kept by its folder, and the folder by the one above."""
    synced: list[Path] = []
    monkeypatch.setattr(atomic, "sync_folder", synced.append)
    atomic.write(tmp_path / "a" / "b" / "file", b"data")

    assert set(synced) == {tmp_path / "a" / "b", tmp_path / "a", tmp_path}


def test_a_folder_that_the_disk_did_not_keep_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.fsync, []

    def fsync(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:  # the first is that of the file
            raise OSError(5, "Input/output error")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output"):
        atomic.write(tmp_path / "file", b"data")


def test_a_folder_that_cannot_be_synced_is_as_good_as_it_gets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems answer so."""
    real, calls = os.fsync, []

    def fsync(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(22, "Invalid argument")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    atomic.write(tmp_path / "file", b"data")

    assert (tmp_path / "file").read_bytes() == b"data"


def test_only_old_temporary_files_are_swept(tmp_path: Path) -> None:
    old, young = tmp_path / ".a.1.tmp", tmp_path / ".b.2.tmp"
    for path in (old, young, tmp_path / "kept.json"):
        path.write_text("")
    os.utime(old, (0, 0))

    assert atomic.sweep(tmp_path) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [".b.2.tmp", "kept.json"]


class StoreMachine(RuleBasedStateMachine):
    """Two stores that are added to, cut, damaged, merged and read in any order."""

    def __init__(self) -> None:
        super().__init__()
        shm = Path("/dev/shm")
        self.root = Path(tempfile.mkdtemp(dir=shm if shm.is_dir() else None))
        self.patch = pytest.MonkeyPatch()  # what a sync costs is not the question here
        self.patch.setattr(os, "fsync", lambda _handle: None)
        self.stores = [Store(self.root / "one"), Store(self.root / "two")]
        self.told: list[dict[str, str]] = [{}, {}]  # key to status, acknowledged
        self.clock = 0
        self.hurt: list[set[Path]] = [set(), set()]

    which = st.integers(0, 1)
    number = st.integers(0, 4)
    status = st.sampled_from(["ok", "failed", "interrupted"])

    def tell(self, which: int, key: str, status: str) -> None:
        """Note what was acknowledged; a success is never hidden again."""
        held = self.told[which]
        if held.get(key) != "ok":
            held[key] = status

    @rule(which=which, number=number, status=status)
    def add(self, which: int, number: int, status: str) -> None:
        self.clock += 1
        made = record(number, status=status, started=self.clock)
        self.stores[which].add(made, blobs(number) if status == "ok" else None)
        self.tell(which, made.key, status)

    @rule(
        which=which, number=number, at=st.integers(1, 25), error=st.sampled_from(ERRORS)
    )
    def add_that_is_cut(
        self, which: int, number: int, at: int, error: BaseException
    ) -> None:
        self.clock += 1
        made = record(number, started=self.clock)
        try:
            with failing(at, error):
                self.stores[which].add(made, blobs(number))
        except (Crash, OSError):
            return
        self.tell(which, made.key, "ok")

    @rule(source=which)
    def merge(self, source: int) -> None:
        target = 1 - source
        if self.stores[source].suites():
            merge(self.stores[source].root, self.stores[target].root)
            readable = {r.key: r.status for r in self.stores[source].records(SUITE)}
            for key, status in readable.items():
                self.tell(target, key, status)

    @rule(source=which, at=st.integers(1, 25))
    def merge_that_is_cut(self, source: int, at: int) -> None:
        if self.stores[source].suites():
            try:
                with failing(at, Crash()):
                    merge(self.stores[source].root, self.stores[1 - source].root)
            except Crash:
                pass

    @precondition(lambda self: any(s.suites() for s in self.stores))
    @rule(which=which, pick=st.randoms(use_true_random=False), cut=st.booleans())
    def damage(self, which: int, pick, cut: bool) -> None:
        """A file rots: it is found, left out, and its cell is no longer promised."""
        store = self.stores[which]
        files = sorted(p for p, _ in store.files(SUITE))
        if not files:
            return
        path = pick.choice(files)
        data = path.read_bytes()
        path.write_bytes(
            data[: len(data) // 2] if cut else data.replace(b"ease", b"eese")
        )
        self.hurt[which].add(path)
        key = path.parent.name
        left = {r.key: r.status for r in store.records(SUITE)}
        self.told[which].pop(key, None)
        if key in left:
            self.told[which][key] = left[key]

    @invariant()
    def what_was_told_is_stored_and_whole(self) -> None:
        for store, told, hurt in zip(self.stores, self.told, self.hurt, strict=True):
            assert {d.path for d in store.damaged(SUITE)} <= hurt
            found = {r.key: r for r in store.records(SUITE)}
            for key, status in told.items():
                assert key in found
                assert status != "ok" or found[key].status == "ok"
            for held in store.attempts(SUITE):
                for name in held.blobs:
                    store.arrays(held, name)

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.root)


class TestStore(StoreMachine.TestCase):
    settings = settings(max_examples=15, stateful_step_count=15, deadline=None)


@pytest.mark.slow
class TestStoreForLong(StoreMachine.TestCase):
    settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
