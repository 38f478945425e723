"""Features as a sparse matrix: categories, numbers and text, each in its own way.

What is learned (knots, vocabulary, document frequencies) comes from the rows named at
the start, so that cold users and items are encoded by what training knows.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from recbench.errors import DataError
from recbench.features import Categories, Column, Features, Numbers, Text

if TYPE_CHECKING:
    from scipy.sparse import csr_array

C = TypeVar("C", Categories, Numbers, Text)
WORD = re.compile(r"[^\W\d_]{2,}")
COMMON = 2  # rows that must hold a word before it tells one row from another


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureEncoder:
    """Turns features into columns of numbers, the same for every table of one kind.

    - Categories: one column per name.
    - Numbers: ``knots`` columns at quantiles; a value shares itself out between the
      two knots around it, so that a linear model of the columns is a piecewise linear
      function of the number. Unknown numbers have no entry.
    - Text: words of letters in lower case, weighed by the logarithm of how rare they
      are (TF-IDF), in a vocabulary or hashed into a fixed number of columns.

    The entries of a row that come from one column of categories or text have a sum of
    squares of 1, so that a film of five genres is no longer than one of one; those of a
    number have a sum of 1.

    Attributes:
        parts: The encoder of each feature, by its name.
        names: Name of each column of the matrix.
    """

    parts: Mapping[str, "_Part"]
    names: tuple[str, ...]

    @classmethod
    def fit(
        cls,
        features: Features | None,
        *,
        rows: NDArray[np.bool_] | None = None,
        knots: int = 8,
        text: Literal["tf-idf", "hashing", "none"] = "tf-idf",
        words: int = 1024,
    ) -> Self:
        """Learn knots and words.

        Args:
            features: The features of all users or items; None encodes to no columns.
            rows: bool, shape ``(n,)``: the rows to learn from; None for all.
            knots: Columns of a number, at least 2.
            text: What becomes of text.
            words: Size of the vocabulary, or columns that words are hashed into.
        """
        parts: dict[str, _Part] = {}
        if features is not None and len(features):
            chosen = np.ones(len(features), dtype=bool) if rows is None else rows
            some = features.take(np.flatnonzero(chosen))
            for name, column in some.columns.items():
                part = _part(column, knots=knots, text=text, words=words)
                if part is not None:
                    parts[name] = part
        names = tuple(f"{n}:{c}" for n, part in parts.items() for c in part.names())
        return cls(parts=parts, names=names)

    def matrix(self, features: Features | None) -> "csr_array":
        """Return the encoded rows, float32, shape ``(n, len(names))``.

        Args:
            features: A table with the columns that :meth:`fit` saw. None, where
                nothing was learned, gives 0 rows.

        Raises:
            DataError: If a column is missing or of another kind.
        """
        from scipy.sparse import csr_array, hstack

        n = 0 if features is None else len(features)
        if not self.parts or features is None:
            return csr_array(np.zeros((n, len(self.names)), dtype=np.float32))
        blocks = []
        for name, part in self.parts.items():
            block = part.encode(features.columns.get(name), name)
            blocks.append(block if isinstance(part, _Knots) else _normalized(block))
        return csr_array(hstack(blocks, format="csr", dtype=np.float32))


def _part(column: Column, *, knots: int, text: str, words: int) -> "_Part | None":
    """Return the encoder of one column, None where it yields nothing."""
    if isinstance(column, Categories):
        return _Names(vocabulary=tuple(column.names.tolist()))
    if isinstance(column, Numbers):
        values = column.values[np.isfinite(column.values)]
        if not len(values):
            return None
        places = np.quantile(values, np.linspace(0, 1, max(knots, 2)))
        return _Knots(places=np.unique(places))
    return None if text == "none" else _Words.fit(column, text=text, words=words)


def _of_kind(column: Column | None, kind: type[C], name: str) -> C:
    """Return the column if it is of a kind.

    Raises:
        DataError: If it is missing or of another kind.
    """
    if not isinstance(column, kind):
        msg = f"feature {name!r} is missing or is no {kind.__name__} any more"
        raise DataError(msg)
    return column


def _normalized(matrix: "csr_array") -> "csr_array":
    """Return the matrix with rows of length 1; empty rows stay empty."""
    from scipy.sparse import csr_array

    squares = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
    lengths = np.repeat(np.sqrt(squares), np.diff(matrix.indptr))
    data = (matrix.data / np.maximum(lengths, 1e-12)).astype(np.float32)
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """Categories: one column per name."""

    vocabulary: tuple[str, ...]

    def names(self) -> Sequence[str]:
        return self.vocabulary

    def encode(self, given: Column | None, name: str) -> "csr_array":
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
class _Knots:
    """Numbers: shared out between the two knots around them."""

    places: NDArray[np.float64]

    def names(self) -> Sequence[str]:
        return [f"{place:g}" for place in self.places]

    def encode(self, given: Column | None, name: str) -> "csr_array":
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
class _Words:
    """Text: words weighed by how rare they are; ``code`` is empty where hashed."""

    code: Mapping[str, int]
    weight: NDArray[np.float32]

    @classmethod
    def fit(cls, column: Text, *, text: str, words: int) -> "_Words":
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

    def names(self) -> Sequence[str]:
        return list(self.code) or [f"#{n}" for n in range(len(self.weight))]

    def encode(self, given: Column | None, name: str) -> "csr_array":
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


_Part = _Names | _Knots | _Words


def _words(text: str) -> list[str]:
    return WORD.findall(text.lower())


def _place(word: str, code: Mapping[str, int], width: int, *, hashed: bool) -> int:
    """Return the column of a word, -1 where it has none; a CRC is the same anywhere."""
    import zlib

    if hashed:
        return zlib.crc32(word.encode()) % width if width else -1
    return code.get(word, -1)
