"""How good the best trial is after n trials, and which model then leads.

Estimand: a search begins with its first trial and then takes n - 1 of its other trials
in random order, none twice; the expected best is the mean, over all orders, of the best
figure on validation among those n. It is computed exactly, not simulated.

For random search this estimates, without bias, what a fresh search of n trials would
find (Dodge et al., 2019, with replacement; Tang et al., 2020, for why without). A
sampler that learns makes later trials better than earlier ones, so for ``tpe`` the
curve flatters small budgets; the order as it happened stands beside it.
"""

import math
from collections.abc import Mapping, Sequence

Curve = list[float | None]


def expected_best(values: Sequence[float | None], *, maximize: bool) -> Curve:
    """Return the expected best of the first 1, 2, ... trials.

    Args:
        values: Figure of each trial, None where it failed: such a trial used its part
            of the budget and found nothing.
        maximize: Whether a larger figure is better.

    Returns:
        One value for each number of trials; None where some order has found nothing.
    """
    if not values:
        return []
    sign = 1.0 if maximize else -1.0
    first, *others = (-math.inf if v is None else sign * v for v in values)
    # the order of the other trials does not matter: what counts is the best so far
    others = sorted(max(first, value) for value in others)
    found: Curve = [_plain(first, sign)]
    for drawn in range(1, len(others) + 1):
        total = 0.0
        for place, value in enumerate(others):
            # how often this one is the best of those drawn: all others drawn stand
            # before it in ascending order
            share = math.comb(place, drawn - 1) / math.comb(len(others), drawn)
            total += share * value if share else 0.0
        found.append(_plain(total, sign))
    return found


def observed_best(values: Sequence[float | None], *, maximize: bool) -> Curve:
    """Return the best so far in the order as it happened."""
    sign = 1.0 if maximize else -1.0
    best, found = -math.inf, []
    for value in values:
        best = max(best, -math.inf if value is None else sign * value)
        found.append(_plain(best, sign))
    return found


def _plain(value: float, sign: float) -> float | None:
    return sign * value if math.isfinite(value) else None


def leaders(
    curves: Mapping[str, Curve], *, maximize: bool
) -> list[tuple[int, str, float]]:
    """Return from how many trials on which model leads.

    A model whose search ended earlier keeps its last value: it has nothing more to
    try, or no time left for it.

    Returns:
        (trials, model, its value) wherever the leader changes; equal values go to the
        model that led before, else to the first by name.
    """
    steps = {
        name: [(float(n), value) for n, value in enumerate(curve, 1)]
        for name, curve in curves.items()
    }
    return [(int(n), name, value) for n, name, value in _lead(steps, maximize)]


def leaders_by_time(
    curves: Mapping[str, Curve],
    seconds: Mapping[str, Sequence[float]],
    *,
    maximize: bool,
) -> list[tuple[float, str, float]]:
    """Return from how many seconds of search on which model leads.

    Args:
        curves: Model to its best so far, in the order as it happened.
        seconds: Model to the seconds of each trial.
        maximize: Whether a larger figure is better.
    """
    steps = {}
    for name, curve in curves.items():
        ends, total = [], 0.0
        for spent in seconds[name]:
            total += spent
            ends.append(total)
        steps[name] = list(zip(ends, curve, strict=True))
    return list(_lead(steps, maximize))


def _lead(
    steps: Mapping[str, Sequence[tuple[float, float | None]]], maximize: bool
) -> list[tuple[float, str, float]]:
    """Return where the leader changes, among models that improve in steps."""
    sign = 1.0 if maximize else -1.0
    now: dict[str, float] = {}
    found: list[tuple[float, str, float]] = []
    moments = sorted({moment for path in steps.values() for moment, _ in path})
    updates: dict[float, list[tuple[str, float]]] = {}
    for name in sorted(steps):
        for moment, value in steps[name]:
            if value is not None:
                updates.setdefault(moment, []).append((name, sign * value))
    leader = ""
    for moment in moments:
        now |= dict(updates.get(moment, []))
        if not now:
            continue
        best = max(now.values())
        if now.get(leader) != best:
            leader = min(name for name, value in now.items() if value == best)
            found.append((moment, leader, sign * best))
    return found
