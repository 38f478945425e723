"""What the value column of a file holds: ratings, counts, or nothing that matters."""

from dataclasses import dataclass

import numpy as np

from recbench.datasets.columns import COUNT_WORDS, RATING_WORDS, word
from recbench.datasets.ingest import RawTable
from recbench.errors import DataError
from recbench.specs import Values

SMALL = 10  # whole numbers up to here are taken for ratings, whatever their name
LARGEST = 100  # up to here where the column is named like ratings


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What the values are.

    Attributes:
        values: ``explicit``, ``counts`` or ``none``.
        scale: Smallest and largest possible rating; None unless explicit.
        notes: How it was found out.
    """

    values: Values
    scale: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


def decide(
    table: RawTable,
    name: str | None,
    *,
    where: str,
    values: Values | None = None,
    scale: tuple[float, float] | None = None,
) -> Kind:
    """Decide what the values of a table are.

    Args:
        table: The table.
        name: Name of its value column, or None.
        where: The file, for messages.
        values: What the user says they are, or None.
        scale: Smallest and largest rating that the user states, or None.

    Raises:
        DataError: If what the user says does not fit.
    """
    if scale is not None and scale[0] >= scale[1]:
        msg = f"scale {scale[0]:g},{scale[1]:g} is empty: give SMALLEST,LARGEST"
        raise DataError(msg)
    if table.ratings is None:
        if values in ("explicit", "counts") or scale is not None:
            msg = f"{where} has no column of ratings: name it with --rating COLUMN"
            raise DataError(msg)
        return Kind(values="none")
    guessed = values is None
    kind = (
        ("explicit" if scale is not None else _guess(table, name or ""))
        if (values is None)
        else values
    )
    if kind == "none":
        note = "the values are not used" if not guessed else "all values are equal"
        return Kind(values="none", notes=(f"{note}: taken as events without ratings",))
    if kind == "counts":
        if table.low < 0:
            msg = f"{where}: counts cannot be negative, but {table.low:g} is there"
            raise DataError(msg)
        notes = (f"values {table.low:g} to {table.high:g} taken as counts",)
        return Kind(values="counts", notes=notes if guessed else ())
    return _explicit(table, where, scale)


def _guess(table: RawTable, name: str) -> Values:
    """Return what the values look like."""
    if len(table.distinct) == 1:
        return "none"
    if not table.whole or table.low < 0:
        return "explicit"  # counts are neither fractions nor negative
    if word(name) in COUNT_WORDS:
        return "counts"
    largest = LARGEST if word(name) in RATING_WORDS else SMALL
    return "explicit" if table.high <= largest else "counts"


def _explicit(table: RawTable, where: str, scale: tuple[float, float] | None) -> Kind:
    if scale is None:
        found = (table.low, table.high)
        note = f"rating scale taken as {found[0]:g} to {found[1]:g}, the range found"
        return Kind(values="explicit", scale=found, notes=(note,))
    ratings = np.asarray(table.ratings)
    outside = np.flatnonzero(
        (ratings < np.float32(scale[0])) | (ratings > np.float32(scale[1]))
    )
    if len(outside):
        row = int(outside[0])
        msg = (
            f"{where}: {len(outside):,} ratings lie outside the scale {scale[0]:g} to "
            f"{scale[1]:g}, the first in row {row + 1:,} ({ratings[row]:g}); "
            "state another --scale or mend the file"
        )
        raise DataError(msg)
    return Kind(values="explicit", scale=scale)
