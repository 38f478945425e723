"""Two models on the same splits and the same users."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recbench.statistics import portable
from recbench.statistics.intervals import (
    LEVEL,
    Interval,
    Variance,
    half_width,
    interval,
    p_value,
    quantile,
    satterthwaite,
    variance,
)
from recbench.statistics.sample import Sample, Units, difference

FLIPS = 9999
POWER = 0.8
BLOCK = 2**24  # random signs held at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Model A minus model B in one metric.

    Attributes:
        difference: Mean difference with its interval over users and splits.
        p: Two-sided p-value over users and splits; generalises to new splits.
        p_users: Two-sided p-value of a sign-flip randomisation over users, their
            differences averaged over the splits at hand; says nothing of new splits.
            None without per-user values.
        effect: Mean difference in standard deviations of the users' differences.
        better: Share of users for whom A's value is the larger one.
        worse: Share of users for whom it is the smaller one.
        smallest: Smallest difference that this test finds with 80 % power.
        n_users: Users compared.
        n_units: Splits or model seeds compared.
        axis: What a unit is.
    """

    difference: Interval
    p: float
    p_users: float | None
    effect: float | None
    better: float | None
    worse: float | None
    smallest: float | None
    n_users: int
    n_units: int
    axis: str


def compare(
    a: Sample, b: Sample, *, level: float = LEVEL, seed: int = 0
) -> Comparison | None:
    """Compare two models; None where they share no split.

    Args:
        a: One model's sample.
        b: The other's.
        level: Confidence level of the interval.
        seed: Seed of the sign flips.
    """
    found = difference(a, b)
    if found is None:
        return None
    known = variance(found)
    values = user_differences(found)
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    noise = 1e-12 * max(1.0, float(np.abs(values).max(initial=0.0)))
    has_users = len(values) > 1
    return Comparison(
        difference=interval(found, level),
        p=p_value(found.mean, known),
        p_users=sign_flip(values, seed=seed) if has_users else None,
        effect=found.mean / spread if spread > 0 else None,
        better=float(np.mean(values > noise)) if has_users else None,
        worse=float(np.mean(values < -noise)) if has_users else None,
        smallest=smallest_difference(known),
        n_users=len(found.users),
        n_units=len(found.figures),
        axis=found.axis,
    )


def user_differences(found: Units) -> NDArray[np.float64]:
    """Return each user's difference averaged over units, float64 ``(u,)``.

    For a plain mean these are the differences of the users' own values; in general
    they are pseudo-values, whose mean is the difference of the figures.
    """
    if not len(found.users):
        return np.zeros(0)
    mean = found.influence.mean(axis=0)
    return np.asarray(len(found.users) * mean + found.mean)


def sign_flip(
    values: NDArray[np.float64], *, flips: int = FLIPS, seed: int = 0
) -> float:
    """Return the two-sided p-value of a mean under random changes of sign.

    Exact up to simulation where each user's difference is as likely to have either
    sign; the observed signs count as one of the draws (Phipson and Smyth, 2010).

    Args:
        values: Differences, one per user, shape ``(u,)``.
        flips: Number of random changes.
        seed: Seed of the changes.
    """
    kept = values[values != 0]
    if not len(kept):
        return 1.0
    observed = abs(float(kept.sum())) * (1 - 1e-12)
    rows = max(1, BLOCK // len(kept))
    extreme = 0
    for number, start in enumerate(range(0, flips, rows)):
        shape = (min(rows, flips - start), len(kept))
        drawn = portable.signs(seed * 1_000_003 + number, shape) @ kept
        extreme += int(np.sum(np.abs(drawn) >= observed))
    return (extreme + 1) / (flips + 1)


def smallest_difference(known: Variance, power: float = POWER) -> float | None:
    """Return the smallest true difference that the test finds with this power.

    None where the data allow no test.
    """
    if not (known.users_df or known.units_df):
        return None
    reach = float(quantile(satterthwaite(known), 1 - power))
    return half_width(known) + reach * float(np.sqrt(known.total))


def smallest_difference_between(a: Sample, b: Sample) -> float | None:
    """Return the smallest difference between two models that a test would find."""
    found = difference(a, b)
    return None if found is None else smallest_difference(variance(found))


def p_between(a: Sample, b: Sample) -> float:
    """Return the p-value over users and splits; 1 where no split is shared."""
    found = difference(a, b)
    return 1.0 if found is None else p_value(found.mean, variance(found))
