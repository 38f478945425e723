"""Any file of interactions: what is found out, and every mistake with its line."""

import bz2
import gzip
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.datasets.files import import_file, name_for, spec_for_file
from recbench.errors import DataError, UsageError

PLAIN = "user,item,rating,timestamp\nbob,x,5,10\nann,y,3,20\nbob,y,1,30\n"


@pytest.fixture
def write(tmp_path):
    def put(content, name="my.csv"):
        path = tmp_path / name
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        return path

    return put


def kind_of(described):
    """Return what the values are; ruff takes ``.values`` for pandas'."""
    return getattr(described, "values")  # noqa: B009 - see above


def rows_of(dataset):
    """Return the interactions with their raw ids."""
    table = dataset.interactions
    columns = [
        dataset.user_ids[table.users].tolist(),
        dataset.item_ids[table.items].tolist(),
    ]
    for column in (table.ratings, table.timestamps):
        if column is not None:
            columns.append(column.tolist())
    return list(zip(*columns, strict=True))


EXPECTED = [("bob", "x", 5.0, 10), ("ann", "y", 3.0, 20), ("bob", "y", 1.0, 30)]


def test_a_plain_file(write):
    dataset = import_file(write(PLAIN))

    assert rows_of(dataset) == EXPECTED
    assert dataset.name == "my"
    assert dataset.user_ids.tolist() == ["ann", "bob"]
    assert kind_of(dataset) == "explicit"
    assert dataset.interactions.scale == (1.0, 5.0)
    assert dataset.interactions.users.dtype == np.int32
    assert dataset.interactions.ratings.dtype == np.float32
    assert dataset.notes[0] == (
        "columns: user: user, item: item, rating: rating, timestamp: timestamp"
    )


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", "::", " "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("header", [True, False], ids=["header", "no header"])
def test_separators_line_ends_and_headers(write, separator, end, header):
    lines = PLAIN.splitlines() if header else PLAIN.splitlines()[1:]
    text = end.join(lines).replace(",", separator) + end

    assert rows_of(import_file(write(text))) == EXPECTED


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda b: b"\xef\xbb\xbf" + b, id="byte order mark"),
        pytest.param(lambda b: b.rstrip(b"\n"), id="no newline at the end"),
        pytest.param(lambda b: b + b"\n\n", id="empty lines at the end"),
        pytest.param(lambda b: b.replace(b"\nann", b"\n\nann"), id="empty line within"),
        pytest.param(lambda b: b.replace(b"bob", b'"bob"'), id="quotes"),
        pytest.param(lambda b: b.replace(b",x", b", x"), id="space before an id"),
        pytest.param(gzip.compress, id="gzip"),
        pytest.param(bz2.compress, id="bz2"),
        pytest.param(lambda b: b.replace(b"user,item", b"Item,UserID"), id="swapped"),
    ],
)
def test_oddities_that_are_read_as_they_are_meant(write, change):
    dataset = import_file(write(change(PLAIN.encode())))

    if dataset.notes[0].startswith("columns: user: UserID"):
        assert rows_of(dataset)[0][:2] == ("x", "bob")
    else:
        assert rows_of(dataset) == EXPECTED


@pytest.mark.parametrize(
    "header",
    [
        "userId,movieId,rating,timestamp",
        "reviewerID,asin,overall,unixReviewTime",
        "user_id:token,item_id:token,rating:float,timestamp:float",
        "customer,product,stars,date",
        "UID,ISBN,Book-Rating,ts",
        '"User ID","Item ID","Rating","Time"',
    ],
)
def test_names_of_columns_are_known(write, header):
    text = PLAIN.replace("user,item,rating,timestamp", header)
    if "Book" in header:
        text = text.replace("Book-Rating", "Score")

    assert rows_of(import_file(write(text))) == EXPECTED


def test_columns_can_be_stated(write):
    path = write("a,b,c,d\nbob,x,5,10\nann,y,3,20\nbob,y,1,30\n")
    columns = {"user": "a", "item": "b", "rating": "c", "timestamp": "d"}

    assert rows_of(import_file(path, columns=columns)) == EXPECTED
    swapped = import_file(path, columns={"user": "b", "item": "a"})
    assert rows_of(swapped)[0] == ("x", "bob")


def test_columns_without_a_header_have_numbers(write):
    path = write(PLAIN.partition("\n")[2])
    dataset = import_file(path, columns={"user": "2", "item": "1", "rating": "none"})

    assert rows_of(dataset)[0][:2] == ("x", "bob")
    assert kind_of(dataset) == "none"


def test_three_columns_without_a_header_may_end_in_times(write):
    dataset = import_file(write("1 2 978300760\n2 1 978300761\n"))

    assert dataset.interactions.ratings is None
    assert dataset.interactions.timestamps.tolist() == [978300760, 978300761]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        pytest.param("7 10 9", [7, 9, 10], id="integers sort as numbers"),
        pytest.param("7 010 9", ["010", "7", "9"], id="a leading zero is text"),
        pytest.param("7 1e3 9", ["1e3", "7", "9"], id="an exponent is text"),
        pytest.param("7.0 10.0 9.0", [7, 9, 10], id="floats that are whole"),
        pytest.param("-7 0 9", [-7, 0, 9], id="negative"),
        pytest.param(
            "999999999999999999 0 1", [0, 1, 999999999999999999], id="18 digits"
        ),
        pytest.param(
            "9999999999999999999 0 1", ["0", "1", "9999999999999999999"], id="too many"
        ),
        pytest.param("é z a", ["a", "z", "é"], id="text sorts by code point"),
    ],
)
def test_raw_ids(write, ids, expected):
    lines = [f"{one},x,5" for one in ids.split()]
    dataset = import_file(write("user,item,rating\n" + "\n".join(lines)))

    assert dataset.user_ids.tolist() == expected
    assert dataset.user_ids.dtype.kind == ("i" if isinstance(expected[0], int) else "U")


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        pytest.param("978300760 978300761", [978300760, 978300761], id="seconds"),
        pytest.param("978300760000 978300761999", [978300760, 978300761], id="ms"),
        pytest.param(
            "978300760000000 978300761999999", [978300760, 978300761], id="us"
        ),
        pytest.param(
            "978300760000000000 978300761000000000", [978300760, 978300761], id="ns"
        ),
        pytest.param("978300760.9 978300761.2", [978300760, 978300761], id="floats"),
        pytest.param("9.7830076e8 978300761", [978300760, 978300761], id="exponent"),
        pytest.param("3 1", [3, 1], id="an order of events"),
        pytest.param("-86400 0", [-86400, 0], id="before 1970"),
        pytest.param("2000-12-31 2001-01-01", [978220800, 978307200], id="dates"),
        pytest.param(
            "2000-12-31T22:12:40 2000-12-31T22:12:41",
            [978300760, 978300761],
            id="date and time",
        ),
        pytest.param(
            "2000-12-31T22:12:40Z 2000-12-31T22:12:41Z",
            [978300760, 978300761],
            id="UTC",
        ),
        pytest.param(
            "2000-12-31T23:12:40+01:00 2000-12-31T23:12:41+01:00",
            [978300760, 978300761],
            id="time zone",
        ),
        pytest.param(
            "2000-12-31T22:12:40.5 2000-12-31T22:12:41.75",
            [978300760, 978300761],
            id="fractions",
        ),
    ],
)
def test_times(write, times, expected):
    lines = [f"a,{n},{time}" for n, time in enumerate(times.split())]
    dataset = import_file(write("user,item,timestamp\n" + "\n".join(lines)))

    assert dataset.interactions.timestamps.dtype == np.int64
    assert dataset.interactions.timestamps.tolist() == expected


@pytest.mark.parametrize(
    ("name", "ratings", "kind", "scale"),
    [
        pytest.param("rating", "1 5 3", "explicit", (1, 5), id="stars"),
        pytest.param("rating", "0.5 5 3", "explicit", (0.5, 5), id="half stars"),
        pytest.param("rating", "-9.5 8.25 3", "explicit", (-9.5, 8.25), id="jester"),
        pytest.param("rating", "10 100 50", "explicit", (10, 100), id="percent"),
        pytest.param("value", "1 3 250", "counts", None, id="large numbers"),
        pytest.param("plays", "1 3 2", "counts", None, id="named as counts"),
        pytest.param("rating", "1 1 1", "none", None, id="all equal"),
    ],
)
def test_kind_of_values(write, name, ratings, kind, scale):
    lines = [f"a,{n},{rating}" for n, rating in enumerate(ratings.split())]
    dataset = import_file(write(f"user,item,{name}\n" + "\n".join(lines)))

    assert kind_of(dataset) == kind
    assert dataset.interactions.scale == scale
    assert (dataset.interactions.ratings is None) == (kind == "none")


def test_kind_of_values_can_be_stated(write):
    path = write("user,item,rating\na,x,2\na,y,3\n")

    assert import_file(path, scale=(1, 5)).interactions.scale == (1, 5)
    assert kind_of(import_file(path, values="counts")) == "counts"
    assert import_file(path, values="none").interactions.ratings is None


def test_repeats_are_kept_and_counted(write):
    dataset = import_file(write(PLAIN + "bob,x,4,40\nbob,x,4,40\n"))

    assert len(dataset.interactions) == 5
    assert "2 rows repeat a user-item pair; all were kept" in dataset.notes


def test_a_decimal_comma_beside_semicolons(write):
    dataset = import_file(write("user;item;rating\na;x;4,5\na;y;3\n"))

    assert dataset.interactions.ratings.tolist() == [4.5, 3.0]


def test_latin_1(write):
    dataset = import_file(
        write("user,item,rating\nJosé,x,4\nAnn,y,3\n".encode("latin-1"))
    )

    assert dataset.user_ids.tolist() == ["Ann", "José"]


BAD = {
    "empty": ("", "is empty"),
    "only spaces": (" \n \n", "is empty"),
    "only a header": ("user,item,rating\n", "has a header but no interactions"),
    "one column": ("user\nbob\nann\n", "no columns found, as in 'user'"),
    "unknown columns": ("a,b\n1,2\n", "which column holds the users"),
    "no item column": ("user,b\n1,2\n", "which column holds the items.*--item"),
    "two columns of one name": ("user,item,user\n1,2,3\n", "two columns are named"),
    "header or not": ("bob,x\nann,y\n", "cannot tell whether"),
    "text rating": (
        "user,item,rating\na,x,5\nb,y,good\n",
        r"line 3: the rating 'good' \(column 'rating'\) is not a number",
    ),
    "decimal comma": (
        'user,item,rating\na,x,5\nb,y,"4,5"\n',
        "line 3: .*use a decimal point",
    ),
    "NaN rating": ("user,item,rating\na,x,5\nb,y,nan\n", "line 3: .*not a finite"),
    "infinite rating": ("user,item,rating\na,x,5\nb,y,inf\n", "line 3: .*not a finite"),
    "missing rating": ("user,item,rating\na,x,5\nb,y,\n", "line 3: the rating.*empty"),
    "NA rating": ("user,item,rating\na,x,5\nb,y,NA\n", "line 3: the rating 'NA'"),
    "empty user": ("user,item,rating\na,x,5\n,y,3\n", "line 3: the user.*is empty"),
    "empty item": ("user,item,rating\na,x,5\nb,,3\n", "line 3: the item.*is empty"),
    "user of spaces": ("user,item,rating\na,x,5\n  ,y,3\n", "line 3: the user"),
    "too few fields": (
        "user,item,rating\na,x,5\nb,y\n",
        "line 3: 2 fields where 3 are expected",
    ),
    "too many fields": (
        "user,item,rating\na,x,5\nb,y,3,4\n",
        "line 3: 4 fields where 3 are expected",
    ),
    "empty lines are counted": (
        "user,item,rating\na,x,5\n\n\nb,y,good\n",
        "line 5: the rating 'good'",
    ),
    "bad time": (
        "user,item,timestamp\na,x,5\nb,y,yesterday\n",
        "line 3: the timestamp 'yesterday'",
    ),
    "bad date": (
        "user,item,date\na,x,2020-01-01\nb,y,soon\n",
        "line 3: the timestamp 'soon'.*not a date like",
    ),
    "mixed units": (
        "user,item,timestamp\na,x,978300760\nb,y,978300760000\n",
        "mix units",
    ),
    "open quote": ('user,item,rating\na,x,5\n"b,y,3\nc,z,1\n', "line 3"),
    "json": ('{"user": 1}\n{"user": 2}\n', "looks like JSON"),
    "page": ("<!doctype html><title>Hi</title>", r"HTML page \(title 'Hi'\)"),
    "a very long id": (
        "user,item,rating\n" + "a" * 300 + ",x,5\nb,y,1\n",
        "300 characters long",
    ),
    "zip": (b"PK\x03\x04rest", "zip archive"),
    "binary": (b"user,item\n\0\1,2\n", "is not text"),
    "UTF-16": (PLAIN.encode("utf-16"), "UTF-16"),
    "cut gzip": (gzip.compress(PLAIN.encode() * 50)[:-20], "cannot read"),
    "false Parquet": (b"PAR1 and nothing else", "not a Parquet file"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_in_a_file(write, name):
    content, message = BAD[name]
    path = write(content)

    with pytest.raises(DataError, match=message) as error:
        import_file(path)
    assert str(path) in str(error.value) or name == "mixed units" or "long" in message
    assert "\n" not in str(error.value)


def test_a_mistake_far_down_has_its_line(write):
    lines = [f"u{n % 977},i{n % 331},{1 + n % 5}" for n in range(400_000)]
    lines[345_677] = "u1,i1,oops"
    path = write("user,item,rating\n" + "\n".join(lines))

    with pytest.raises(DataError, match="line 345679: the rating 'oops'"):
        import_file(path)


def test_a_letter_that_is_not_utf_8_far_down_has_its_line(write):
    lines = [f"u{n},i{n},{1 + n % 5}".encode() for n in range(20_000)]
    lines[15_000] = "José,x,3".encode("latin-1")
    path = write(b"user,item,rating\n" + b"\n".join(lines))

    with pytest.raises(DataError, match="line 15002: this is not UTF-8"):
        import_file(path)


def test_a_missing_file_a_folder_and_an_unreadable_one(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"there is no file .*check the path"):
        import_file(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="is a folder"):
        import_file(tmp_path)
    path = tmp_path / "locked.csv"
    path.write_text(PLAIN)

    def forbidden(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(
        DataError, match=r"cannot read .*locked\.csv: Permission denied"
    ):
        import_file(path)


def test_wrong_arguments(write):
    path = write(PLAIN)

    with pytest.raises(UsageError, match="did you mean rating"):
        import_file(path, columns={"rating": "ratings"})
    with pytest.raises(UsageError, match="unknown kind of values"):
        import_file(path, values="stars")
    with pytest.raises(DataError, match="is empty: give SMALLEST,LARGEST"):
        import_file(path, scale=(5, 1))
    with pytest.raises(DataError, match=r"2 ratings lie outside.*row 1 \(5\)"):
        import_file(path, scale=(2, 4))
    with pytest.raises(DataError, match="cannot serve two"):
        import_file(path, columns={"rating": "timestamp", "timestamp": "timestamp"})
    with pytest.raises(DataError, match="has no column of ratings"):
        import_file(path, columns={"rating": "none"}, values="explicit")


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        pytest.param(pa.array(["b", "a", "b"]), ["a", "b"], id="text"),
        pytest.param(
            pa.array(["b", "a", "b"], pa.large_string()), ["a", "b"], id="large"
        ),
        pytest.param(pa.array([7, 3, 7], pa.int32()), [3, 7], id="int32"),
        pytest.param(pa.array([7, 3, 7], pa.uint64()), [3, 7], id="uint64"),
        pytest.param(pa.array([7.0, 3.0, 7.0]), [3, 7], id="whole floats"),
        pytest.param(
            pa.array(["b", "a", "b"]).dictionary_encode(), ["a", "b"], id="dictionary"
        ),
    ],
)
def test_parquet_ids(tmp_path, column, expected):
    path = tmp_path / "my.parquet"
    pq.write_table(pa.table({"user": column, "item": [1, 2, 3]}), path)

    assert import_file(path).user_ids.tolist() == expected


def test_parquet_values_and_times(tmp_path):
    path = tmp_path / "my.parquet"
    times = pa.array([datetime(2000, 12, 31, tzinfo=UTC)] * 2)
    table = {"user": [1, 2], "item": ["x", "y"], "rating": [4, 5], "when": times}
    pq.write_table(pa.table(table), path)
    dataset = import_file(path, columns={"timestamp": "when"})

    assert dataset.interactions.timestamps.tolist() == [978220800] * 2
    assert dataset.interactions.ratings.tolist() == [4.0, 5.0]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        pytest.param(
            {"user": ["a", None], "item": [1, 2]}, "row 2: the user is missing", id="u"
        ),
        pytest.param(
            {"user": ["a", "b"], "item": [1, 2], "rating": [1.0, None]},
            "row 2: the rating is missing",
            id="missing rating",
        ),
        pytest.param(
            {"user": ["a", "b"], "item": [1, 2], "rating": [float("nan"), 1.0]},
            "row 1: the rating nan is not a finite number",
            id="NaN rating",
        ),
        pytest.param(
            {"user": ["a", "b"], "item": [1, 2], "rating": ["5", "4"]},
            "column 'rating' holds string, which cannot serve as rating",
            id="text rating",
        ),
        pytest.param(
            {"user": [2.0, 1.5], "item": [1, 2]}, "row 2: 1.5 is no user id", id="half"
        ),
        pytest.param(
            {"user": pa.array([], pa.int64()), "item": pa.array([], pa.int64())},
            "holds no interactions",
            id="empty",
        ),
        pytest.param(
            {"user": [[1], [2]], "item": [1, 2]}, "cannot serve as user", id="lists"
        ),
    ],
)
def test_a_mistake_in_parquet(tmp_path, table, message):
    path = tmp_path / "my.parquet"
    pq.write_table(pa.table(table), path)

    with pytest.raises(DataError, match=message):
        import_file(path)


def test_a_damaged_parquet_file(tmp_path):
    path = tmp_path / "my.parquet"
    pq.write_table(pa.table({"user": list(range(5000)), "item": [1] * 5000}), path)
    content = path.read_bytes()
    for spoilt in (
        content[: len(content) // 2],
        content[:4] + b"\xff" * 9000 + content[-2000:],
    ):
        path.write_bytes(spoilt)
        with pytest.raises(DataError, match=r"cannot be read|that can be read"):
            import_file(path)


ids = st.one_of(
    st.integers(-(10**15), 10**15).map(str),
    st.text("abcABC xyzé-_.:/'", min_size=1, max_size=8).filter(str.strip),
)
frames = st.lists(
    st.tuples(
        ids,
        ids,
        st.integers(1, 10).map(lambda n: n / 2),
        st.integers(0, 2 * 10**9),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(frames, st.sampled_from([",", "\t", ";", "|"]))
def test_what_pandas_writes_is_read_back(tmp_path_factory, rows, separator):
    frame = pd.DataFrame(rows, columns=["user", "item", "rating", "timestamp"])
    folder = tmp_path_factory.mktemp("pandas")
    frame.to_csv(folder / "my.csv", sep=separator, index=False)
    frame.to_parquet(folder / "my.parquet")
    for path in (folder / "my.csv", folder / "my.parquet"):
        dataset = import_file(path, values="explicit")
        found = rows_of(dataset)
        assert [(str(u), str(i)) for u, i, _, _ in found] == [
            (u.strip(), i.strip()) for u, i, _, _ in rows
        ]
        assert [row[2:] for row in found] == [row[2:] for row in rows]
        for ids_found in (dataset.user_ids, dataset.item_ids):
            assert ids_found.tolist() == sorted(set(ids_found.tolist()))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "noise.csv"
    for start in (b"", b"user,item,rating\n1,2,3\n"):
        path.write_bytes(start + content)
        try:
            dataset = import_file(path)
        except DataError:
            continue
        assert len(dataset.interactions) > 0


def test_the_spec_of_a_file_looks_only_at_its_beginning(write):
    path = write(PLAIN + "broken")
    spec = spec_for_file(path)

    assert spec.name == "my"
    assert spec.has == ("ratings", "timestamps")
    assert kind_of(spec) == "explicit"


def test_the_spec_of_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        spec_for_file(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("My Ratings (2).csv.gz", "my-ratings-2"),
        ("u.data", "u"),
        ("log.parquet", "log"),
        ("..hidden.csv", "hidden"),
        ("ÄÖ.csv", "file"),
        ("ml-100k.csv", "ml-100k-file"),
        ("x" * 100 + ".csv", "x" * 64),
    ],
)
def test_a_name_is_made_from_that_of_the_file(file, name):
    assert name_for(Path(file)) == name
