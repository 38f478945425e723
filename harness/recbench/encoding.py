"""Features as a sparse matrix: categories, numbers and text, each in its own way.

What is learned (knots, vocabulary, document frequencies) comes from the rows named at
the start, so that cold users and items are encoded by what training knows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from numpy.typing import NDArray

from recbench.encoding_parts import Knots, Part, normalized, part_of, part_of_state
from recbench.errors import DataError
from recbench.features import Features

if TYPE_CHECKING:
    from scipy.sparse import csr_array


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

    parts: Mapping[str, Part]
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
        parts: dict[str, Part] = {}
        if features is not None and len(features):
            chosen = np.ones(len(features), dtype=bool) if rows is None else rows
            some = features.take(np.flatnonzero(chosen))
            for name, column in some.columns.items():
                part = part_of(column, knots=knots, text=text, words=words)
                if part is not None:
                    parts[name] = part
        return cls._of(parts)

    @classmethod
    def _of(cls, parts: Mapping[str, Part]) -> Self:
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
            blocks.append(block if isinstance(part, Knots) else normalized(block))
        return csr_array(hstack(blocks, format="csr", dtype=np.float32))

    def to_json(self) -> str:
        """Return what was learned as JSON, for :meth:`from_json`; numbers are exact."""
        return json.dumps([[name, part.state()] for name, part in self.parts.items()])

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the encoder that :meth:`to_json` wrote.

        Raises:
            DataError: If the text is not what it writes.
        """
        try:
            return cls._of(
                {name: part_of_state(state) for name, state in json.loads(text)}
            )
        except (ValueError, KeyError, TypeError) as error:
            msg = f"no encoder of features: {type(error).__name__}: {error}"
            raise DataError(msg) from error
