"""A loaded data set: its interactions, the raw ids behind the codes, its identity."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recbench.interactions import Interactions
from recbench.specs import DatasetSpec

Ids = NDArray[np.int64] | NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataContext:
    """Where a loader may look and write.

    Attributes:
        cache: Folder for downloaded and converted files; private to the data set.
        sources: Folders from ``$RECBENCH_DATA`` that may hold the original files.
        offline: Never open a connection.
        log: Takes one line for the person who waits.
    """

    cache: Path
    sources: tuple[Path, ...] = ()
    offline: bool = False
    log: Callable[[str], None] = field(default=lambda _line: None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Interactions in canonical order, with what is known about them.

    Attributes:
        name: Name of the data set.
        interactions: The whole table, in the source's own row order.
        user_ids: Raw user ids, int64 or str, shape ``(n_users,)``; the id behind
            code ``u`` is ``user_ids[u]``.
        item_ids: Raw item ids, likewise.
        values: What ``interactions.ratings`` holds: ``explicit``, ``counts``, ``none``.
        folds: Published divisions: name to the int64 rows of the test part.
        source: Which source served (``cache``, a folder, an address, a wheel).
        licence: Terms of use, in a sentence.
        citation: What to cite.
        truth: For simulated data, named arrays of the true preferences.
        notes: What importing did (rows dropped, duplicates), one line each.
    """

    name: str
    interactions: Interactions
    user_ids: Ids
    item_ids: Ids
    values: Literal["explicit", "counts", "none"] = "explicit"
    folds: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    source: str = ""
    licence: str = ""
    citation: str = ""
    truth: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def fingerprint(self) -> str:
        """Return the SHA-256 over ids and columns, 64 hex digits.

        Equal for the same interactions in the same order, whatever source served;
        features and folds are not part of it.
        """
        digest = hashlib.sha256()
        table = self.interactions
        for ids in (self.user_ids, self.item_ids):
            if ids.dtype.kind == "U":
                digest.update("\0".join(ids.tolist()).encode())
            else:
                digest.update(np.ascontiguousarray(ids, dtype="<i8").tobytes())
            digest.update(b"|")
        for column, dtype in (
            (table.users, "<i4"),
            (table.items, "<i4"),
            (table.ratings, "<f4"),
            (table.timestamps, "<i8"),
        ):
            if column is not None:
                digest.update(np.ascontiguousarray(column, dtype=dtype).data)
            digest.update(b"|")
        return digest.hexdigest()


def known(spec: DatasetSpec, dataset: Dataset) -> DatasetSpec:
    """Return the spec with what the loaded data set really has."""
    table = dataset.interactions
    has = {
        "ratings": table.ratings is not None,
        "timestamps": table.timestamps is not None,
        "user_features": table.user_features is not None,
        "item_features": table.item_features is not None,
        "folds": bool(dataset.folds),
    }
    return replace(
        spec,
        values=dataset.values,
        scale=table.scale,
        has=tuple(name for name, present in has.items() if present),
    )
