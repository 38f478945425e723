"""Every built-in metric equals an independent slow loop over plain Python."""

import math

import numpy as np
import pytest
from metric_oracles import ORACLES
from metric_worlds import random_world, rated, view

from recbench.metrics.builtin import recbench_metrics
from recbench.metrics.compute import figure, ranking_values, rating_values
from recbench.metrics.views import PerUser

SPECS = {spec.name: spec for spec in recbench_metrics()}
RATING = [name for name, spec in SPECS.items() if spec.kind == "rating"]
PER_USER = [name for name, spec in SPECS.items() if spec.kind == "ranking"]
SYSTEM = [name for name, spec in SPECS.items() if spec.kind == "system"]
SEEDS = range(6)


def test_there_is_an_oracle_for_every_metric_and_no_other():
    assert set(ORACLES) == set(SPECS)
    assert len(SPECS) >= 25


@pytest.mark.parametrize("name", PER_USER)
def test_values_of_a_ranking_metric_equal_its_oracle(name):
    for seed in SEEDS:
        world = random_world(seed)
        lists = view(world)
        for k in (1, 3, 5, world.width):
            actual = ranking_values(lists, [f"{name}@{k}"], SPECS)[f"{name}@{k}"]
            expected = ORACLES[name](world, k)

            assert actual.users.tolist() == list(expected)
            wanted = np.array([np.nan if v is None else v for v in expected.values()])
            np.testing.assert_allclose(actual.values, wanted, rtol=1e-12, atol=1e-12)
            assert (actual.weights == ~np.isnan(wanted)).all()


@pytest.mark.parametrize("name", SYSTEM)
def test_a_system_metric_equals_its_oracle(name):
    defined = 0
    for seed in SEEDS:
        world = random_world(seed, n_users=80)
        lists = view(world)
        for k in (1, 3, world.width):
            actual = ranking_values(lists, [f"{name}@{k}"], SPECS)[f"{name}@{k}"]
            expected = ORACLES[name](world, k)

            assert actual == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)
            defined += not math.isnan(expected)
    assert defined > len(SEEDS)


@pytest.mark.parametrize("name", RATING)
def test_values_of_a_rating_metric_equal_its_oracle(name):
    for seed in SEEDS:
        world = random_world(seed)
        actual = rating_values(rated(world), [name], SPECS)[name]
        expected = ORACLES[name](world, None)

        assert actual.users.tolist() == sorted(expected)
        values, weights = zip(*(expected[u] for u in sorted(expected)), strict=True)
        np.testing.assert_allclose(actual.values, values, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(actual.weights, weights)


@pytest.mark.parametrize("name", SPECS)
def test_no_value_lies_beyond_the_bounds_of_its_metric(name):
    low, high = SPECS[name].bounds
    for seed in SEEDS:
        world = random_world(seed, n_users=80)
        if name in RATING:
            found = rating_values(rated(world), [name], SPECS)
        else:
            lists = view(world)
            names = [f"{name}@{k}" for k in (1, 3, world.width)]
            found = ranking_values(lists, names, SPECS)
        for values in found.values():
            known = np.array([figure(values)], dtype=np.float64)  # NaN where undefined
            if isinstance(values, PerUser):
                known = np.append(known, values.values[values.weights > 0])
            assert low is None or not (known < low - 1e-12).any()
            assert high is None or not (known > high + 1e-12).any()


def test_figures_of_rating_metrics_are_those_over_all_pairs():
    world = random_world(3)
    values = rating_values(rated(world), RATING, SPECS)
    errors = np.array([guess - true for _, true, guess in world.pairs])

    assert figure(values["rmse"]) == pytest.approx(np.sqrt((errors**2).mean()))
    assert figure(values["mae"]) == pytest.approx(np.abs(errors).mean())
    assert figure(values["mean-error"]) == pytest.approx(errors.mean())


def test_the_worlds_hold_the_cases_that_matter():
    worlds = [random_world(seed) for seed in SEEDS]
    assert any(not w.lists.get(u) for w in worlds for u in w.users())
    assert any(0 < len(w.lists.get(u, ())) < w.width for w in worlds for u in w.users())
    assert any(not w.train[u] for w in worlds for u in w.users())
    assert any(w.relevant(u) - w.candidates for w in worlds for u in w.users())
    assert any(len(w.relevant(u)) > 5 for w in worlds for u in w.users())
    assert any(set(w.test) - set(w.users()) for w in worlds)
