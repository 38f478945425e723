import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from recbench.metrics.views import PerUser
from recbench.statistics.corrections import benjamini_hochberg, holm
from recbench.statistics.intervals import interval, p_value, variance
from recbench.statistics.paired import sign_flip
from recbench.statistics.ranking import best_probability, cliques, ranks
from recbench.statistics.sample import difference, sample, units

p_lists = hnp.arrays(np.float64, st.integers(0, 12), elements=st.floats(0, 1))
tables = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(2, 12)),
    elements=st.floats(0, 1, width=16),
)


def of(values):
    runs = {
        (split, 0): PerUser(
            users=np.arange(len(row), dtype=np.int32),
            values=row,
            weights=np.ones(len(row)),
        )
        for split, row in enumerate(values)
    }
    return sample({run: t.figure() for run, t in runs.items()}, runs)


@given(p_lists)
def test_corrections_never_lower_a_p_value_nor_change_the_order(p) -> None:
    for correct in (holm, benjamini_hochberg):
        adjusted = correct(p)

        assert (adjusted >= p - 1e-15).all()
        assert (adjusted <= 1).all()
        order = np.argsort(p, kind="stable")
        assert (np.diff(adjusted[order]) >= -1e-15).all()


@given(p_lists)
def test_holm_is_at_least_as_strict_as_benjamini_hochberg(p) -> None:
    assert (holm(p) >= benjamini_hochberg(p) - 1e-15).all()


@given(tables)
def test_an_interval_holds_its_mean_and_grows_with_its_level(values) -> None:
    found = units(of(values))

    inner, outer = interval(found, 0.8), interval(found, 0.95)

    assert outer.low <= inner.low <= inner.mean <= inner.high <= outer.high
    np.testing.assert_allclose(inner.mean, values.mean(axis=1).mean(), atol=1e-12)


@given(tables, st.floats(-2, 2), st.floats(0.1, 4))
def test_intervals_move_and_stretch_with_the_values(values, shift, scale) -> None:
    before, after = interval(units(of(values))), interval(units(of(values * scale)))
    moved = interval(units(of(values + shift)))

    np.testing.assert_allclose(after.high, before.high * scale, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(moved.low, before.low + shift, rtol=1e-6, atol=1e-9)


@given(tables, st.integers(0, 2**16))
def test_the_difference_of_two_models_is_antisymmetric(values, seed) -> None:
    a = of(values)
    b = of(np.random.default_rng(seed).permuted(values, axis=1))

    ab, ba = difference(a, b), difference(b, a)

    np.testing.assert_allclose(ab.mean, -ba.mean, atol=1e-12)
    p, q = p_value(ab.mean, variance(ab)), p_value(ba.mean, variance(ba))
    np.testing.assert_allclose(p, q, atol=1e-9)


@given(hnp.arrays(np.float64, st.integers(1, 8), elements=st.floats(-1, 1)))
def test_sign_flips_give_a_probability(values) -> None:
    assert 0 < sign_flip(values, flips=99) <= 1
    assert sign_flip(values, flips=99) == sign_flip(-values, flips=99)


@settings(max_examples=20)
@given(tables, st.booleans())
def test_chances_to_be_best_add_up_to_one(values, upward) -> None:
    models = [of(values), of(values[:, ::-1]), of(values * 0.9)]

    found = best_probability(models, higher_is_better=upward)

    np.testing.assert_allclose(found.sum(), 1)
    assert (found >= 0).all()


@given(st.integers(0, 7), st.integers(0, 2**16))
def test_ranks_and_cliques_agree_with_their_definition(n, seed) -> None:
    rng = np.random.default_rng(seed)
    p = rng.choice([1e-9, 1.0], size=(n, n))
    p = np.minimum(p, p.T)
    np.fill_diagonal(p, 1.0)

    found = ranks(p)
    stretches = cliques(p)

    expected: list[int] = []
    leader = 0
    for i in range(n):  # the definition, word by word
        if p[leader, i] <= 0.05:
            leader = i
        expected.append(leader + 1)
    assert found == expected
    every = [
        (a, b)
        for a in range(n)
        for b in range(a + 1, n)
        if all(p[i, j] > 0.05 for i in range(a, b + 1) for j in range(i, b + 1))
    ]
    largest = [
        (a, b)
        for a, b in every
        if not any((c, d) != (a, b) and c <= a and b <= d for c, d in every)
    ]
    assert stretches == largest
