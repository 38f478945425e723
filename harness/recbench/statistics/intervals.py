r"""Intervals and p-values that stay honest with three splits.

Let ``A`` be the users' influences averaged over ``C`` units, ``E`` what is left of
them in each unit, ``F`` the figures of the units, ``U`` the number of users. Then

- ``users``: variance of the mean of ``A`` less the share of ``E`` in it;
- ``units``: variance of the mean of ``F``, with ``C - 1`` degrees of freedom.

The two are independent and their sum estimates the variance of the board's figure
without bias. A normal or bootstrap interval from that sum covers some 75 to 87 % with
three units, because ``units`` is known so badly. Two classical remedies bracket the
truth: Satterthwaite's degrees of freedom (1946) cover 92 to 95 % here, a little too
few, and Banerjee's weighting (1961), which gives each component its own critical
value, covers 95 to 98 %, provably never too few. The half-width used is the mean of
the two, but never less than 0.65 of what the users alone would give: three units that
happen to agree are no reason to believe more than users allow. It covers 94.2 to
96.8 % whatever the shares of the components, for three units and more (93 to 98 % for
two); ``tests/unit/statistics`` repeats the proof.

With one unit only the users' part can be known, and the interval says ``users``.
Without per-user values only the units' part can, and one unit gives no interval.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from recbench.statistics.sample import Units

LEVEL = 0.95
FLOOR = 0.65
LEAST = 64.0**-8  # of p-values: beyond the precision of a float in (0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its interval.

    Attributes:
        mean: The estimate.
        low: Lower end; None where the data allow none.
        high: Upper end, likewise.
        over: What the interval reflects: ``users``, ``splits``, ``seeds``, or two of
            them joined by ``and``; empty where there is none.
    """

    mean: float
    low: float | None
    high: float | None
    over: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Variance:
    """The variance of an estimate, by source.

    Attributes:
        users: Part of the users.
        users_df: Its degrees of freedom; 0 where users are unknown.
        units: Part of the splits or model seeds.
        units_df: Its degrees of freedom; 0 where there is one unit.
        alone: Variance due to users if no other units existed than those at hand.
    """

    users: float
    users_df: int
    units: float
    units_df: int
    alone: float = 0.0

    @property
    def total(self) -> float:
        """Return the variance of the estimate."""
        return self.users + self.units


def variance(found: Units) -> Variance:
    """Return the variance of ``found.mean``, by source."""
    c, u = found.influence.shape
    between = float(found.figures.var(ddof=1)) / c if c > 1 else 0.0
    if u < 2:
        return Variance(users=0.0, users_df=0, units=between, units_df=c - 1)
    mean = found.influence.mean(axis=0)
    users = alone = float(np.sum(mean**2)) * u / (u - 1)
    if c > 1:
        rest = float(np.sum((found.influence - mean) ** 2)) * u / (u - 1)
        users = max(0.0, users - rest / ((c - 1) * c))
    return Variance(
        users=users, users_df=u - 1, units=between, units_df=c - 1, alone=alone
    )


def interval(found: Units, level: float = LEVEL) -> Interval:
    """Return the figure of the board with its interval."""
    known = variance(found)
    sources = ["users"] if known.users_df else []
    sources += [found.axis] if known.units_df else []
    if not sources:
        return Interval(mean=found.mean, low=None, high=None, over="")
    half = half_width(known, level)
    return Interval(
        mean=found.mean,
        low=found.mean - half,
        high=found.mean + half,
        over=" and ".join(sources),
    )


def within(found: Interval, low: float | None, high: float | None) -> Interval:
    """Return the interval as far as the estimated figure can be at all.

    It covers the truth as often as before, since the truth lies within the bounds.
    """
    if found.low is None or found.high is None:
        return found
    least = found.low if low is None else max(found.low, low)
    most = found.high if high is None else min(found.high, high)
    return replace(found, low=min(least, found.mean), high=max(most, found.mean))


def half_width(known: Variance, level: float = LEVEL) -> float:
    """Return half the width of the interval at a confidence level."""
    return float(_half_width(known, (1 - level) / 2))


def p_value(difference: float, known: Variance) -> float:
    """Return the two-sided p-value of a difference: where its interval meets zero.

    1 where the data allow no interval, so that nothing is claimed.
    """
    if not (known.users_df or known.units_df) or difference == 0:
        return 1.0
    if not known.units_df and known.alone == known.users > 0:  # one quantile is all
        score = abs(difference) / np.sqrt(known.total)
        return max(2 * float(special.stdtr(known.users_df, -score)), LEAST)
    low, high = 0.0, 0.5  # the tail: its half-width falls from infinity to 0
    for _ in range(8):
        tails = np.linspace(low, high, 65)
        reach = int(np.sum(_half_width(known, tails[1:-1]) >= abs(difference)))
        low, high = float(tails[reach]), float(tails[reach + 1])
    return 2 * high


def satterthwaite(known: Variance) -> float:
    """Return the degrees of freedom of the total variance."""
    parts = 0.0
    if known.users_df:
        parts += known.users**2 / known.users_df
    if known.units_df:
        parts += known.units**2 / known.units_df
    if parts <= 0:
        return float(max(known.users_df, known.units_df, 1))
    return known.total**2 / parts


def _half_width(
    known: Variance, tail: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the half-width that leaves each of ``tail`` on either side."""
    narrow = quantile(satterthwaite(known), tail) * np.sqrt(known.total)
    square = np.zeros_like(narrow)
    if known.users_df:
        square = square + quantile(known.users_df, tail) ** 2 * known.users
    if known.units_df:
        square = square + quantile(known.units_df, tail) ** 2 * known.units
    half = (narrow + np.sqrt(square)) / 2
    if known.users_df:
        least = quantile(known.users_df, tail) * np.sqrt(known.alone)
        half = np.maximum(half, FLOOR * least)
    return np.asarray(half)


def quantile(df: float, tail: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what Student's t exceeds with probability ``tail``."""
    return np.asarray(-special.stdtrit(df, tail))
