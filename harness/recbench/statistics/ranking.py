"""Which models cannot be told apart, and which is likely to be the best.

Ranks: models stand in order of their figure. The first is the leader; the models
behind it share its rank, which is the leader's place, down to the first whose paired
difference to the leader is significant (Holm, over all comparisons with this leader).
That one leads the next group, and so on. A model with wide intervals further down may
so have another rank than a leader from whom nothing tells it apart.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recbench.statistics import portable
from recbench.statistics.corrections import holm
from recbench.statistics.intervals import variance
from recbench.statistics.paired import p_between
from recbench.statistics.sample import Sample, Units, units

ALPHA = 0.05
DRAWS = 2000
BLOCK = 2**23  # random weights held at once


def p_values(ordered: Sequence[Sample]) -> NDArray[np.float64]:
    """Return the p-value of every pair, float64 ``(m, m)``, 1 on the diagonal."""
    table = np.ones((len(ordered), len(ordered)))
    for i, one in enumerate(ordered):
        for j in range(i):
            table[i, j] = table[j, i] = p_between(one, ordered[j])
    return table


def ranks(p: NDArray[np.float64], alpha: float = ALPHA) -> list[int]:
    """Return the rank of each model, never smaller than that of a better figure.

    Args:
        p: P-values of all pairs, models in order of figure, shape ``(m, m)``.
        alpha: Significance level.
    """
    found: list[int] = []
    while (leader := len(found)) < len(p):
        differs = holm(p[leader, leader + 1 :]) <= alpha
        tied = int(differs.argmax()) if differs.any() else len(differs)
        found += [leader + 1] * (1 + tied)
    return found


def adjusted(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the p-values of all pairs, adjusted by Holm over all of them."""
    upper = np.triu_indices(len(p), k=1)
    table = np.ones_like(p)
    table[upper] = holm(p[upper])
    return np.asarray(np.minimum(table, table.T))


def cliques(p: NDArray[np.float64], alpha: float = ALPHA) -> list[tuple[int, int]]:
    """Return the largest stretches of neighbours of which no pair differs.

    What a critical-difference diagram draws as bars (Demšar, 2006).

    Args:
        p: Adjusted p-values of all pairs, in order of figure, shape ``(m, m)``.
        alpha: Significance level.

    Returns:
        First and last index of each stretch of two or more.
    """
    found: list[tuple[int, int]] = []
    for start in range(len(p)):
        end = start
        while end + 1 < len(p) and (p[start : end + 1, end + 1] > alpha).all():
            end += 1
        if end > start and (not found or end > found[-1][1]):
            found.append((start, end))
    return found


def best_probability(
    samples: Sequence[Sample], *, higher_is_better: bool, seed: int = 0
) -> NDArray[np.float64]:
    """Return for each model the share of bootstrap worlds in which it is the best.

    Users are drawn once for all models (Bayesian bootstrap; Rubin, 1981), so that
    pairs stay pairs. Splits, of which there are few, are drawn from a multivariate t
    with the spread and the correlation of the observed figures.

    Args:
        samples: One per model.
        higher_is_better: Direction of the metric.
        seed: Seed of the draws.
    """
    if len(samples) < 2:
        return np.ones(len(samples))
    found = [units(one) for one in samples]
    worlds = np.array([one.mean for one in found]) + _users_part(found, seed)
    worlds += _units_part(found, seed)
    # equal models must stay equal whatever the order of summation
    worlds = np.round(worlds if higher_is_better else -worlds, 12)
    winners = worlds == worlds.max(axis=1, keepdims=True)
    return np.asarray((winners / winners.sum(axis=1, keepdims=True)).mean(axis=0))


def _users_part(found: Sequence[Units], seed: int) -> NDArray[np.float64]:
    """Return how drawing users moves each model, shape ``(draws, m)``."""
    everyone = np.unique(np.concatenate([one.users for one in found]))
    out = np.zeros((DRAWS, len(found)))
    if not len(everyone):
        return out
    influence = np.zeros((len(everyone), len(found)))
    for column, one in enumerate(found):
        rows = np.searchsorted(everyone, one.users)
        influence[rows, column] = one.influence.mean(axis=0)
    step = max(1, BLOCK // len(everyone))
    for number, start in enumerate(range(0, DRAWS, step)):
        shape = (min(step, DRAWS - start), len(everyone))
        weights = portable.exponential(seed * 1_000_003 + number, shape)
        weights /= weights.mean(axis=1, keepdims=True)
        out[start : start + shape[0]] = weights @ influence
    return out


def _units_part(found: Sequence[Units], seed: int) -> NDArray[np.float64]:
    """Return how drawing splits moves each model, shape ``(draws, m)``.

    A unit's figures also hold the noise of its users, which drawing users has counted
    already; that share is taken out.
    """
    names = sorted({name for one in found for name in one.names})
    moves = np.zeros((len(names), len(found)))
    for column, one in enumerate(found):
        c = len(one.figures)
        if c < 2:
            continue
        known = variance(one)
        users = float(np.sum(one.influence.mean(axis=0) ** 2))
        twice = max(0.0, users - known.users) if known.users_df else 0.0
        keep = np.sqrt(max(0.0, 1 - twice / known.units)) if known.units > 0 else 0.0
        rows = [names.index(name) for name in one.names]
        moves[rows, column] = (one.figures - one.mean) / np.sqrt(c * (c - 1)) * keep
    if len(names) < 2:
        return np.zeros((DRAWS, len(found)))
    df = len(names) - 1
    drawn = portable.normal(seed + 7, (DRAWS, len(names)))
    scale = np.sqrt(portable.chi_square(seed + 11, (DRAWS, 1), df) / df)
    return np.asarray(drawn / scale @ moves)
