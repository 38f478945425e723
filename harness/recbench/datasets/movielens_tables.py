"""From the tables of a MovieLens edition to a data set."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from recbench.datasets import ml100k
from recbench.datasets.columns import Columns
from recbench.datasets.csvreader import CsvTable, read_csv
from recbench.datasets.dataset import Dataset, Ids
from recbench.datasets.editions import CITATION, LICENCE, Edition
from recbench.datasets.ingest import RawTable
from recbench.datasets.layout import Layout
from recbench.datasets.textsource import TextSource
from recbench.errors import DataError
from recbench.features import Categories, Column, Features, Numbers, Text
from recbench.interactions import Interactions

YEAR = re.compile(r"\((\d{4})\)")
NO_GENRES = "(no genres listed)"
COLUMNS = ("user", "item", "rating", "timestamp")
JOBS_1M = (
    "other",
    "academic/educator",
    "artist",
    "clerical/admin",
    "college/grad student",
    "customer service",
    "doctor/health care",
    "executive/managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales/marketing",
    "scientist",
    "self-employed",
    "technician/engineer",
    "tradesman/craftsman",
    "unemployed",
    "writer",
)

Movie = tuple[int, str, tuple[str, ...]]
Person = tuple[int, float, str, str]


def parse(edition: Edition, member: Callable[[str], TextSource]) -> Dataset:
    """Return the data set; its codes follow the sorted raw ids.

    Args:
        edition: The edition.
        member: Opens a file of the edition by name.

    Raises:
        DataError: If a table cannot be read or does not hold what the edition holds.
    """
    table = _ratings(edition, member(edition.ratings))
    movies = list(_movies(edition, member(edition.movies)))
    people = None
    if edition.users is not None:
        people = list(_people(edition, member(edition.users)))
    interactions = Interactions(
        users=table.users,
        items=table.items,
        ratings=table.ratings,
        timestamps=table.timestamps,
        n_users=len(table.user_ids),
        n_items=len(table.item_ids),
        scale=(edition.low, 5.0),
        user_features=None if people is None else _of_people(people, table.user_ids),
        item_features=_of_movies(movies, table.item_ids),
    )
    folds = ml100k.folds(interactions) if edition.name == "ml-100k" else {}
    return Dataset(
        name=edition.name,
        interactions=interactions,
        user_ids=table.user_ids,
        item_ids=table.item_ids,
        folds=folds,
        licence=LICENCE,
        citation=CITATION,
    )


def _ratings(edition: Edition, source: TextSource) -> RawTable:
    layout = Layout(delimiter=edition.separator, names=COLUMNS, header=edition.header)
    columns = Columns(user="user", item="item", rating="rating", timestamp="timestamp")
    table = read_csv(CsvTable(source=source, layout=layout, columns=columns))
    found = (len(table.users), len(table.user_ids), len(table.item_ids))
    wanted = (edition.rows, edition.n_users, edition.n_items or found[2])
    if found != wanted:
        msg = (
            f"{source.label} holds {found[0]:,} ratings of {found[1]:,} users and "
            f"{found[2]:,} items; {edition.name} has {wanted[0]:,}, {wanted[1]:,} and "
            f"{wanted[2]:,}"
        )
        raise DataError(msg)
    if table.low < edition.low or table.high > 5:
        msg = f"{source.label} holds ratings outside {edition.low:g} to 5"
        raise DataError(msg)
    if table.user_ids.dtype.kind != "i" or table.item_ids.dtype.kind != "i":
        msg = f"{source.label} holds ids that are no whole numbers"
        raise DataError(msg)
    return table


def _lines(source: TextSource, encoding: str) -> Iterator[str]:
    """Yield the lines of a small table without their ends."""
    try:
        with source.open() as stream:
            text = bytes(stream.read()).decode(encoding)
    except (OSError, UnicodeError) as error:
        msg = f"cannot read {source.label}: {error}"
        raise DataError(msg) from error
    for line in io.StringIO(text, newline=None):
        if line.strip():
            yield line.rstrip("\n")


def _rows(edition: Edition, source: TextSource) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a movie or user table with their line numbers."""
    lines = _lines(source, edition.encoding)
    separator = "|" if edition.separator == "\t" else edition.separator
    if separator == ",":
        rows: Iterable[list[str]] = csv.reader(lines)
    else:
        rows = (line.split(separator) for line in lines)
    numbered = enumerate(rows, 1)
    if edition.header:
        next(numbered, None)
    yield from numbered


def _broken(source: TextSource, number: int, row: Sequence[str]) -> DataError:
    shown = "|".join(row)[:60]
    return DataError(f"{source.label}, row {number}: cannot be read: {shown!r}")


def _movies(edition: Edition, source: TextSource) -> Iterator[Movie]:
    flags = edition.name == "ml-100k"
    for number, row in _rows(edition, source):
        try:
            if flags:
                marks = zip(ml100k.GENRES, row[5:], strict=True)
                genres = tuple(genre for genre, mark in marks if mark == "1")
                yield int(row[0]), row[1].strip(), genres
            else:
                title = edition.separator.join(row[1:-1])
                listed = () if row[-1] == NO_GENRES else tuple(row[-1].split("|"))
                yield int(row[0]), title.strip(), listed
        except (ValueError, IndexError) as error:
            raise _broken(source, number, row) from error


def _people(edition: Edition, source: TextSource) -> Iterator[Person]:
    small = edition.name == "ml-100k"
    for number, row in _rows(edition, source):
        try:
            if small:
                user, age, gender, job = row[:4]
            else:
                user, gender, age, code = row[:4]
                job = JOBS_1M[int(code)]
            yield int(user), float(age), gender, job
        except (ValueError, IndexError) as error:
            raise _broken(source, number, row) from error


def _align(known: Sequence[int], ids: Ids) -> NDArray[np.int64]:
    """Return for each id its position in ``known``, or -1."""
    keys = np.asarray(known, dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], ids), max(len(keys) - 1, 0))
    found = order[at]
    return np.where(keys[found] == ids, found, -1)


def _categories(rows: Sequence[Sequence[str]]) -> Categories:
    """Return rows of names as categories, the names sorted."""
    names = sorted({name for row in rows for name in row})
    code = {name: number for number, name in enumerate(names)}
    offsets = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=offsets[1:])
    codes = [code[name] for row in rows for name in row]
    return Categories(
        offsets=offsets,
        codes=np.array(codes, dtype=np.int32),
        names=np.array(names, dtype=np.str_),
    )


def _of_movies(movies: Sequence[Movie], ids: Ids) -> Features:
    """Return title, year and genres of the items; empty where a movie is not listed."""
    at = _align([number for number, _, _ in movies], ids).tolist()
    found = [movies[row] if row >= 0 else (0, "", ()) for row in at]
    years = [float(y[-1]) if (y := YEAR.findall(t)) else np.nan for _, t, _ in found]
    return Features(
        columns={
            "title": Text(values=np.array([t for _, t, _ in found], dtype=np.str_)),
            "year": Numbers(values=np.array(years, dtype=np.float32)),
            "genres": _categories([genres for _, _, genres in found]),
        }
    )


def _of_people(people: Sequence[Person], ids: Ids) -> Features:
    """Return age, gender and occupation of the users."""
    at = _align([number for number, _, _, _ in people], ids).tolist()
    found = [people[row] if row >= 0 else None for row in at]
    ages = [np.nan if one is None else one[1] for one in found]
    columns: dict[str, Column] = {
        "age": Numbers(values=np.array(ages, dtype=np.float32))
    }
    for place, name in ((2, "gender"), (3, "occupation")):
        columns[name] = _categories(
            [() if one is None else (str(one[place]),) for one in found]
        )
    return Features(columns=columns)
