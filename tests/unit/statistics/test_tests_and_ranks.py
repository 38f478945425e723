import itertools

import numpy as np
import pytest
from scipy import stats

from recbench.metrics.views import PerUser
from recbench.statistics import portable
from recbench.statistics.corrections import benjamini_hochberg, holm
from recbench.statistics.intervals import Variance, half_width
from recbench.statistics.paired import compare, sign_flip, smallest_difference
from recbench.statistics.ranking import (
    adjusted,
    best_probability,
    cliques,
    p_values,
    ranks,
)
from recbench.statistics.sample import sample


def model(level, *, n_runs=3, n_users=80, seed=0, spread=0.1):
    rng = np.random.default_rng(seed)
    tables = {
        (run, 0): PerUser(
            users=np.arange(n_users, dtype=np.int32),
            values=level + spread * rng.standard_normal(n_users),
            weights=np.ones(n_users),
        )
        for run in range(n_runs)
    }
    return sample({run: t.figure() for run, t in tables.items()}, tables)


def p_table(n, different):
    """P-values of pairs: 1e-6 for those named, 0.9 for the others."""
    p = np.full((n, n), 0.9)
    for i, j in different:
        p[i, j] = p[j, i] = 1e-6
    return p


def test_holm_by_hand() -> None:
    p = np.array([0.01, 0.04, 0.03, 0.005])

    np.testing.assert_allclose(holm(p), [0.03, 0.06, 0.06, 0.02])


def test_benjamini_hochberg_agrees_with_scipy() -> None:
    p = np.random.default_rng(0).random(40) ** 2

    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))


def test_sign_flips_agree_with_all_flips_counted() -> None:
    values = np.array([0.3, -0.1, 0.25, 0.4, -0.05, 0.2, 0.15, 0.02, 0.3, -0.12])
    every = np.array(list(itertools.product((-1, 1), repeat=10))) @ values
    exact = np.mean(np.abs(every) >= abs(values.sum()) - 1e-12)

    assert sign_flip(values) == pytest.approx(exact, abs=0.01)


def test_sign_flips_of_nothing_claim_nothing() -> None:
    assert sign_flip(np.zeros(10)) == 1.0


def test_compare_finds_a_clear_difference_and_its_size() -> None:
    found = compare(model(0.5, seed=1), model(0.4, seed=2))

    assert found.p < 0.05
    assert found.p_users < 0.001
    assert found.difference.low < 0.1 < found.difference.high
    assert found.better > 0.7
    assert found.better + found.worse == pytest.approx(1)
    assert found.effect == pytest.approx(0.1 / (0.1 * np.sqrt(2 / 3)), rel=0.3)


def test_compare_of_system_metrics_has_no_users() -> None:
    a = sample({(0, 0): 0.5, (1, 0): 0.52, (2, 0): 0.49})
    b = sample({(0, 0): 0.3, (1, 0): 0.33, (2, 0): 0.29})

    found = compare(a, b)

    assert found.p_users is None
    assert found.effect is None
    expected = stats.ttest_rel([0.5, 0.52, 0.49], [0.3, 0.33, 0.29]).pvalue
    assert found.p == pytest.approx(expected, rel=1e-6)


def test_the_smallest_difference_is_found_in_eight_of_ten_trials() -> None:
    known = Variance(users=0.01**2, users_df=500, units=0.0, units_df=0)
    rng = np.random.default_rng(0)

    seen = smallest_difference(known) + 0.01 * rng.standard_normal(20_000)
    power = np.mean(np.abs(seen) > half_width(known))

    assert power == pytest.approx(0.8, abs=0.02)


def test_models_that_do_not_differ_from_the_leader_share_its_rank() -> None:
    p = p_table(5, [(0, 2), (0, 3), (0, 4), (2, 4)])

    assert ranks(p) == [1, 1, 3, 3, 5]


def test_no_model_ranks_before_one_with_a_better_figure() -> None:
    """The third is too unsteady to differ from anyone but stands below the second."""
    p = p_table(4, [(0, 1), (0, 3), (1, 3)])

    assert ranks(p) == [1, 2, 2, 4]


def test_ranks_are_corrected_for_the_number_of_models() -> None:
    """0.03 alone is significant, 0.03 twenty times over is not."""
    p = np.full((21, 21), 0.03)

    assert ranks(p) == [1] * 21
    assert ranks(p[:2, :2]) == [1, 2]


def test_no_model_and_one_model() -> None:
    assert ranks(np.ones((0, 0))) == []
    assert ranks(np.ones((1, 1))) == [1]


def test_cliques_are_the_largest_stretches() -> None:
    p = p_table(5, [(0, 2), (0, 3), (0, 4), (1, 4)])

    assert cliques(p) == [(0, 1), (1, 3), (2, 4)]


def test_a_model_apart_from_all_is_in_no_clique() -> None:
    assert cliques(p_table(2, [(0, 1)])) == []


def test_pairs_are_corrected_over_all_pairs() -> None:
    p = np.ones((3, 3))
    p[0, 1] = p[1, 0] = 0.02

    assert adjusted(p)[0, 1] == pytest.approx(0.06)
    np.testing.assert_array_equal(adjusted(p), adjusted(p).T)


def test_p_values_are_those_of_pairs() -> None:
    models = [model(0.5, seed=1), model(0.45, seed=2), model(0.5, seed=3)]

    found = p_values(models)

    assert found[0, 1] == compare(models[0], models[1]).p
    np.testing.assert_array_equal(np.diag(found), 1)


def test_equal_models_are_equally_likely_to_be_best() -> None:
    one = model(0.5)

    found = best_probability([one, one, model(0.1, seed=1)], higher_is_better=True)

    np.testing.assert_allclose(found, [0.5, 0.5, 0.0])


def test_the_direction_decides_who_is_best() -> None:
    models = [model(0.5), model(0.1, seed=1)]

    assert best_probability(models, higher_is_better=True)[0] == 1
    assert best_probability(models, higher_is_better=False)[1] == 1


def test_the_chance_to_be_best_of_two_is_that_of_a_positive_difference() -> None:
    """One split: the chance is that of a normal difference to be positive."""
    a, b = model(0.50, n_runs=1, seed=1), model(0.49, n_runs=1, seed=2)
    values = a.influence[0] - b.influence[0]
    gap = a.figures[0] - b.figures[0]

    found = best_probability([a, b], higher_is_better=True)

    expected = stats.norm.cdf(gap / np.sqrt(np.sum(values**2)))
    assert found[0] == pytest.approx(expected, abs=0.03)


def test_splits_count_towards_the_chance_to_be_best() -> None:
    steady = sample({(0, 0): 0.500, (1, 0): 0.501, (2, 0): 0.499})
    shaky = sample({(0, 0): 0.30, (1, 0): 0.49, (2, 0): 0.68})

    found = best_probability([steady, shaky], higher_is_better=True)

    assert 0.4 < found[0] < 0.65


def test_the_raw_numbers_never_change() -> None:
    """Boards are compared byte for byte across machines and NumPy versions."""
    np.testing.assert_allclose(
        portable.uniform(1, (3,)),
        [0.06680200933965635, 0.079012982354903, 0.005777118030780348],
        rtol=1e-15,
    )
    assert portable.uniform(1, (2, 3)).shape == (2, 3)


@pytest.mark.parametrize(
    ("draw", "scipy_law"),
    [
        (portable.uniform, stats.uniform),
        (portable.exponential, stats.expon),
        (portable.normal, stats.norm),
        (lambda s, n: portable.chi_square(s, n, 3), stats.chi2(3)),
    ],
)
def test_portable_numbers_follow_their_laws(draw, scipy_law) -> None:
    assert stats.kstest(draw(7, (4000,)), scipy_law.cdf).pvalue > 0.01


def test_signs_are_even() -> None:
    drawn = portable.signs(3, (100, 50))

    assert set(np.unique(drawn)) == {-1.0, 1.0}
    assert abs(drawn.mean()) < 0.05
