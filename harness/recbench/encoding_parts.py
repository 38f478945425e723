"""How each kind of feature becomes columns, and what has to be kept of it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recbench.errors import DataError
from recbench.features import Categories, Column, Numbers, Text

if TYPE_CHECKING:
    from scipy.sparse import csr_array

C = TypeVar("C", Categories, Numbers, Text)
WORD = re.compile(r"[^\W\d_]{2,}")
COMMON = 2  # rows that must hold a word before it tells one row from another


def part_of(column: Column, *, knots: int, text: str, words: int) -> "Part | None":
    """Return the encoder of one column, None where it yields nothing."""
    if isinstance(column, Categories):
        return Names(vocabulary=tuple(column.names.tolist()))
    if isinstance(column, Numbers):
        values = column.values[np.isfinite(column.values)]
        if not len(values):
            return None
        places = np.quantile(values, np.linspace(0, 1, max(knots, 2)))
        return Knots(places=np.unique(places))
    return None if text == "none" else Words.fit(column, text=text, words=words)


def _of_kind(column: Column | None, kind: type[C], name: str) -> C:
    """Return the column if it is of a kind.

    Raises:
        DataError: If it is missing or of another kind.
    """
    if not isinstance(column, kind):
        msg = f"feature {name!r} is missing or is no {kind.__name__} any more"
        raise DataError(msg)
    return column


def normalized(matrix: "csr_array") -> "csr_array":
    """Return the matrix with rows of length 1; empty rows stay empty."""
    from scipy.sparse import csr_array

    squares = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
    lengths = np.repeat(np.sqrt(squares), np.diff(matrix.indptr))
    data = (matrix.data / np.maximum(lengths, 1e-12)).astype(np.float32)
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Categories: one column per name."""

    vocabulary: tuple[str, ...]

    def state(self) -> dict[str, Any]:
        """Return what was learned, as plain data."""
        return {"kind": "categories", "names": list(self.vocabulary)}

    def names(self) -> Sequence[str]:
        """Return a name for each column."""
        return self.vocabulary

    def encode(self, given: Column | None, name: str) -> "csr_array":
        """Return the encoded rows of the feature ``name``."""
        from scipy.sparse import csr_array

        column = _of_kind(given, Categories, name)
        code = {name: number for number, name in enumerate(self.vocabulary)}
        found = np.array([code.get(n, -1) for n in column.names.tolist()], dtype=int)
        at = found[column.codes] if len(found) else np.zeros(0, dtype=int)
        rows = np.repeat(np.arange(len(column)), np.diff(column.offsets))
        ones = np.ones(int((at >= 0).sum()), dtype=np.float32)
        shape = (len(column), len(self.vocabulary))
        return csr_array((ones, (rows[at >= 0], at[at >= 0])), shape=shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Knots:
    """Numbers: shared out between the two knots around them."""

    places: NDArray[np.float64]

    def state(self) -> dict[str, Any]:
        """Return what was learned, as plain data."""
        return {"kind": "numbers", "knots": self.places.tolist()}

    def names(self) -> Sequence[str]:
        """Return a name for each column."""
        return [f"{place:g}" for place in self.places]

    def encode(self, given: Column | None, name: str) -> "csr_array":
        """Return the encoded rows of the feature ``name``."""
        from scipy.sparse import csr_array

        column = _of_kind(given, Numbers, name)
        known = np.flatnonzero(np.isfinite(column.values))
        values = np.clip(column.values[known], self.places[0], self.places[-1])
        last = len(self.places) - 1
        at = np.searchsorted(self.places, values, side="right") - 1
        left, right = np.clip(at, 0, last), np.clip(at + 1, 0, last)
        gap = np.maximum(self.places[right] - self.places[left], 1e-12)
        part = (values - self.places[left]) / gap
        entries = np.concatenate((1 - part, part)).astype(np.float32)
        pairs = (np.tile(known, 2), np.concatenate((left, right)))
        shape = (len(column), len(self.places))
        matrix = csr_array((entries, pairs), shape=shape)
        matrix.eliminate_zeros()
        return matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Words:
    """Text: words weighed by how rare they are; ``code`` is empty where hashed."""

    code: Mapping[str, int]
    weight: NDArray[np.float32]

    @classmethod
    def fit(cls, column: Text, *, text: str, words: int) -> "Words":
        """Learn a vocabulary, or how rare each hashed word is."""
        counts = Counter(w for t in column.values.tolist() for w in set(_words(t)))
        chosen: list[str] = []
        if text == "tf-idf":
            often = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
            chosen = sorted(word for word, n in often[:words] if n >= COMMON)
        code = {word: number for number, word in enumerate(chosen)}
        seen = np.zeros(len(code) if text == "tf-idf" else words)
        for word, n in counts.items():
            place = _place(word, code, len(seen), hashed=text == "hashing")
            if place >= 0:
                seen[place] += n
        n_rows = max(len(column), 1)
        weight = 1 + np.log((1 + n_rows) / (1 + np.minimum(seen, n_rows)))
        return cls(code=code, weight=weight.astype(np.float32))

    def state(self) -> dict[str, Any]:
        """Return what was learned, as plain data."""
        weight = self.weight.astype(np.float64).tolist()  # exact both ways
        return {"kind": "text", "words": list(self.code), "weight": weight}

    def names(self) -> Sequence[str]:
        """Return a name for each column."""
        return list(self.code) or [f"#{n}" for n in range(len(self.weight))]

    def encode(self, given: Column | None, name: str) -> "csr_array":
        """Return the encoded rows of the feature ``name``."""
        from scipy.sparse import csr_array

        column = _of_kind(given, Text, name)
        hashed = not self.code
        rows, places = [], []
        for row, value in enumerate(column.values.tolist()):
            for word in _words(value):
                place = _place(word, self.code, len(self.weight), hashed=hashed)
                if place >= 0:
                    rows.append(row)
                    places.append(place)
        at = np.array(places, dtype=np.int64)
        shape = (len(column), len(self.weight))
        return csr_array((self.weight[at], (rows, at)), shape=shape)


Part = Names | Knots | Words


def part_of_state(state: Mapping[str, Any]) -> Part:
    """Return the encoder of a column from its ``state``.

    Raises:
        KeyError: If it is of no known kind, or something is missing.
    """
    if state["kind"] == "categories":
        return Names(vocabulary=tuple(state["names"]))
    if state["kind"] == "numbers":
        return Knots(places=np.array(state["knots"], dtype=np.float64))
    if state["kind"] != "text":
        raise KeyError(state["kind"])
    code = {word: number for number, word in enumerate(state["words"])}
    return Words(code=code, weight=np.array(state["weight"], dtype=np.float32))


def _words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def _place(word: str, code: Mapping[str, int], width: int, *, hashed: bool) -> int:
    """Return the column of a word, -1 where it has none; a CRC is the same anywhere."""
    import zlib

    if hashed:
        return zlib.crc32(word.encode()) % width if width else -1
    return code.get(word, -1)
