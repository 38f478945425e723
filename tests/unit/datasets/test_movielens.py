"""The editions of MovieLens, from every source, against the original files."""

import csv
import hashlib
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from recbench.datasets import movielens, wheel
from recbench.datasets.editions import EDITIONS, edition
from recbench.errors import DataError

UNREACHABLE = replace(edition("ml-100k"), site="https://127.0.0.1:9")


def features_of(table):
    """Return all features as plain lists."""
    found = {}
    for side in ("user", "item"):
        for name, column in getattr(table, f"{side}_features").columns.items():
            if hasattr(column, "offsets"):
                rows = np.split(column.names[column.codes], column.offsets[1:-1])
                found[side, name] = [list(row) for row in rows]
            else:
                found[side, name] = column.values.tolist()
    return found


@pytest.fixture
def original(shared, context):
    folder = shared("ml-100k")
    made, _ = context(folder)
    return movielens.load("ml-100k", made)


def fake_wheel(shared, zipped, spoil=""):
    """Return a wheel of the layout of recbole's, made from the original files.

    Its tables equal the real ones: the checksums that the loader knows say so.
    """
    folder = shared("ml-100k")
    u_data = (folder / "u.data").read_bytes()
    head = b"user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    users = (folder / "u.user").read_bytes().replace(b"|", b"\t")
    lines = [
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"
    ]
    genres = [
        line.split("|")[0]
        for line in (folder / "u.genre").read_text().splitlines()
        if line
    ]
    for line in (folder / "u.item").read_text(encoding="latin-1").splitlines():
        fields = line.split("|")
        title, _, year = fields[1].rstrip().removesuffix(")").rpartition(" (")
        if not title:
            title = year = "unkonwn"
        names = [g for g, flag in zip(genres, fields[5:], strict=True) if flag == "1"]
        lines.append("\t".join((fields[0], title, year, " ".join(names))))
    base = "recbole/dataset_example/ml-100k/ml-100k"
    tables = {
        f"{base}.inter": head + u_data,
        f"{base}.item": ("\n".join(lines) + "\n").encode(),
        f"{base}.user": b"a:token\tb\tc\td\te\n" + users,
    }
    if spoil:
        spoilt = tables[f"{base}.{spoil}"]
        tables[f"{base}.{spoil}"] = spoilt[:-2] + b"0\n"
    code = "raise RuntimeError('code of the wheel was run')\n"
    return zipped({"recbole/__init__.py": code, **tables})


def serve_wheel(monkeypatch, content):
    def pip(command, **_options):
        folder = command[command.index("-d") + 1]
        name = f"{folder}/recbole-1.2.1-py3-none-any.whl"
        with open(name, "wb") as file:  # noqa: PTH123
            file.write(content)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(wheel.subprocess, "run", pip)


def test_ml_100k_is_the_file_row_by_row(original, shared):
    rows = [
        list(map(int, line.split("\t")))
        for line in (shared("ml-100k") / "u.data").read_text().splitlines()
    ]
    table = original.interactions

    assert original.user_ids[table.users].tolist() == [r[0] for r in rows]
    assert original.item_ids[table.items].tolist() == [r[1] for r in rows]
    assert table.ratings.tolist() == [r[2] for r in rows]
    assert table.timestamps.tolist() == [r[3] for r in rows]
    assert original.user_ids.dtype == np.int64
    assert (np.diff(original.user_ids) > 0).all()
    assert (np.diff(original.item_ids) > 0).all()
    assert table.scale == (1.0, 5.0)


def test_ml_100k_features_are_those_of_the_files(original, shared):
    found = features_of(original.interactions)
    users = [
        line.split("|")
        for line in (shared("ml-100k") / "u.user").read_text().splitlines()
    ]

    assert found["user", "age"] == [float(row[1]) for row in users]
    assert found["user", "gender"] == [[row[2]] for row in users]
    assert found["user", "occupation"] == [[row[3]] for row in users]
    assert found["item", "title"][0] == "Toy Story (1995)"
    assert found["item", "year"][0] == 1995
    assert found["item", "genres"][0] == ["Animation", "Children's", "Comedy"]
    assert found["item", "title"][542] == "Misérables, Les (1995)"
    assert found["item", "title"][266] == "unknown"
    assert np.isnan(found["item", "year"][266])
    assert found["item", "year"][1411] == 1995  # "... (1995) (V)"


@pytest.mark.parametrize("name", ["u1", "u2", "u3", "u4", "u5", "ua", "ub"])
def test_ml_100k_folds_are_the_published_files_byte_for_byte(original, shared, name):
    table, rows = original.interactions, original.folds[name]
    users = original.user_ids[table.users[rows]]
    items = original.item_ids[table.items[rows]]
    order = np.lexsort((items, users))
    columns = (users, items, table.ratings[rows].astype(int), table.timestamps[rows])
    lines = ["\t".join(map(str, row)) for row in np.stack(columns, 1)[order]]
    found = "\n".join(lines) + "\n"

    assert found.encode() == (shared("ml-100k") / f"{name}.test").read_bytes()
    assert (np.diff(rows) > 0).all()


def test_every_source_of_ml_100k_yields_the_same(  # noqa: PLR0917 - fixtures
    original, shared, context, zipped, site, monkeypatch
):
    folder, address = site
    names = ("u.data", "u.item", "u.user")
    files = {f"ml-100k/{n}": (shared("ml-100k") / n).read_bytes() for n in names}
    packed = zipped({**files, "ml-100k/README": "not read"})
    (folder / "ml-100k.zip").write_bytes(packed)
    here = replace(
        edition("ml-100k"), site=address, sha256=hashlib.sha256(packed).hexdigest()
    )

    made, lines = context()
    published = movielens.load_edition(here, made, loopback=True)
    again = movielens.load_edition(
        replace(here, site="https://127.0.0.1:9"), replace(made, offline=True)
    )
    serve_wheel(monkeypatch, fake_wheel(shared, zipped))
    wheels, wheel_lines = context()
    monkeypatch.setattr(movielens, "_from_publisher", unreachable)
    from_wheel = movielens.load_edition(
        UNREACHABLE, replace(wheels, cache=wheels.cache / "other")
    )

    assert f"{address}/ml-100k.zip" in published.source
    assert "downloaded before" in again.source
    assert "recbole==1.2.1" in from_wheel.source
    assert any("read from" in line and address in line for line in lines)
    assert any("does not serve" in line for line in wheel_lines)
    for other in (published, again, from_wheel):
        assert other.fingerprint() == original.fingerprint()
        np.testing.assert_equal(
            features_of(other.interactions), features_of(original.interactions)
        )
        assert other.folds.keys() == original.folds.keys()
        for name, rows in other.folds.items():
            np.testing.assert_array_equal(rows, original.folds[name])


def unreachable(*_args, **_options):
    msg = "files.example cannot be reached"
    raise DataError(msg)


@pytest.mark.parametrize("end", ["inter", "item", "user"])
def test_a_wheel_with_another_table_is_refused(
    shared, context, zipped, monkeypatch, end
):
    serve_wheel(monkeypatch, fake_wheel(shared, zipped, spoil=end))
    monkeypatch.setattr(movielens, "_from_publisher", unreachable)
    made, _ = context()

    with pytest.raises(DataError, match=r"SHA-256 (is )?\w{64}, not \w{64}"):
        movielens.load("ml-100k", made)


def test_a_folder_with_an_edited_table_is_refused(shared, context, tmp_path):
    edited = tmp_path / "edited"
    edited.mkdir()
    for name in ("u.data", "u.item", "u.user"):
        content = (shared("ml-100k") / name).read_bytes()
        (edited / name).write_bytes(content.replace(b"\t3\t", b"\t4\t", 1))
    made, lines = context(edited, offline=True)

    with pytest.raises(DataError, match="not the original: its SHA-256 is"):
        movielens.load("ml-100k", made)
    assert any("does not serve" in line for line in lines)


def test_nothing_serves_says_why_and_what_to_do(context, tmp_path):
    made, _ = context(tmp_path, offline=True)

    with pytest.raises(DataError) as error:
        movielens.load("ml-25m", made)

    message = str(error.value)
    assert "offline" in message
    assert "ratings.csv, movies.csv" in message
    assert "RECBENCH_DATA" in message


def test_ml_latest_small_is_the_file_row_by_row(shared, context):
    folder = shared("ml-latest-small")
    made, _ = context(folder.parent)
    dataset = movielens.load("ml-latest-small", made)
    with (folder / "ratings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "movies.csv").open(newline="", encoding="utf-8") as file:
        movies = {int(row["movieId"]): row for row in csv.DictReader(file)}
    table = dataset.interactions
    titles = table.item_features.columns["title"].values
    genres = features_of(replace(table, user_features=table.item_features))

    assert dataset.source == str(folder)
    assert dataset.user_ids[table.users].tolist() == [int(r["userId"]) for r in rows]
    assert dataset.item_ids[table.items].tolist() == [int(r["movieId"]) for r in rows]
    assert table.ratings.tolist() == [float(r["rating"]) for r in rows]
    assert table.timestamps.tolist() == [int(r["timestamp"]) for r in rows]
    assert titles.tolist() == [movies[i]["title"].strip() for i in dataset.item_ids]
    assert genres["item", "genres"] == [
        [] if "(no" in movies[i]["genres"] else movies[i]["genres"].split("|")
        for i in dataset.item_ids
    ]


def test_ml_1m_in_the_publishers_layout(shared, context, zipped, site):
    source = shared("ml-1m")
    folder, address = site
    columns = np.loadtxt(
        source / "ratings.csv", delimiter=",", skiprows=1, dtype=np.int64
    ).T
    times = 956_703_932 + np.arange(columns.shape[1]) // 7
    lines = [
        f"{u}::{i}::{r}::{t}"
        for u, i, r, t in zip(*columns[:3].tolist(), times.tolist(), strict=True)
    ]
    packed = zipped(
        {
            "ml-1m/ratings.dat": "\n".join(lines) + "\n",
            "ml-1m/movies.dat": (source / "movies.dat").read_bytes(),
            "ml-1m/users.dat": (source / "users.dat").read_bytes(),
        }
    )
    (folder / "ml-1m.zip").write_bytes(packed)
    sha256 = hashlib.sha256(packed).hexdigest()
    here = replace(edition("ml-1m"), site=address, sha256=sha256)
    made, _ = context()
    # the synthetic archive may be longer than the real one
    dataset = movielens.load_edition(
        replace(here, archive_bytes=len(packed)), made, loopback=True
    )
    table = dataset.interactions

    np.testing.assert_array_equal(dataset.user_ids[table.users], columns[0])
    np.testing.assert_array_equal(dataset.item_ids[table.items], columns[1])
    np.testing.assert_array_equal(table.ratings, columns[2])
    np.testing.assert_array_equal(table.timestamps, times)
    assert (table.n_users, table.n_items) == (6_040, 3_706)
    found = features_of(table)
    assert found["user", "gender"][:2] == [["F"], ["M"]]
    assert found["user", "age"][:3] == [1.0, 56.0, 25.0]
    assert found["user", "occupation"][:2] == [["K-12 student"], ["self-employed"]]
    assert found["item", "title"][0] == "Toy Story (1995)"
    known = (source / "movies.dat").read_text(encoding="latin-1").splitlines()
    by_id = {int(line.split("::")[0]): line.split("::") for line in known}
    assert found["item", "title"] == [by_id[i][1].strip() for i in dataset.item_ids]
    assert found["item", "genres"] == [
        sorted(by_id[i][2].split("|"), key=by_id[i][2].split("|").index)
        for i in dataset.item_ids
    ]


TINY_CSV = {
    "ratings.csv": "userId,movieId,rating,timestamp\n7,20,3.5,978300760\n"
    "2,10,0.5,978300761\n2,20,5.0,978300762\n",
    "movies.csv": 'movieId,title,genres\n10,"Rose, The (1979)",Drama\n'
    "20,Café (2001),(no genres listed)\n30,Unrated (2002),Action|Comedy\n",
}
TINY_DAT = {
    "ratings.dat": "7::20::3.5::978300760\n2::10::0.5::978300761\n"
    "2::20::5::978300762\n",
    "movies.dat": "10::Rose, The (1979)::Drama\n20::Café (2001)::(no genres listed)\n"
    "30::Unrated (2002)::Action|Comedy\n",
}


@pytest.mark.parametrize("with_md5", [True, False], ids=["md5 beside it", "no md5"])
@pytest.mark.parametrize("name", ["ml-10m", "ml-20m", "ml-25m", "ml-32m"])
def test_every_large_edition_in_its_layout(context, zipped, site, name, with_md5):
    folder, address = site
    full = edition(name)
    files = TINY_DAT if name == "ml-10m" else TINY_CSV
    packed = zipped({f"{full.folder}/{n}": text for n, text in files.items()})
    (folder / f"{name}.zip").write_bytes(packed)
    if with_md5:
        md5 = hashlib.md5(packed).hexdigest()
        (folder / f"{name}.zip.md5").write_text(f"MD5 ({name}.zip) = {md5}\n")
    here = replace(
        full, site=address, rows=3, n_users=2, n_items=2, sha256=None, md5=None
    )
    made, _ = context()
    dataset = movielens.load_edition(here, made, loopback=True)
    table = dataset.interactions

    assert dataset.user_ids.tolist() == [2, 7]
    assert dataset.item_ids.tolist() == [10, 20]
    assert table.users.tolist() == [1, 0, 0]
    assert table.items.tolist() == [1, 0, 1]
    assert table.ratings.tolist() == [3.5, 0.5, 5.0]
    assert table.timestamps.tolist() == [978300760, 978300761, 978300762]
    found = table.item_features.columns
    assert found["title"].values.tolist() == ["Rose, The (1979)", "Café (2001)"]
    assert found["year"].values.tolist() == [1979, 2001]
    assert found["genres"].names.tolist() == ["Drama"]
    assert found["genres"].offsets.tolist() == [0, 1, 1]


def test_an_archive_that_differs_from_the_published_md5_is_refused(
    context, zipped, site
):
    folder, address = site
    packed = zipped({f"ml-10M100K/{n}": text for n, text in TINY_DAT.items()})
    (folder / "ml-10m.zip").write_bytes(packed)
    (folder / "ml-10m.zip.md5").write_text("0" * 32 + "  ml-10m.zip\n")
    here = replace(edition("ml-10m"), site=address, rows=3, n_users=2, md5=None)
    made, _ = context()

    with pytest.raises(DataError, match=r"its MD5 is \w{32}, not 0{32}"):
        movielens.load_edition(here, made, loopback=True)
    assert list(made.cache.iterdir()) == []


def test_a_table_with_missing_rows_is_refused(context, tmp_path):
    folder = tmp_path / "ml-20m"
    folder.mkdir()
    for name, text in TINY_CSV.items():
        (folder / name).write_text(text)
    made, _ = context(tmp_path, offline=True)

    with pytest.raises(DataError, match=r"holds 3 ratings of 2 users.*has 20,000,263"):
        movielens.load("ml-20m", made)


def test_a_zip_in_the_data_folder_serves(context, zipped, tmp_path):
    packed = zipped({f"ml-20m/{n}": text for n, text in TINY_CSV.items()})
    (tmp_path / "ml-20m.zip").write_bytes(packed)
    here = replace(edition("ml-20m"), rows=3, n_users=2, n_items=2)
    made, _ = context(tmp_path, offline=True)

    dataset = movielens.load_edition(here, made)

    assert dataset.source == str(tmp_path / "ml-20m.zip")


def test_the_cards_and_the_loaders_agree():
    for entry in EDITIONS:
        loader = getattr(movielens, entry.name.replace("-", "_"))
        assert loader.args == (entry.name,)


@pytest.mark.skipif(
    "not __import__('os').environ.get('RECBENCH_TEST_INDEX')",
    reason="asks the Python package index: set RECBENCH_TEST_INDEX=1",
)
def test_the_real_wheel_yields_the_original(original, context, monkeypatch):
    monkeypatch.setattr(movielens, "_from_publisher", unreachable)
    made, _ = context()
    dataset = movielens.load("ml-100k", made)

    assert dataset.source == "recbole==1.2.1 from the Python package index"
    assert dataset.fingerprint() == original.fingerprint()
    np.testing.assert_equal(
        features_of(dataset.interactions), features_of(original.interactions)
    )
