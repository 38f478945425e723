"""The planted data have the answer that they claim, and quality measures it."""

import numpy as np
import pytest

from recbench.testing import planted_ratings, planted_topn
from recbench.testing.reading import quality
from recbench.testing.variants import relabelled, tiny, with_strangers


class Knows:
    """Answers from the truth."""

    def __init__(self, truth) -> None:
        self.truth = truth.astype(np.float32)

    def score(self, users):
        return self.truth[users]

    def predict(self, users, items):
        return self.truth[users, items]


class Lists:
    """Hands out fixed lists."""

    def __init__(self, lists) -> None:
        self.lists = lists

    def recommend(self, users, k):
        return self.lists[users][:, :k]


@pytest.mark.parametrize("rated", [False, True])
def test_who_knows_the_truth_orders_every_pair_right(rated) -> None:
    planted = planted_topn(3, rated=rated)

    assert quality(Knows(planted.truth), planted) == 1
    assert quality(Knows(-planted.truth), planted) == 0


def test_who_knows_the_true_ratings_has_no_error() -> None:
    planted = planted_ratings(3)

    assert quality(Knows(planted.truth), planted) < 1e-6
    assert quality(Knows(planted.truth + 0.5), planted) == pytest.approx(0.48, abs=0.02)


def test_chance_orders_half_of_the_pairs() -> None:
    planted = planted_topn(0)
    noise = np.random.default_rng(0).random((20, *planted.truth.shape))
    found = [quality(Knows(scores), planted) for scores in noise]

    assert np.mean(found) == pytest.approx(0.5, abs=0.005)
    assert np.std(found) < 0.01


def test_quality_equals_a_slow_count_over_pairs() -> None:
    planted = planted_topn(1)
    rng = np.random.default_rng(2)
    free, liked = planted.withheld(), planted.truth == 1
    n_users, n_items = free.shape
    seen = np.zeros_like(free)
    seen[planted.train.users, planted.train.items] = True
    lists = np.full((n_users, n_items), -1, dtype=np.int32)
    shares = []
    for user in range(n_users):
        listed = rng.permutation(np.flatnonzero(~seen[user]))[:25]
        lists[user, : len(listed)] = listed
        place = {int(item): rank for rank, item in enumerate(listed)}
        good = right = 0.0
        for i in np.flatnonzero(free[user] & liked[user]):
            for j in np.flatnonzero(free[user] & ~liked[user]):
                a, b = place.get(int(i), 99), place.get(int(j), 99)
                right += 1.0 if a < b else 0.5 if a == b else 0.0
                good += 1
        shares.append(right / good)

    assert quality(Lists(lists), planted) == pytest.approx(np.mean(shares), abs=1e-12)


@pytest.mark.parametrize("make", [planted_topn, planted_ratings])
def test_a_seed_names_one_data_set(make) -> None:
    one, again, other = make(4), make(4), make(5)

    np.testing.assert_array_equal(one.train.items, again.train.items)
    assert not np.array_equal(one.train.items, other.train.items)


@pytest.mark.parametrize("make", [planted_topn, planted_ratings])
def test_every_user_and_item_occurs_and_validation_is_withheld(make) -> None:
    planted = make()
    train, validation = planted.train, planted.validation

    assert len(np.unique(train.users)) == train.n_users
    assert len(np.unique(train.items)) == train.n_items
    pairs = {(u, i) for u, i in zip(train.users, train.items, strict=True)}
    assert not pairs & set(zip(validation.users, validation.items, strict=True))


def test_the_pattern_of_ratings_says_nothing_about_the_communities() -> None:
    planted = planted_topn(0, rated=True)
    liked = planted.truth[planted.train.users, planted.train.items] == 1

    assert planted.train.ratings[liked].min() == 4
    assert planted.train.ratings[~liked].max() == 2
    counts = np.bincount(planted.train.users[liked], minlength=200)
    assert (counts == 10).all()


def test_relabelling_keeps_every_interaction() -> None:
    planted = planted_ratings()
    rng = np.random.default_rng(0)
    users = rng.permutation(planted.train.n_users).astype(np.int32)
    items = rng.permutation(planted.train.n_items).astype(np.int32)

    other = relabelled(planted, users, items)

    np.testing.assert_array_equal(other.train.users, users[planted.train.users])
    np.testing.assert_array_equal(
        other.truth[other.train.users, other.train.items],
        planted.truth[planted.train.users, planted.train.items],
    )
    one = planted.train.user_features.matrix().toarray()
    np.testing.assert_array_equal(
        other.train.user_features.matrix().toarray()[users], one
    )


def test_strangers_stand_between_the_others_and_have_no_features() -> None:
    wide = with_strangers(planted_topn())
    known = np.bincount(wide.train.users, minlength=wide.train.n_users) > 0

    assert (~known).sum() == 5
    assert known[-1] or known[-2]
    assert wide.train.user_features.matrix().toarray()[~known].sum() == 0
    assert wide.train.user_features.matrix().toarray()[known].sum() == known.sum()


@pytest.mark.parametrize("make", [planted_topn, planted_ratings])
def test_next_to_nothing_is_something(make) -> None:
    small = tiny(make())

    assert len(small.train) >= 16
    assert (small.train.n_users, small.train.n_items) == (8, 5)
    assert len(small.train.user_features) == 8
