"""A nominal 95 % interval covers the truth in 93 to 97 % of simulated benchmarks.

The worlds are not the ones the arithmetic was derived for: users and noise are skewed,
users are missing from runs, and RMSE weighs users by their number of ratings.
"""

from collections.abc import Callable

import numpy as np
import pytest

from recbench.metrics.views import PerUser
from recbench.statistics.intervals import interval, p_value, variance
from recbench.statistics.sample import Sample, difference, sample, units

N_USERS = 200
REGIMES = [
    pytest.param(0.0, 1.0, 0.0, id="users differ, splits do not"),
    pytest.param(0.0, 0.5, 1.0, id="every split asks users anew"),
    pytest.param(0.5, 0.5, 1.0, id="splits matter half as much as users"),
    pytest.param(1.0, 1.0, 0.5, id="splits matter as much as users"),
    pytest.param(3.0, 1.0, 1.0, id="splits matter three times as much"),
    pytest.param(10.0, 1.0, 0.2, id="splits matter most"),
]


def mean_world(rng, *, splits: float, users: float, noise: float, n_runs: int):
    """Return a sample of a metric that averages users, and the true figure."""
    scale = np.sqrt(splits / N_USERS)
    quality = users * rng.standard_exponential(N_USERS)
    shift = scale * rng.standard_normal(n_runs)
    figures, tables = {}, {}
    for run in range(n_runs):
        here = np.flatnonzero(rng.random(N_USERS) < 0.85).astype(np.int32)
        values = quality + shift[run] + noise * rng.standard_exponential(N_USERS)
        table = PerUser(users=here, values=values[here], weights=np.ones(len(here)))
        figures[run, 0], tables[run, 0] = table.figure(), table
    return sample(figures, tables), users + noise


def rmse_world(rng, *, splits: float, users: float, noise: float, n_runs: int):
    """Return a sample of RMSE over users of differing activity, and the true RMSE."""
    activity = 2 + 20 * rng.random(N_USERS)
    size = 0.5 + users * rng.random(N_USERS)  # a user's own error, squared
    scale = 1 + np.sqrt(splits / N_USERS) * 0.3 * rng.standard_normal(n_runs)
    figures, tables = {}, {}
    for run in range(n_runs):
        weights = rng.poisson(activity).astype(np.float64)
        kept = weights > 0
        mean = np.zeros(N_USERS)
        mean[kept] = rng.gamma(weights[kept] / 2, 2) / weights[kept]
        values = scale[run] ** 2 * size * (mean if noise else 1.0)
        table = PerUser(
            users=np.arange(N_USERS, dtype=np.int32),
            values=np.where(kept, values, 0.0),
            weights=weights,
            finish="sqrt",
        )
        figures[run, 0], tables[run, 0] = table.figure(), table
    return sample(figures, tables), np.sqrt(0.5 + users / 2)


def coverage(world: Callable[..., tuple[Sample, float]], n: int, **shape) -> float:
    """Return the share of ``n`` benchmarks whose interval holds the truth."""
    rng = np.random.default_rng(20)
    hits = 0
    for _ in range(n):
        found, truth = world(rng, **shape)
        bounds = interval(units(found))
        hits += bounds.low <= truth <= bounds.high
    return hits / n


@pytest.mark.slow
@pytest.mark.parametrize("n_runs", [3, 5])
@pytest.mark.parametrize(("splits", "users", "noise"), REGIMES)
@pytest.mark.parametrize("world", [mean_world, rmse_world])
def test_intervals_cover_in_two_thousand_benchmarks(
    world, splits, users, noise, n_runs
) -> None:
    covered = coverage(
        world, 2000, splits=splits, users=users, noise=noise, n_runs=n_runs
    )

    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("world", [mean_world, rmse_world])
def test_intervals_cover_with_three_splits(world) -> None:
    covered = coverage(world, 400, splits=1.0, users=1.0, noise=1.0, n_runs=3)

    assert 0.92 <= covered <= 0.985  # 400 benchmarks are known to within 2 points


def test_a_percentile_bootstrap_over_three_splits_would_not_cover() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        found, truth = mean_world(rng, splits=10.0, users=1.0, noise=0.2, n_runs=3)
        drawn = found.figures[rng.integers(0, 3, (500, 3))].mean(axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        hits += low <= truth <= high

    assert hits / 400 < 0.85


def test_one_split_covers_the_truth_of_that_split() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(600):
        found, truth = mean_world(rng, splits=0.0, users=1.0, noise=1.0, n_runs=1)
        bounds = interval(units(found))
        hits += bounds.low <= truth <= bounds.high

    assert 0.92 <= hits / 600 <= 0.98
    assert bounds.over == "users"


@pytest.mark.slow
@pytest.mark.parametrize(("splits", "users", "noise"), REGIMES)
def test_two_equal_models_differ_in_five_of_a_hundred_tests(
    splits, users, noise
) -> None:
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(2000):
        a, _ = mean_world(rng, splits=splits, users=users, noise=noise, n_runs=3)
        b, _ = mean_world(rng, splits=splits, users=users, noise=noise, n_runs=3)
        delta = difference(a, b)
        found += p_value(delta.mean, variance(delta)) < 0.05

    assert 0.03 <= found / 2000 <= 0.07
