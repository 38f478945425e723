"""Raw ids and their codes, built up batch by batch."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recbench.datasets.dataset import Ids
from recbench.errors import DataError

MAX_ID = 200  # characters; a longer "id" is a text column chosen by mistake
WHOLE = r"^(0|-?[1-9][0-9]{0,17})$"  # 007 and 1e3 would not survive: text
WHOLE_FLOAT = r"^(0|-?[1-9][0-9]{0,17})\.0+$"  # as pandas writes ids beside a gap


class BadRowError(Exception):
    """A row that cannot be read.

    Attributes:
        row: Its number within the batch, from 0.
    """

    def __init__(self, row: int, reason: str) -> None:
        """Keep the row."""
        super().__init__(reason)
        self.row = row


class Codebook:
    """Raw ids and their codes, numbered in the order in which they first appear."""

    def __init__(self, role: str) -> None:
        """Begin empty."""
        self.role = role
        self.values: pa.Array | None = None

    def encode(self, column: pa.Array) -> NDArray[np.int32]:
        """Return the codes of a batch of raw ids.

        Raises:
            BadRowError: If an id is missing or empty.
        """
        coded = column
        if not isinstance(column, pa.DictionaryArray):
            coded = column.dictionary_encode()
        if coded.null_count:
            row = pc.index(pc.is_null(coded.indices), pa.scalar(value=True)).as_py()
            raise BadRowError(row, f"the {self.role} is missing")
        words = coded.dictionary
        indices = coded.indices.to_numpy(zero_copy_only=False)
        if pa.types.is_string(words.type):
            self._refuse_empty(words, indices)
        if self.values is None:
            self.values = words.slice(0, 0)
        known = pc.index_in(words, value_set=self.values)
        table = pc.fill_null(known, -1).to_numpy(zero_copy_only=False).copy()
        new = table < 0
        table[new] = len(self.values) + np.arange(np.count_nonzero(new))
        fresh = words.filter(pc.is_null(known))
        self.values = pa.concat_arrays([self.values, fresh])
        return np.asarray(table[indices], dtype=np.int32)

    def _refuse_empty(self, words: pa.Array, indices: NDArray[np.int32]) -> None:
        blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(words)), 0)
        at = pc.index(blank, pa.scalar(value=True)).as_py()
        if at >= 0:
            rows = np.flatnonzero(indices == at)
            raise BadRowError(int(rows[0]) if len(rows) else 0, f"no {self.role}")

    def finish(self) -> tuple[Ids, NDArray[np.int32], list[str]]:
        """Return the sorted ids, the final code of each code given out, and notes.

        Raises:
            DataError: If an id is too long to be one.
        """
        if self.values is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32), []
        values, notes = _clean(self.values, self.role)
        merged = values.dictionary_encode()  # trimming may have made two ids one
        first = merged.indices.to_numpy(zero_copy_only=False)
        order = pc.sort_indices(merged.dictionary).to_numpy(zero_copy_only=False)
        place = np.empty(len(order), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        ids = merged.dictionary.take(pa.array(order))
        if pa.types.is_integer(ids.type):
            return ids.to_numpy(zero_copy_only=False), place[first], notes
        return np.array(ids.to_pylist(), dtype=np.str_), place[first], notes


def _clean(values: pa.Array, role: str) -> tuple[pa.Array, list[str]]:
    """Return the ids as int64 where each is written as one, else as trimmed text."""
    if pa.types.is_integer(values.type):
        return values, []
    notes = []
    trimmed = pc.utf8_trim_whitespace(values)
    if not trimmed.equals(values):
        notes.append(f"spaces around {role} ids were removed")
    longest = pc.max(pc.utf8_length(trimmed)).as_py()
    if longest > MAX_ID:
        msg = (
            f"a {role} id is {longest:,} characters long: is the right column used? "
            f"At most {MAX_ID} are allowed"
        )
        raise DataError(msg)
    if pc.all(pc.match_substring_regex(trimmed, WHOLE)).as_py():
        return trimmed.cast(pa.int64()), notes
    if pc.all(pc.match_substring_regex(trimmed, WHOLE_FLOAT)).as_py():
        notes.append(f"{role} ids such as {trimmed[0].as_py()} were read as integers")
        return pc.replace_substring_regex(trimmed, r"\.0+$", "").cast(pa.int64()), notes
    return trimmed, notes
