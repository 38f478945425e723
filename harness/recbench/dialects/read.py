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
class Pairs:
    """Rows of users and items, as strings, with what else a role needs.

    Attributes:
        source: Where they are from, for messages.
        users: Names, shape ``(m,)``.
        items: Names, shape ``(m,)``.
        ranks: int64, shape ``(m,)``, from 1, each once per user; None if not given.
        scores: float64, shape ``(m,)``, without NaN; None if not given.
        ratings: float64, shape ``(m,)``, finite; None if not given.
    """

    source: str
    users: NDArray[np.object_]
    items: NDArray[np.object_]
    ranks: NDArray[np.int64] | None = None
    scores: NDArray[np.float64] | None = None
    ratings: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.users)

    def take(self, rows: NDArray[Any]) -> "Pairs":
        """Return the chosen rows."""
        return Pairs(
            source=self.source,
            users=self.users[rows],
            items=self.items[rows],
            ranks=None if self.ranks is None else self.ranks[rows],
            scores=None if self.scores is None else self.scores[rows],
            ratings=None if self.ratings is None else self.ratings[rows],
        )


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
    _refuse_repeats(users, items, name)
    return Pairs(source=name, users=users, items=items, ranks=ranks, scores=scores)


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
    _refuse_repeats(users, items, name)
    return Pairs(source=name, users=users, items=items, ratings=ratings)


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
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    users, items = (
        _strings(frame[columns[which]], which, name) for which in ("user", "item")
    )
    return users, items


def _strings(column: "pd.Series[Any]", which: str, name: str) -> NDArray[np.object_]:
    """Return identifiers as strings; 7, 7.0 and "7" name the same."""
    if column.isna().any() or (column.astype(str) == "").any():
        msg = f"{name} has a row without {which}"
        raise DataError(msg)
    if pd.api.types.is_float_dtype(column) and (column % 1 == 0).all():
        column = column.astype(np.int64)
    return np.asarray(column.astype(str), dtype=object)


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
    column: "pd.Series[Any]", title: str, users: NDArray[np.object_], name: str
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
    repeated = pd.DataFrame({"user": users, "rank": ranks}).duplicated()
    if repeated.any():
        row = int(np.flatnonzero(repeated)[0])
        msg = (
            f"{name}: user {users[row]!r} has rank {int(values[row])} twice: give each "
            "item of a user its own rank, or a score"
        )
        raise DataError(msg)
    return ranks


def _refuse_repeats(
    users: NDArray[np.object_], items: NDArray[np.object_], name: str
) -> None:
    repeated = pd.DataFrame({"user": users, "item": items}).duplicated()
    if repeated.any():
        row = int(np.flatnonzero(repeated)[0])
        msg = (
            f"{name} holds item {items[row]!r} of user {users[row]!r} twice "
            f"({int(repeated.sum()):,} such rows): keep one"
        )
        raise DataError(msg)
