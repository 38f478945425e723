"""What a split yields: rows of the interaction table, hashed."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recbench.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Disjoint rows of a data set's interaction table.

    Attributes:
        train: int64 rows, ascending.
        validation: int64 rows, ascending; empty where the split has none.
        test: int64 rows, ascending.
        history: int64 rows, ascending, that belong to users who are held out of
            training but whose past is given when they are to be served (strong
            generalisation); empty otherwise.

    Raises:
        DataError: If the parts overlap or are not ascending int64 rows, or train or
            test is empty.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    history: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Reject a split that leaks or has nothing to learn or to test."""
        for name in ("train", "test"):
            if not len(getattr(self, name)):
                msg = (
                    f"the split leaves no {name} interactions: "
                    "use more data, a milder filter or another split"
                )
                raise DataError(msg)
        for name in ("train", "validation", "test", "history"):
            part = getattr(self, name)
            ascending = len(part) == 0 or (part[0] >= 0 and (np.diff(part) > 0).all())
            if part.dtype != np.int64 or not ascending:
                msg = f"{name} must hold ascending int64 rows, each once, from 0"
                raise DataError(msg)
        parts = (self.train, self.validation, self.test, self.history)
        taken = np.zeros(max(int(p[-1]) + 1 for p in parts if len(p)), dtype=np.bool_)
        for part in parts:
            if taken[part].any():
                msg = "the parts of the split share rows of the interaction table"
                raise DataError(msg)
            taken[part] = True

    def hash(self) -> str:
        """Return the SHA-256 over the parts, 64 hex digits."""
        digest = hashlib.sha256()
        for part in (self.train, self.validation, self.test, self.history):
            digest.update(np.ascontiguousarray(part, dtype="<i8").data)
            digest.update(b"|")
        return digest.hexdigest()
