"""Orders of the same models under many ways to measure, held against the board's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to measure the rows of a board.

    Attributes:
        axis: What was changed: ``metric``, ``cut-off``, ``metric and cut-off``,
            ``users``, ``split`` or ``seed``.
        name: What it was changed to.
        figures: Row to figure; larger is better, so that errors come negated.
        n_users: Users behind the figures, per run.
    """

    axis: str
    name: str
    figures: Mapping[str, float]
    n_users: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Two rows that some variants put in the other order.

    Attributes:
        above: The row that stands above on the board.
        below: The other one.
        variants: Names of the variants that put it above.
        tied: Whether they share a rank on the board.
    """

    above: str
    below: str
    variants: tuple[str, ...]
    tied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A variant and how its order stands to the board's.

    Attributes:
        variant: The variant.
        tau: Kendall's tau-b to the board's order; None where it is undefined.
        winners: The rows with the best figure.
        swapped: Pairs (above, below on the board) whose order is reversed.
    """

    variant: Variant
    tau: float | None
    winners: tuple[str, ...]
    swapped: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """All variants of one axis together.

    Attributes:
        name: The axis.
        variants: How many variants it has.
        mean: Mean tau; None where none is defined.
        least: Smallest tau.
        same_winner: In how many the board's first row is (among) the best.
    """

    name: str
    variants: int
    mean: float | None
    least: float | None
    same_winner: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """How stable the order of a board is.

    Attributes:
        suite: Name of the suite.
        primary: The metric that ranks the board.
        rows: The ranked rows in the board's order.
        judged: Every variant with its verdict.
        axes: The axes, in the order of their variants; the last one is ``all``.
        swaps: Pairs that swap, the most frequent first.
    """

    suite: str
    primary: str
    rows: tuple[str, ...]
    judged: tuple[Judged, ...]
    axes: tuple[Axis, ...]
    swaps: tuple[Swap, ...]


def signs(values: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return for each pair ``i < j`` whether i is larger (1), equal (0) or smaller.

    Differences below 1e-12 are rounding, not order.
    """
    first, second = np.triu_indices(len(values), k=1)
    gaps = values[first] - values[second]
    return np.where(np.abs(gaps) < 1e-12, 0, np.sign(gaps)).astype(np.int8)


def tau_b(one: NDArray[np.int8], other: NDArray[np.int8]) -> float | None:
    """Return Kendall's tau-b of two orders given by the signs of their pairs."""
    scale = np.sqrt(float(np.count_nonzero(one)) * float(np.count_nonzero(other)))
    if scale == 0:
        return None
    return float(np.dot(one.astype(np.int64), other.astype(np.int64)) / scale)


def judge(
    suite: str,
    primary: str,
    board: Mapping[str, float],
    groups: Sequence[Sequence[str]],
    variants: Sequence[Variant],
) -> Stability:
    """Hold every variant's order against the board's.

    Args:
        suite: Name of the suite.
        primary: The metric that ranks the board.
        board: The ranked rows in order, to their figure; larger is better.
        groups: Rows that share a rank.
        variants: Each with a figure for every row of the board.
    """
    rows = tuple(board)
    base = signs(np.array(list(board.values())))
    first, second = np.triu_indices(len(rows), k=1)
    judged = []
    reversed_by: dict[tuple[str, str], list[str]] = {}
    for variant in variants:
        values = np.array([variant.figures[row] for row in rows])
        found = signs(values)
        where = np.flatnonzero((base > 0) & (found < 0))
        swapped = tuple((rows[first[p]], rows[second[p]]) for p in where)
        for pair in swapped:
            reversed_by.setdefault(pair, []).append(variant.name)
        best = np.flatnonzero(values >= values.max() - 1e-12)
        judged.append(
            Judged(
                variant=variant,
                tau=tau_b(base, found),
                winners=tuple(rows[i] for i in best),
                swapped=swapped,
            )
        )
    return Stability(
        suite=suite,
        primary=primary,
        rows=rows,
        judged=tuple(judged),
        axes=_axes(judged, rows[0]),
        swaps=_swaps(reversed_by, groups),
    )


def _axes(judged: Sequence[Judged], leader: str) -> tuple[Axis, ...]:
    """Return the axes and, last, all of them together."""
    names = dict.fromkeys(one.variant.axis for one in judged)
    parts = {name: [j for j in judged if j.variant.axis == name] for name in names}
    parts["all"] = list(judged)
    found = []
    for name, members in parts.items():
        taus = [one.tau for one in members if one.tau is not None]
        found.append(
            Axis(
                name=name,
                variants=len(members),
                mean=float(np.mean(taus)) if taus else None,
                least=min(taus, default=None),
                same_winner=sum(leader in one.winners for one in members),
            )
        )
    return tuple(found)


def _swaps(
    reversed_by: Mapping[tuple[str, str], Sequence[str]],
    groups: Sequence[Sequence[str]],
) -> tuple[Swap, ...]:
    """Return the pairs that swap, the most frequent first."""
    found = [
        Swap(
            above=above,
            below=below,
            variants=tuple(names),
            tied=any(above in group and below in group for group in groups),
        )
        for (above, below), names in reversed_by.items()
    ]
    return tuple(sorted(found, key=lambda s: (-len(s.variants), s.above, s.below)))
