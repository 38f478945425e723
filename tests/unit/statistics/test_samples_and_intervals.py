import numpy as np
import pytest
from scipy import stats

from recbench.metrics.views import PerUser
from recbench.statistics.intervals import interval, p_value, variance, within
from recbench.statistics.sample import difference, sample, units


def table(values, *, users=None, weights=None, finish="mean") -> PerUser:
    values = np.asarray(values, dtype=np.float64)
    users = np.arange(len(values)) if users is None else np.asarray(users)
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, float)
    return PerUser(
        users=users.astype(np.int32), values=values, weights=weights, finish=finish
    )


def of(tables):
    return sample({run: t.figure() for run, t in tables.items()}, tables)


def test_one_run_has_students_interval_over_users() -> None:
    values = np.random.default_rng(0).random(30)

    found = interval(units(of({(0, 0): table(values)})))
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)

    np.testing.assert_allclose((found.low, found.high), expected, rtol=1e-12)
    assert found.over == "users"


@pytest.mark.parametrize(
    ("bounds", "low", "high"),
    [
        pytest.param((0.0, 1.0), 0.0, None, id="cut below"),
        pytest.param((None, 0.15), None, 0.15, id="cut above"),
        pytest.param((-1.0, 1.0), None, None, id="wide enough"),
        pytest.param((None, None), None, None, id="no bounds"),
        pytest.param((0.2, 0.3), 0.1, 0.3, id="the figure is never cut off"),
    ],
)
def test_an_interval_ends_where_the_metric_does(bounds, low, high) -> None:
    whole = interval(units(sample({(0, 0): 0.0, (1, 0): 0.1, (2, 0): 0.2})))

    found = within(whole, *bounds)

    assert whole.low == pytest.approx(-0.148, abs=0.001)
    assert (found.mean, found.over) == (whole.mean, whole.over)
    assert found.low == pytest.approx(whole.low if low is None else low)
    assert found.high == pytest.approx(whole.high if high is None else high)


def test_where_there_is_no_interval_bounds_make_none() -> None:
    alone = interval(units(sample({(0, 0): 0.5})))

    assert within(alone, 0.0, 1.0) == alone


def test_a_system_metric_has_students_interval_over_splits() -> None:
    figures = {(0, 0): 0.31, (1, 0): 0.35, (2, 0): 0.36}

    found = interval(units(sample(figures)))
    expected = stats.ttest_1samp(list(figures.values()), 0).confidence_interval(0.95)

    np.testing.assert_allclose((found.low, found.high), expected, rtol=1e-12)
    assert found.over == "splits"


def test_a_system_metric_of_one_run_has_no_interval() -> None:
    found = interval(units(sample({(0, 0): 0.31})))

    assert (found.mean, found.low, found.high, found.over) == (0.31, None, None, "")


def test_several_model_seeds_on_one_split_are_the_unit() -> None:
    values = np.random.default_rng(0).random((3, 30))

    found = units(of({(4, seed): table(values[seed]) for seed in range(3)}))

    assert (found.axis, found.names) == ("seeds", (0, 1, 2))
    assert interval(found).over == "users and seeds"


def test_model_seeds_of_a_split_are_averaged_before_splits_are_compared() -> None:
    figures = {(0, 0): 0.1, (0, 1): 0.3, (1, 0): 0.4, (2, 0): 0.6}

    found = units(sample(figures))

    assert found.axis == "splits"
    np.testing.assert_allclose(found.figures, [0.2, 0.4, 0.6])
    assert found.mean == pytest.approx(0.4)


def test_influence_is_what_the_figure_owes_to_each_user() -> None:
    """Against brute force: leave each user out and see how the RMSE moves."""
    rng = np.random.default_rng(1)
    weights, values = rng.integers(1, 9, 400), rng.random(400)
    whole = table(values, weights=weights, finish="sqrt")

    found = of({(0, 0): whole}).influence[0]
    moves = []
    for user in range(400):
        kept = np.arange(400) != user
        rest = table(values[kept], weights=weights[kept], finish="sqrt")
        moves.append(whole.figure() - rest.figure())

    assert found.sum() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(found, moves, rtol=0.05, atol=1e-5)


def test_users_missing_from_a_split_are_matched_by_code() -> None:
    found = of(
        {
            (0, 0): table([1.0, 3.0], users=[5, 9]),
            (1, 0): table([2.0, 4.0, 9.0], users=[5, 7, 9]),
        }
    )

    assert list(found.users) == [5, 7, 9]
    assert found.influence[0, 1] == 0


def test_a_user_of_weight_zero_does_not_count() -> None:
    with_nan = table([1.0, 2.0, np.nan], weights=[1, 1, 0])

    found = of({(0, 0): with_nan})

    assert list(found.users) == [0, 1]
    assert np.isfinite(found.influence).all()


def test_a_paired_difference_of_one_split_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random(40), rng.random(40) + 0.1

    found = difference(of({(0, 0): table(a)}), of({(0, 0): table(b)}))
    expected = stats.ttest_rel(a, b)

    assert found.mean == pytest.approx(np.mean(a - b))
    p = p_value(found.mean, variance(found))
    assert p == pytest.approx(expected.pvalue, rel=1e-6)


def test_only_shared_splits_are_compared() -> None:
    rng = np.random.default_rng(3)
    a = of({(s, 0): table(rng.random(20)) for s in (0, 1, 2)})
    b = of({(s, 0): table(rng.random(20)) for s in (1, 2, 3)})

    assert difference(a, b).names == (1, 2)


def test_models_without_a_shared_split_are_not_compared() -> None:
    a, b = of({(0, 0): table([0.1, 0.2])}), of({(1, 0): table([0.1, 0.2])})

    assert difference(a, b) is None


def test_other_model_seeds_on_one_split_are_averaged() -> None:
    rng = np.random.default_rng(4)
    a = of({(0, 0): table(rng.random(20))})
    b = of({(0, seed): table(rng.random(20)) for seed in (1, 2, 3)})

    found = difference(a, b)

    assert found.axis == "none"
    assert found.mean == pytest.approx(a.figures.mean() - b.figures.mean())


@pytest.mark.parametrize("n_splits", [1, 2, 3, 6])
def test_the_p_value_is_where_the_interval_meets_zero(n_splits) -> None:
    rng = np.random.default_rng(5)
    a = of({(s, 0): table(rng.random(25)) for s in range(n_splits)})
    b = of({(s, 0): table(rng.random(25) + 0.2) for s in range(n_splits)})
    found = difference(a, b)

    p = p_value(found.mean, variance(found))
    bounds = interval(found, level=1 - p)

    assert min(abs(bounds.low), abs(bounds.high)) == pytest.approx(0, abs=1e-9)


def test_identical_models_have_a_p_value_of_one() -> None:
    one = of({(s, 0): table(np.arange(9.0)) for s in range(3)})
    found = difference(one, one)

    assert p_value(found.mean, variance(found)) == 1.0


def test_a_perfect_rating_model_has_no_influences() -> None:
    found = of({(0, 0): table(np.zeros(5), finish="sqrt")})

    assert not found.influence.any()
    assert interval(units(found)).high == 0


def test_splits_that_happen_to_agree_do_not_shrink_the_interval_to_nothing() -> None:
    rng = np.random.default_rng(6)
    noise = rng.standard_normal((3, 50))
    noise -= noise.mean(axis=1, keepdims=True)  # the three figures are all 0.5

    found = units(of({(s, 0): table(0.5 + noise[s]) for s in range(3)}))
    alone = stats.t.ppf(0.975, 49) * noise.mean(axis=0).std(ddof=1) / np.sqrt(50)

    assert interval(found).high - 0.5 >= 0.65 * alone
