"""Features of users or items: one row per code, columns of three kinds and text."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recbench.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Categories:
    """A column whose rows hold any number of categories each (a genre list, a job).

    Attributes:
        offsets: int64, shape ``(n + 1,)``; row ``r`` owns
            ``codes[offsets[r]:offsets[r + 1]]``.
        codes: int32, positions in ``names``.
        names: The category names, str, shape ``(n_categories,)``.
    """

    offsets: NDArray[np.int64]
    codes: NDArray[np.int32]
    names: NDArray[np.str_]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.offsets) - 1

    def take(self, rows: NDArray[np.integer[Any]]) -> "Categories":
        """Return the rows at these positions, in that order."""
        starts = self.offsets[rows]
        counts = self.offsets[rows.astype(np.int64) + 1] - starts
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(counts, out=offsets[1:])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
        codes = self.codes[np.repeat(starts, counts) + within]
        return Categories(offsets=offsets, codes=codes, names=self.names)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbers:
    """A column of numbers, float32, shape ``(n,)``; NaN where unknown."""

    values: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Text:
    """A column of text, str, shape ``(n,)``; empty where unknown."""

    values: NDArray[np.str_]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)


Column = Categories | Numbers | Text


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """Named columns, all with one row per user code or per item code.

    Raises:
        DataError: If the columns differ in length.
    """

    columns: Mapping[str, Column]

    def __post_init__(self) -> None:
        """Reject columns that disagree."""
        sizes = {name: len(column) for name, column in self.columns.items()}
        if len(set(sizes.values())) > 1:
            msg = f"feature columns differ in length: {sizes}"
            raise DataError(msg)

    def __len__(self) -> int:
        """Return the number of rows."""
        return next((len(column) for column in self.columns.values()), 0)

    def take(self, rows: NDArray[np.integer[Any]]) -> "Features":
        """Return the rows at these positions, in that order."""
        columns: dict[str, Column] = {}
        for name, column in self.columns.items():
            columns[name] = (
                column.take(rows)
                if isinstance(column, Categories)
                else replace(column, values=column.values[rows])
            )
        return Features(columns=columns)

    def matrix(self, names: tuple[str, ...] | None = None) -> "csr_array":
        """Return categories as indicator columns and numbers as they are.

        Text is left out: turn it into categories or numbers first. Unknown numbers
        become 0.

        Args:
            names: Columns to use, in this order; None for all that are not text.

        Returns:
            float32, shape ``(n, width)``.
        """
        from scipy.sparse import csr_array, hstack

        chosen = self.columns if names is None else {n: self.columns[n] for n in names}
        blocks: list[csr_array] = []
        for column in chosen.values():
            if isinstance(column, Categories):
                data = np.ones(len(column.codes), dtype=np.float32)
                shape = (len(column), len(column.names))
                blocks.append(
                    csr_array((data, column.codes, column.offsets), shape=shape)
                )
            elif isinstance(column, Numbers):
                blocks.append(csr_array(np.nan_to_num(column.values)[:, None]))
        if not blocks:
            return csr_array(np.zeros((len(self), 0), dtype=np.float32))
        return csr_array(hstack(blocks, format="csr", dtype=np.float32))
