"""What a suite allows in a list, and the refusal of output that breaks a contract."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.errors import ContractError
from recbench.interactions import Interactions

BLOCK = 8192  # lists verified at once

BLOCK_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RankingRules:
    """What may be listed for whom, and how ties fall.

    Attributes:
        candidates: bool, shape ``(n_items,)``.
        seen: Interactions whose items are never listed for their user, or None.
        keys: Tie keys, uint64, shape ``(n_items,)``.
        k: Length of the lists.
        block_bytes: Bytes of float32 scores held at once by all threads together, of
            which each holds one user's at least. The lists do not depend on it.
        threads: How many blocks are ranked at once. The lists do not depend on it.
    """

    candidates: NDArray[np.bool_]
    seen: Interactions | None
    keys: NDArray[np.uint64]
    k: int
    block_bytes: int = BLOCK_BYTES
    threads: int = 1

    def block_rows(self) -> int:
        """Return how many users a thread ranks at once."""
        row = 4 * max(1, len(self.candidates)) * max(1, self.threads)
        return max(1, self.block_bytes // row)


def checked(raw: object, shape: tuple[int, ...], what: str) -> NDArray[np.float32]:
    """Return ``raw`` as float32 of ``shape``, or say how it breaks the contract."""
    if not isinstance(raw, np.ndarray):
        msg = f"{what} returned {type(raw).__name__}, not a NumPy array"
        raise ContractError(msg)
    if raw.shape != shape:
        msg = f"{what} returned shape {raw.shape}, expected {shape}"
        raise ContractError(msg)
    if raw.dtype.kind != "f":
        msg = f"{what} returned dtype {raw.dtype}, expected float32"
        raise ContractError(msg)
    with np.errstate(over="ignore"):  # what overflows is counted as infinite below
        values = np.asarray(raw, dtype=np.float32)
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        msg = f"{what} returned {bad:,} values that are NaN or infinite"
        raise ContractError(msg)
    return values


def mask(
    block: NDArray[np.float32], users: NDArray[np.int32], rules: RankingRules
) -> None:
    """Set to -inf, in place, the scores of what may not be listed.

    Args:
        block: float32, shape ``(b, n_items)`` or wider.
        users: User codes, shape ``(b,)``.
        rules: What may be listed for whom.
    """
    excluded = np.flatnonzero(~rules.candidates)
    if len(excluded):
        block[:, excluded] = -np.inf
    if rules.seen is not None:
        block[seen_pairs(users, rules.seen)] = -np.inf


def seen_pairs(
    users: NDArray[np.int32], seen: Interactions
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return (row in ``users``, item) of everything the users have seen."""
    offsets, items = seen.items_by_user()
    starts = offsets[users]
    counts = offsets[users.astype(np.int64) + 1] - starts
    rows = np.repeat(np.arange(len(users)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, items[starts[rows] + within]


def verify_lists(
    lists: NDArray[np.integer[Any]], users: NDArray[np.int32], rules: RankingRules
) -> None:
    """Refuse lists with repeats, unknown, seen or non-candidate items, or holes.

    Raises:
        ContractError: Naming the first kind of fault and how often it occurs.
    """
    n_items = len(rules.candidates)
    filled = lists >= 0
    faults = {
        "items outside the catalogue": (lists < -1) | (lists >= n_items),
        "items after padding": filled[:, 1:] & ~filled[:, :-1],
    }
    for what, where in faults.items():
        if where.any():
            msg = f"the lists hold {int(where.sum()):,} {what}"
            raise ContractError(msg)
    repeats = outside = seen = 0
    for start in range(0, len(lists), BLOCK):
        part = slice(start, start + BLOCK)
        counts = _faulty(lists[part], users[part], rules)
        repeats, outside, seen = (
            repeats + counts[0],
            outside + counts[1],
            seen + counts[2],
        )
    for count, what in (
        (repeats, "repeated items"),
        (outside, "items that are not candidates"),
        (seen, "items the user has already seen"),
    ):
        if count:
            msg = f"the lists hold {count:,} {what}"
            raise ContractError(msg)


def _faulty(
    lists: NDArray[np.integer[Any]], users: NDArray[np.int32], rules: RankingRules
) -> tuple[int, int, int]:
    """Count repeats, items that are no candidates and seen items in some lists."""
    n_items = len(rules.candidates)
    rows, ranks = np.nonzero(lists >= 0)
    listed = lists[rows, ranks]
    ordered = np.sort(lists, axis=1)
    same = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    repeats = int(same.sum())
    outside = int((~rules.candidates[listed]).sum())
    if rules.seen is None:
        return repeats, outside, 0
    seen_rows, seen_items = seen_pairs(users, rules.seen)
    known = seen_rows * n_items + seen_items  # ascending, as each user's items are
    if not len(known):
        return repeats, outside, 0
    pairs = rows.astype(np.int64) * n_items + listed
    at = np.searchsorted(known, pairs)
    at[at == len(known)] = 0
    return repeats, outside, int((known[at] == pairs).sum())
