"""The cache: whole or absent, checked, memory-mapped, and never in the way."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.datasets.builtin import recbench_datasets
from recbench.datasets.dataset import Dataset
from recbench.datasets.decode import DamagedError, card_hash, file_hash, read_folder
from recbench.datasets.encode import write_folder
from recbench.datasets.files import import_file, spec_for_file
from recbench.datasets.imported import imported_specs
from recbench.datasets.importing import check_free, store_imported
from recbench.datasets.places import cache_root, stored_folder
from recbench.datasets.samples import sample
from recbench.datasets.simulator import simulate
from recbench.datasets.store import open_dataset, verify_cached
from recbench.errors import DataError, PluginError, UsageError
from recbench.interactions import Interactions
from recbench.specs import DatasetSpec

SAMPLE = next(s for s in recbench_datasets() if s.name == "sample")


@dataclass(frozen=True)
class Loader:
    made: object
    version: str = ""

    def __call__(self, context):
        return self.made


def everything(dataset):
    """Return a data set as plain comparable data."""
    table = dataset.interactions
    found = {
        "name": dataset.name,
        "values": dataset.values,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "notes": tuple(dataset.notes),
        "scale": table.scale,
        "sizes": (table.n_users, table.n_items),
        "arrays": [table.users, table.items, table.ratings, table.timestamps],
        "ids": [dataset.user_ids, dataset.item_ids],
        "folds": dict(dataset.folds),
        "truth": dict(dataset.truth),
    }
    for side in ("user", "item"):
        features = getattr(table, f"{side}_features")
        columns = features.columns if features else {}
        found[side] = {
            name: [getattr(column, slot) for slot in column.__slots__]
            for name, column in columns.items()
        }
        found[f"{side} kinds"] = {n: type(c).__name__ for n, c in columns.items()}
    return found


def test_a_data_set_comes_back_as_it_was(tmp_path):
    made = sample(None)
    made = replace(
        made,
        folds={"u1": np.arange(5, dtype=np.int64), "odd/name": np.array([3])},
        notes=("one", "zwei ä"),
    )
    write_folder(tmp_path / "sample", made)
    stored = read_folder(tmp_path / "sample")

    np.testing.assert_equal(everything(stored), everything(made))
    assert stored.fingerprint() == made.fingerprint()
    assert stored.source == made.source


def test_what_is_opened_is_memory_mapped_and_read_only():
    dataset = open_dataset(SAMPLE)
    table = dataset.interactions

    assert dataset.source == "simulator (seed 20240501)"
    for array in (table.users, table.ratings, dataset.truth["preference"]):
        assert type(array) is np.ndarray
        assert isinstance(array.base, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    again = open_dataset(SAMPLE)
    assert again.source == "cache (first read from simulator (seed 20240501))"
    assert again.fingerprint() == dataset.fingerprint()
    np.testing.assert_equal(everything(again), everything(sample(None)))


def test_a_data_set_with_as_little_as_possible(tmp_path):
    made = Dataset(
        name="tiny",
        interactions=Interactions(
            users=np.zeros(1, dtype=np.int32),
            items=np.zeros(1, dtype=np.int32),
            n_users=1,
            n_items=1,
        ),
        user_ids=np.array([1]),
        item_ids=np.array(["é"]),
        values="none",
        folds={"none": np.zeros(0, dtype=np.int64)},
    )
    write_folder(tmp_path / "tiny", made)

    np.testing.assert_equal(
        everything(read_folder(tmp_path / "tiny")), everything(made)
    )


def test_every_file_of_the_cache_is_guarded():
    """Each file cut, flipped or removed: noticed, said and made again."""
    small = DatasetSpec(name="small", load=Loader(simulate(10, 10, 20, name="small")))
    good = everything(open_dataset(small))
    folder = stored_folder(small, cache_root())
    for number in range(len(list(folder.iterdir()))):
        harms = ("cut", "flip", "remove")
        for harm in harms if number in (0, 1) else (harms[number % 3],):
            path = sorted(folder.iterdir())[number]
            content = bytearray(path.read_bytes())
            path.chmod(0o644)
            if harm == "remove":
                path.unlink()
            elif harm == "cut":
                path.write_bytes(content[:-1])
            else:
                content[len(content) // 2] ^= 0x01
                path.write_bytes(content)
            absent = harm == "remove" and path.name == "dataset.json"
            lines = []
            verdict = verify_cached(small)
            dataset = open_dataset(small, log=lines.append)
            assert verdict.state == ("absent" if absent else "damaged")
            assert bool(lines) != absent
            np.testing.assert_equal(everything(dataset), good)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_change_of_the_card_is_read_or_called_damage(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp() / "card"
    if not folder.exists():
        write_folder(folder, sample(None))
        (folder / "dataset.json").chmod(0o644)
        (folder / "good.json").write_bytes((folder / "dataset.json").read_bytes())
    card = json.loads((folder / "good.json").read_text())
    key = data.draw(st.sampled_from(sorted(card)))
    card[key] = data.draw(
        st.sampled_from([None, 0, -1, "x", [], {}, [1, 2], {"users": None}, True])
    )
    if data.draw(st.booleans()):  # by one who knows how to sign it
        card.pop("sha256", None)
        card["sha256"] = card_hash(card)
    (folder / "dataset.json").write_text(json.dumps(card))
    with suppress(DamagedError):
        read_folder(folder)


def test_a_changed_word_of_the_card_is_damage(tmp_path):
    write_folder(tmp_path / "s", sample(None))
    card = tmp_path / "s" / "dataset.json"
    card.chmod(0o644)
    card.write_text(card.read_text().replace("seed 20240501", "seed 20240502"))

    with pytest.raises(DamagedError, match=r"dataset\.json was changed"):
        read_folder(tmp_path / "s")


def test_a_card_cannot_name_a_file_elsewhere(tmp_path):
    write_folder(tmp_path / "s", sample(None))
    card = tmp_path / "s" / "dataset.json"
    card.chmod(0o644)
    changed = json.loads(card.read_text())
    changed["arrays"]["users"]["file"] = "../secret.npy"
    del changed["sha256"]
    card.write_text(json.dumps({**changed, "sha256": card_hash(changed)}))

    with pytest.raises(DamagedError, match="outside of it"):
        read_folder(tmp_path / "s")


def test_a_pickle_is_never_loaded(tmp_path):
    write_folder(tmp_path / "s", sample(None))
    card = tmp_path / "s" / "dataset.json"
    card.chmod(0o644)
    changed = json.loads(card.read_text())
    evil = tmp_path / "s" / "evil.npy"
    np.save(evil, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    changed["arrays"]["users"] = {
        "file": "evil.npy",
        "bytes": evil.stat().st_size,
        "sha256": file_hash(evil),
    }
    del changed["sha256"]
    card.write_text(json.dumps({**changed, "sha256": card_hash(changed)}))

    with pytest.raises(DamagedError, match="allow_pickle"):
        read_folder(tmp_path / "s")


def test_another_schema_is_made_again():
    open_dataset(SAMPLE)
    card = stored_folder(SAMPLE, cache_root()) / "dataset.json"
    card.chmod(0o644)
    card.write_text(json.dumps(json.loads(card.read_text()) | {"schema": 0}))

    assert open_dataset(SAMPLE).source.startswith("simulator")


READ = """
import sys
from recbench.datasets.builtin import recbench_datasets
from recbench.datasets.store import open_dataset
spec = next(s for s in recbench_datasets() if s.name == "sample")
print(open_dataset(spec, log=print).source)
"""


@pytest.mark.parametrize("filled", [True, False], ids=["filled", "empty"])
def test_a_read_only_cache_serves(tmp_path, filled):
    if os.geteuid() != 0:
        pytest.skip("mounting a read-only folder takes root")
    folder = tmp_path / "ro"
    folder.mkdir()
    if filled:
        open_dataset(SAMPLE, cache_root=folder)
    mount = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    command = [sys.executable, "-c", READ]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh", *command],
        env={**os.environ, "RECBENCH_CACHE": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare failed" in done.stderr or "mount:" in done.stderr:
        pytest.skip("this machine forbids mounting")
    if filled:
        assert done.stdout.startswith("cache (first read"), done.stderr
    else:
        assert "sample: not cached, so kept in memory: cannot write" in done.stdout
        assert "RECBENCH_CACHE" in done.stdout
        assert done.stdout.rstrip().endswith("simulator (seed 20240501)")


def test_several_processes_fill_one_cache(tmp_path):
    env = {**os.environ, "RECBENCH_CACHE": str(tmp_path / "c")}
    command = [sys.executable, "-c", READ]
    running = [subprocess.Popen(command, env=env) for _ in range(4)]

    assert [one.wait() for one in running] == [0] * 4
    assert [p.name for p in (tmp_path / "c" / "datasets").iterdir()] == ["sample"]
    assert verify_cached(SAMPLE, cache_root=tmp_path / "c").state == "ok"


def test_a_loader_that_breaks_its_contract_is_named():
    spec = DatasetSpec(name="mine", load=Loader(None))
    with pytest.raises(PluginError, match="'mine': its loader returned NoneType"):
        open_dataset(spec)
    with pytest.raises(PluginError, match="calls it 'sample'"):
        open_dataset(replace(spec, load=Loader(sample(None))))
    made = replace(sample(None), name="mine", user_ids=np.arange(3))
    with pytest.raises(PluginError, match="3 user ids for 400 users"):
        open_dataset(replace(spec, load=Loader(made)))
    with pytest.raises(PluginError, match="cannot load 'nowhere:load'"):
        open_dataset(replace(spec, load="nowhere:load"))
    assert not stored_folder(spec, cache_root()).exists()


def test_a_loader_with_another_version_is_asked_again():
    first = replace(simulate(10, 10, 20, 1), name="mine")
    second = replace(simulate(10, 10, 20, 2), name="mine")
    spec = DatasetSpec(name="mine", load=Loader(first, "1"))

    assert open_dataset(spec).fingerprint() == first.fingerprint()
    newer = replace(spec, load=Loader(second, "../2"))
    assert open_dataset(newer).fingerprint() == second.fingerprint()
    assert stored_folder(newer, cache_root()).parent == cache_root() / "files"


def test_offline_by_argument_and_by_environment(monkeypatch):
    seen = []

    def load(context):
        seen.append(context.offline)
        return replace(sample(None), name="mine")

    spec = DatasetSpec(name="mine", load=load)
    open_dataset(spec, offline=True)
    monkeypatch.setenv("RECBENCH_OFFLINE", "1")
    monkeypatch.setenv("RECBENCH_CACHE", str(cache_root() / "other"))
    open_dataset(spec)
    monkeypatch.setenv("RECBENCH_CACHE", str(cache_root() / "third"))
    monkeypatch.setenv("RECBENCH_OFFLINE", "0")
    open_dataset(spec)

    assert seen == [True, True, False]


def test_offline_opens_no_connection(monkeypatch):
    import socket

    def refuse(*_args, **_options):
        pytest.fail("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(subprocess, "run", refuse)
    spec = next(s for s in recbench_datasets() if s.name == "ml-100k")

    with pytest.raises(DataError, match="no connection is opened"):
        open_dataset(spec, offline=True)


def test_a_file_is_read_again_when_it_changes(tmp_path):
    path = tmp_path / "my.csv"
    path.write_text("user,item,rating\n1,2,3\n1,3,4\n")
    first = open_dataset(spec_for_file(path))
    again = open_dataset(spec_for_file(path))
    path.write_text("user,item,rating\n1,2,3\n1,3,4\n1,4,5\n")
    changed = open_dataset(spec_for_file(path))

    assert again.source.startswith("cache")
    assert len(first.interactions) == 2
    assert len(changed.interactions) == 3


def test_an_imported_file_is_a_data_set(tmp_path):
    path = tmp_path / "my.csv"
    path.write_text("user,item,rating,time\nb,x,3,7\na,x,4,8\n")
    made = import_file(path, name="shop", scale=(1, 5))
    store_imported(made)
    (spec,) = imported_specs()
    path.unlink()
    dataset = open_dataset(spec)

    assert (spec.name, spec.values, spec.scale) == ("shop", "explicit", (1.0, 5.0))
    assert (spec.has, spec.size) == (("ratings", "timestamps"), (2, 2, 1))
    assert dataset.fingerprint() == made.fingerprint()
    assert verify_cached(spec).state == "ok"
    with pytest.raises(UsageError, match="imported already: add --replace"):
        check_free("shop")
    check_free("shop", replace=True)


def test_a_damaged_import_says_how_to_repeat_it(tmp_path):
    path = tmp_path / "my.csv"
    path.write_text("user,item,rating\nb,x,3\na,x,4\n")
    folder = store_imported(import_file(path))
    (spec,) = imported_specs()
    victim = next(folder.glob("*users.npy"))
    victim.chmod(0o644)
    victim.write_bytes(b"")

    with pytest.raises(DataError, match=f"recbench data import {path} --name my"):
        open_dataset(spec)


def test_imported_specs_of_a_strange_cache(tmp_path):
    root = tmp_path / "c"
    assert imported_specs(root) == []
    for name, content in (
        ("broken", "{"),
        ("list", "[]"),
        ("BAD NAME", '{"name": "BAD NAME"}'),
        ("other", '{"name": "another"}'),
        ("thin", '{"name": "thin"}'),
    ):
        (root / "imported" / name).mkdir(parents=True)
        (root / "imported" / name / "dataset.json").write_text(content)
    assert imported_specs(root) == []


def test_the_cards_need_no_numpy():
    code = (
        "import sys\n"
        "from recbench.datasets.builtin import recbench_datasets\n"
        "from recbench.datasets.imported import imported_specs\n"
        "list(recbench_datasets()); imported_specs()\n"
        "import recbench.datasets.files, recbench.datasets.places, recbench.cli.data\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'scipy', 'torch'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0
