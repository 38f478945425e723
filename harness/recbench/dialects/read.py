"""Lists and truths from files, tables and arrays, checked before they are scored."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recbench.dialects.formats import read_file
from recbench.errors import DataError

ALIASES = {
    "user": ("user", "user_id", "userid", "uid", "query", "query_id", "q_id", "qid"),
    "item": ("item", "item_id", "itemid", "iid", "doc", "doc_id", "docid", "docno"),
    "rank": ("rank",),
    "score": ("score", "prediction"),
    "rating": ("rating", "relevance", "rel"),
}
Source = str | Path | pd.DataFrame | Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Names:
    """A column of names, each kept once.

    Attributes:
        codes: int64, shape ``(m,)``: the row of ``known`` that each entry names.
        known: The distinct names, as strings, in order of appearance.
    """

    codes: NDArray[np.int64]
    known: NDArray[np.object_]

    def __getitem__(self, row: int) -> str:
        """Return the name in a row."""
        return str(self.known[self.codes[row]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Rows of users and items with what else a role needs.

    Attributes:
        source: Where they are from, for messages.
        users: The user of each row.
        items: The item of each row.
        ranks: int64, shape ``(m,)``, from 1, each once per user; None if not given.
        scores: float64, shape ``(m,)``, without NaN; None if not given.
        ratings: float64, shape ``(m,)``, finite; None if not given.
    """

    source: str
    users: Names
    items: Names
    ranks: NDArray[np.int64] | None = None
    scores: NDArray[np.float64] | None = None
    ratings: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.users.codes)

    def keys(self) -> NDArray[np.int64]:
        """Return one number per pair of user and item."""
        return self.users.codes * len(self.items.known) + self.items.codes


def lists(source: Source) -> Pairs:
    """Read LISTS: user, item, and a rank or a score.

    Raises:
        DataError: If they cannot be scored, with the first thing to mend.
    """
    frame, name = _frame(source, "lists")
    columns = _columns(frame, name, ("user", "item"))
    users, items = _names(frame, columns, name)
    ranks = scores = None
    if "rank" in columns:
        ranks = _ranks(frame[columns["rank"]], columns["rank"], users, name)
    if "score" in columns:
        scores = _numbers(frame[columns["score"]], columns["score"], name)
    if ranks is None and scores is None:
        msg = f"{name} has no column rank or score, {_shown(frame)}: add one of them"
        raise DataError(msg)
    return _checked(
        Pairs(source=name, users=users, items=items, ranks=ranks, scores=scores)
    )


def truth(source: Source) -> Pairs:
    """Read the truth: user, item, and a rating if there is one.

    Raises:
        DataError: If lists cannot be scored against it.
    """
    frame, name = _frame(source, "truth")
    columns = _columns(frame, name, ("user", "item"))
    users, items = _names(frame, columns, name)
    ratings = None
    if "rating" in columns:
        ratings = _numbers(frame[columns["rating"]], columns["rating"], name)
        if not np.isfinite(ratings).all():
            msg = f"{name} has an infinite rating: ratings must be finite numbers"
            raise DataError(msg)
    return _checked(Pairs(source=name, users=users, items=items, ratings=ratings))


def seen(source: Source) -> Pairs:
    """Read what users have seen: user and item; repeats are fine.

    Raises:
        DataError: If a column is missing.
    """
    frame, name = _frame(source, "seen")
    users, items = _names(frame, _columns(frame, name, ("user", "item")), name)
    return Pairs(source=name, users=users, items=items)


def _frame(source: Source, role: str) -> tuple[pd.DataFrame, str]:
    """Return the source as a non-empty table, and its name."""
    if isinstance(source, str | Path):
        frame, name = read_file(Path(source)), str(source)
    elif isinstance(source, pd.DataFrame):
        frame, name = source, role
    else:
        try:
            frame, name = pd.DataFrame(dict(source)), role
        except ValueError as error:
            msg = f"{role}: the columns do not make a table: {error}"
            raise DataError(msg) from error
    if frame.empty:
        msg = f"{name} has no rows"
        raise DataError(msg)
    return frame, name


def _shown(frame: pd.DataFrame) -> str:
    return f"only {', '.join(map(str, frame.columns))}"


def _columns(frame: pd.DataFrame, name: str, needed: tuple[str, ...]) -> dict[str, Any]:
    """Return our names of the columns that are there, with theirs."""
    plain = {
        str(column).split(":")[0].strip().lower(): column
        for column in reversed(frame.columns)
    }
    found = {}
    for ours, aliases in ALIASES.items():
        theirs = next((alias for alias in aliases if alias in plain), None)
        if theirs is not None:
            found[ours] = plain[theirs]
    missing = [column for column in needed if column not in found]
    if missing:
        msg = (
            f"{name} has no column {' or '.join(missing)}, {_shown(frame)}: "
            "name the columns in the first line"
        )
        raise DataError(msg)
    return found


def _names(
    frame: pd.DataFrame, columns: Mapping[str, Any], name: str
) -> tuple[Names, Names]:
    return (
        _coded(frame[columns["user"]], "user", name),
        _coded(frame[columns["item"]], "item", name),
    )


def _coded(column: "pd.Series[Any]", which: str, name: str) -> Names:
    """Return a column's names as strings; 7, 7.0 and "7" name the same."""
    codes, distinct = pd.factorize(column)
    known = pd.Series(distinct)
    if (codes < 0).any() or (known.astype(str) == "").any():
        msg = f"{name} has a row without {which}"
        raise DataError(msg)
    if pd.api.types.is_float_dtype(known) and (known % 1 == 0).all():
        known = known.astype(np.int64)
    again, strings = pd.factorize(np.asarray(known.astype(str), dtype=object))
    return Names(codes=again.astype(np.int64)[codes], known=strings)


def _numbers(column: "pd.Series[Any]", title: str, name: str) -> NDArray[np.float64]:
    """Return a column of numbers, or name the first that is none."""
    numbers = pd.to_numeric(column, errors="coerce")
    values = np.asarray(numbers.astype(np.float64))
    bad = np.flatnonzero(np.isnan(values))
    if len(bad):
        msg = (
            f"{name}: {title} {column.iloc[bad[0]]!r} in row {bad[0] + 1:,} is not a "
            f"number ({len(bad):,} of {len(values):,} rows)"
        )
        raise DataError(msg)
    return values


def _ranks(
    column: "pd.Series[Any]", title: str, users: Names, name: str
) -> NDArray[np.int64]:
    """Return ranks from 1, or say what keeps them from being ranks."""
    values = _numbers(column, title, name)
    if not (np.isfinite(values).all() and (values % 1 == 0).all()):
        msg = f"{name}: ranks must be whole numbers; call the column score if it is one"
        raise DataError(msg)
    ranks = values.astype(np.int64)
    if ranks.min() < 0:
        msg = f"{name}: rank {ranks.min()} is below 0; ranks count from 1"
        raise DataError(msg)
    if ranks.min() == 0:  # counted from 0, as some tools do
        ranks += 1
    row = _first_repeat(users.codes * (int(ranks.max()) + 1) + ranks)
    if row is not None:
        msg = (
            f"{name}: user {users[row]!r} has rank {int(values[row])} twice: give each "
            "item of a user its own rank, or a score"
        )
        raise DataError(msg)
    return ranks


def _first_repeat(keys: NDArray[np.int64]) -> int | None:
    """Return the first row whose key an earlier row has, or None."""
    repeated = pd.Series(keys).duplicated().to_numpy()
    return int(repeated.argmax()) if repeated.any() else None


def _checked(pairs: Pairs) -> Pairs:
    """Return the pairs if each stands there once."""
    row = _first_repeat(pairs.keys())
    if row is not None:
        msg = (
            f"{pairs.source} holds item {pairs.items[row]!r} of user "
            f"{pairs.users[row]!r} twice: keep one"
        )
        raise DataError(msg)
    return pairs
