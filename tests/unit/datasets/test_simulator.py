"""The simulated world: its truth is the truth."""

import numpy as np
import pytest

from recbench.datasets import simulator
from recbench.datasets.samples import SIZES, sample, sample_implicit
from recbench.datasets.simulator import simulate, simulate_blocks
from recbench.datasets.world import expected_rating, make_world
from recbench.errors import UsageError


@pytest.fixture(scope="module")
def world():
    return simulate(2000, 500, 120_000, 5)


def test_the_sample_is_what_its_card_says():
    dataset = sample(None)
    table = dataset.interactions

    assert (table.n_users, table.n_items, len(table)) == SIZES
    assert set(table.ratings.tolist()) == {1.0, 2.0, 3.0, 4.0, 5.0}
    pairs = table.users.astype(np.int64) * table.n_items + table.items
    assert len(np.unique(pairs)) == len(table)
    assert np.bincount(table.users, minlength=400).min() >= 1
    assert dataset.truth["preference"].shape == (400, 300)
    assert dataset.truth["preference"].dtype == np.float64


def test_the_sample_never_changes():
    """Boards on it stay comparable: a new fingerprint needs a new name."""
    assert sample(None).fingerprint() == (
        "aeb55f452ade4b15aa93fb97382ddf100d729b36404705ab5230cd6cbbdddcff"
    )


def test_the_implicit_sample_has_the_same_events():
    one, other = sample(None).interactions, sample_implicit(None).interactions

    assert other.ratings is None
    np.testing.assert_array_equal(one.users, other.users)
    np.testing.assert_array_equal(one.items, other.items)


def test_a_seed_means_one_world():
    first, same, other = (simulate(60, 40, 500, seed) for seed in (1, 1, 2))

    assert first.fingerprint() == same.fingerprint()
    assert first.fingerprint() != other.fingerprint()
    np.testing.assert_equal(dict(first.truth), dict(same.truth))


def test_expected_ratings_are_those_of_a_long_series():
    rng = np.random.default_rng(0)
    preference = np.array([-1.0, 1.2, 2.5, 3.4, 4.9, 7.0])
    mean, variance = expected_rating(preference, 0.8)
    drawn = preference + 0.8 * rng.standard_normal((400_000, 6))
    stars = np.clip(np.floor(drawn + 0.5), 1, 5)

    np.testing.assert_allclose(mean, stars.mean(0), atol=0.005)
    np.testing.assert_allclose(variance, stars.var(0), atol=0.005)


def test_nothing_beats_the_true_preference(world):
    table, truth = world.interactions, world.truth
    best = truth["preference"][table.users, table.items]
    rmse = np.sqrt(np.mean((table.ratings - best) ** 2))
    item_sums = np.bincount(table.items, table.ratings, minlength=500)
    item_mean = item_sums / np.maximum(np.bincount(table.items, minlength=500), 1)
    simple = np.sqrt(np.mean((table.ratings - item_mean[table.items]) ** 2))

    assert rmse == pytest.approx(truth["irreducible_rmse"][0], rel=0.01)
    assert rmse < simple - 0.15
    for scale in (0.9, 1.1):  # neither flatter nor steeper predictions are better
        other = 3.4 + scale * (best - 3.4)
        assert np.sqrt(np.mean((table.ratings - other) ** 2)) > rmse
    floor = np.sqrt(truth["variance"][table.users, table.items].mean())
    assert floor == pytest.approx(truth["irreducible_rmse"][0], rel=1e-6)


def test_the_true_preference_ranks_best(world):
    """Among two items a user rated, the truth errs less often than popularity."""
    table, truth = world.interactions, world.truth["preference"]
    rows = np.flatnonzero(table.users[1:] == table.users[:-1])
    first, second = table.items[rows], table.items[rows + 1]
    better = np.sign(table.ratings[rows] - table.ratings[rows + 1])
    popularity = np.bincount(table.items, minlength=500)
    users = table.users[rows]

    def agreement(a, b):
        return np.mean(np.sign(a - b)[better != 0] == better[better != 0])

    true = agreement(truth[users, first], truth[users, second])
    assert true > 0.75
    assert true > agreement(popularity[first], popularity[second]) + 0.1


def test_popularity_is_skewed_and_taste_selects(world):
    table = world.interactions
    counts = np.sort(np.bincount(table.items, minlength=500))[::-1]

    assert counts[:50].sum() > 0.3 * counts.sum()
    met = world.truth["preference"][table.users, table.items].mean()
    assert met > world.truth["preference"].mean() + 0.15
    blind = simulate(400, 300, 15_000, 3, taste=0.0)
    met = blind.truth["preference"][
        blind.interactions.users, blind.interactions.items
    ].mean()
    assert met == pytest.approx(blind.truth["preference"].mean(), abs=0.1)


def test_time_runs_forward_within_a_user(world):
    table = world.interactions
    same = table.users[1:] == table.users[:-1]

    assert (np.diff(table.users) >= 0).all()
    assert (np.diff(table.timestamps)[same] >= 0).all()


def test_features_tell_of_the_taste(world):
    """The occupation explains more of the preferences than shuffled ones."""
    jobs = world.interactions.user_features.columns["occupation"].codes
    truth = world.truth["preference"]
    rng = np.random.default_rng(0)

    def explained(codes):
        means = np.stack([truth[codes == c].mean(0) for c in range(6)])
        return means[codes].var(0).sum()

    assert explained(jobs) > 3 * explained(rng.permutation(jobs))


def test_large_worlds_are_made_in_blocks(monkeypatch):
    monkeypatch.setattr(simulator, "BLOCK", 5_000)
    world = make_world(1000, 200, 40_000, 1)
    blocks = list(simulate_blocks(world, 1))
    sizes = [len(block.users) for block in blocks]

    assert len(blocks) > 6
    assert max(sizes) < 2 * 5_000
    assert sum(sizes) == 40_000
    pairs = np.concatenate([b.users * np.int64(200) + b.items for b in blocks])
    assert len(np.unique(pairs)) == 40_000
    starts = [block.users[0] for block in blocks]
    assert starts == sorted(set(starts))


def test_a_world_without_dense_truth(monkeypatch):
    monkeypatch.setattr(simulator, "DENSE", 100)

    assert set(simulate(50, 40, 300, 1).truth) == {"irreducible_rmse"}


@pytest.mark.parametrize("sizes", [(0, 10, 5), (10, 2, 10), (10, 10, 5), (10, 10, 26)])
def test_sizes_that_make_no_world(sizes):
    with pytest.raises(UsageError, match="cannot simulate"):
        simulate(*sizes, 0)
