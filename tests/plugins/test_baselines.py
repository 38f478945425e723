"""Every baseline by what it promises: learning, seeds, queries, gaps in the data."""

from dataclasses import replace

import numpy as np
import pytest

from recbench import FitContext, Interactions, Queries, plugins
from recbench_baselines import recbench_models

SPECS = {spec.name: spec for spec in recbench_models()}
RANKING = [name for name, spec in SPECS.items() if "top-n" in spec.tasks]
RATING = [name for name, spec in SPECS.items() if "rating" in spec.tasks]
FOLDABLE = [name for name in RANKING if name not in {"bpr-mf", "sgd-mf"}]
SEEDED = ["random", "ials", "bpr-mf", "bayesian-mf", "sgd-mf"]
QUICK = {
    "ials": {"embedding_dim": 4, "epochs": 5, "unobserved_weight": 0.1, "reg": 0.01},
    "bpr-mf": {"embedding_dim": 4, "epochs": 40, "reg": 0.01},
    "pure-svd": {"embedding_dim": 3},
    "slim": {"l1": 0.1, "l2": 5.0},
    "ease": {"reg": 10.0},
    "bayesian-mf": {"embedding_dim": 2, "sweeps": 20, "burn_in": 10},
    "bias": {"reg_user": 1.0, "reg_item": 1.0},
}


def communities(n_users=60, n_items=40, seed=0):
    """Users like every item of their half of the catalogue; one is withheld each.

    Users also rate items of the other half, with 1: those are no positives. The last
    user and the last item have no row at all.
    """
    rng = np.random.default_rng(seed)
    users, items, ratings, withheld = [], [], [], []
    for user in range(n_users - 1):
        side = user % 2
        own = rng.permutation(np.arange(side, n_items - 1, 2))[:12]
        other = rng.permutation(np.arange(1 - side, n_items - 1, 2))[:6]
        withheld.append(own[0])
        users += [user] * 17
        items += [*own[1:], *other]
        ratings += [5] * 11 + [1] * 6
    order = rng.permutation(len(users))
    train = Interactions(
        users=np.array(users, dtype=np.int32)[order],
        items=np.array(items, dtype=np.int32)[order],
        ratings=np.array(ratings, dtype=np.float32)[order],
        timestamps=np.arange(len(users), dtype=np.int64),
        n_users=n_users,
        n_items=n_items,
        scale=(1.0, 5.0),
        threshold=4.0,
    )
    return train, np.array(withheld)


def low_rank(seed=0):
    """Ratings of biases and two tastes; user 2 and item 4 have no row."""
    rng = np.random.default_rng(seed)
    mask = rng.random((80, 50)) < 0.4
    mask[2], mask[:, 4] = False, False
    users, items = (part.astype(np.int32) for part in np.nonzero(mask))
    bias = rng.normal(0, 0.6, (80, 1)) + rng.normal(0, 0.6, (1, 50))
    taste = rng.normal(0, 0.8, (80, 2)) @ rng.normal(0, 0.8, (2, 50))
    values = 3 + (bias + taste)[users, items] + rng.normal(0, 0.2, len(users))
    return Interactions(
        users=users,
        items=items,
        ratings=values.astype(np.float32),
        n_users=80,
        n_items=50,
        scale=(-9.0, 15.0),
    )


def fitted(name, train, task="top-n", seed=0):
    model = plugins.make(SPECS[name], task, QUICK.get(name, {}))
    model.fit(train, FitContext(task=task, seed=seed))
    return model


def scores(model, users):
    if hasattr(model, "user_vectors"):
        return model.user_vectors(users) @ model.item_vectors().T
    return model.score(users)


def queries_of(train, users, ids=None):
    """The histories of users as the harness builds them: every row, in time order."""
    grouped = train.by_user()
    rows = [grouped.rows[grouped.offsets[u] : grouped.offsets[u + 1]] for u in users]
    chosen = np.concatenate(rows)
    return Queries(
        users=np.asarray(users if ids is None else ids, dtype=np.int32),
        offsets=np.concatenate(([0], np.cumsum([len(r) for r in rows]))),
        items=train.items[chosen],
        ratings=train.ratings[chosen],
        timestamps=train.timestamps[chosen],
    )


@pytest.mark.parametrize("name", sorted(set(RANKING) - {"random", "most-popular"}))
def test_withheld_items_of_the_own_community_rank_above_the_other_community(name):
    train, withheld = communities()
    users = np.arange(len(withheld), dtype=np.int32)

    ranked = scores(fitted(name, train), users)

    of_withheld = ranked[users, withheld]
    foreign = np.arange(39) % 2 != users[:, None] % 2
    beaten = (ranked[:, :39] < of_withheld[:, None])[foreign]
    assert beaten.mean() > 0.95


@pytest.mark.parametrize("name", ["bias", "item-knn", "user-knn", "bayesian-mf"])
def test_planted_ratings_are_predicted_better_than_by_their_mean(name):
    table = low_rank()
    test = np.random.default_rng(1).random(len(table)) < 0.2
    train, asked = table.take(~test), table.take(test)

    def error(model):
        return np.std(asked.ratings - model.predict(asked.users, asked.items))

    mean, random = (fitted(n, train, "rating") for n in ("global-mean", "random"))
    assert error(fitted(name, train, "rating")) < 0.8 * error(mean)
    assert error(random) > error(mean)


@pytest.mark.parametrize("name", RANKING)
def test_ranking_scores_are_finite_float32_for_every_user_and_item(name):
    train, _ = communities()
    users = np.arange(train.n_users, dtype=np.int32)

    ranked = scores(fitted(name, train), users)

    assert ranked.shape == (train.n_users, train.n_items)
    assert ranked.dtype == np.float32
    assert np.isfinite(ranked).all()


@pytest.mark.parametrize("name", RATING)
def test_predictions_are_finite_float32_also_without_training_rows(name):
    train = low_rank()
    users, items = (
        a.ravel() for a in np.indices((train.n_users, train.n_items), dtype=np.int32)
    )

    predictions = fitted(name, train, "rating").predict(users, items)

    assert predictions.shape == users.shape
    assert predictions.dtype == np.float32
    assert np.isfinite(predictions).all()


@pytest.mark.parametrize("name", sorted({*RANKING, *RATING}))
def test_the_seed_alone_decides_what_is_random(name):
    task = "top-n" if name in RANKING else "rating"
    train = communities()[0] if task == "top-n" else low_rank()
    users, items = train.users[:50], train.items[:50]

    def outcome(seed):
        model = fitted(name, train, task, seed=seed)
        return scores(model, users) if task == "top-n" else model.predict(users, items)

    np.testing.assert_array_equal(outcome(1), outcome(1))
    assert np.array_equal(outcome(1), outcome(2)) == (name not in SEEDED)


@pytest.mark.parametrize("name", RANKING)
def test_a_user_scores_the_same_alone_and_in_company(name):
    train, _ = communities()
    model = fitted(name, train)
    users = np.arange(train.n_users, dtype=np.int32)

    alone = np.concatenate([scores(model, users[[u]]) for u in users])

    np.testing.assert_allclose(alone, scores(model, users), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", FOLDABLE)
def test_known_users_score_as_queries_of_their_training_rows(name):
    train, _ = communities()
    users = np.array([5, 0, 17, 59], dtype=np.int32)
    model = fitted(name, train)

    folded = model.score_queries(queries_of(train, users))

    assert folded.dtype == np.float32
    np.testing.assert_allclose(folded, scores(model, users), rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", sorted(set(FOLDABLE) - {"random", "most-popular"}))
def test_strangers_are_served_by_their_history(name):
    train, _ = communities()
    model = fitted(name, train)

    folded = model.score_queries(queries_of(train, [0, 1], ids=[-1, -1]))

    own = np.arange(39) % 2 == np.array([[0], [1]])
    assert np.mean(folded[:, :39][own]) > np.mean(folded[:, :39][~own])


def test_random_strangers_with_other_histories_get_other_scores():
    train, _ = communities()
    model = fitted("random", train)

    folded = model.score_queries(queries_of(train, [0, 1, 0], ids=[-1, -1, -1]))

    np.testing.assert_array_equal(folded[0], folded[2])
    assert not np.array_equal(folded[0], folded[1])


@pytest.mark.parametrize("name", FOLDABLE)
def test_repeated_and_low_rated_items_of_a_history_change_nothing(name):
    train, _ = communities()
    model = fitted(name, train)
    items = np.array([0, 2, 4, 2, 7], dtype=np.int32)
    long = Queries(
        users=np.array([3], dtype=np.int32),
        offsets=np.array([0, 5]),
        items=items,
        ratings=np.array([5, 4, 5, 5, 1], dtype=np.float32),
    )
    short = replace(long, offsets=np.array([0, 3]), items=items[:3], ratings=None)

    np.testing.assert_allclose(
        model.score_queries(long), model.score_queries(short), atol=1e-6
    )


@pytest.mark.parametrize("name", RANKING)
def test_no_positive_at_all_still_gives_finite_scores(name):
    train, _ = communities()
    nothing = replace(train, threshold=6.0)
    users = np.arange(4, dtype=np.int32)

    assert np.isfinite(scores(fitted(name, nothing), users)).all()


@pytest.mark.parametrize("name", RANKING)
def test_a_catalogue_of_one_item_is_no_trouble(name):
    train = Interactions(
        users=np.array([0, 1], dtype=np.int32),
        items=np.array([0, 0], dtype=np.int32),
        ratings=np.array([4, 5], dtype=np.float32),
        n_users=3,
        n_items=1,
    )

    assert np.isfinite(scores(fitted(name, train), np.arange(3, dtype=np.int32))).all()


def test_most_popular_counts_positives_and_each_user_once():
    train = Interactions(
        users=np.array([0, 0, 1, 2, 2], dtype=np.int32),
        items=np.array([0, 0, 0, 1, 2], dtype=np.int32),
        ratings=np.array([4, 5, 5, 3, 4], dtype=np.float32),
        n_users=3,
        n_items=4,
        threshold=4.0,
    )

    ranked = fitted("most-popular", train).score(np.array([0, 2], dtype=np.int32))

    assert ranked.tolist() == [[2, 0, 1, 0]] * 2


def test_global_mean_is_the_mean():
    train = low_rank()

    predictions = fitted("global-mean", train, "rating").predict(
        train.users[:3], train.items[:3]
    )

    np.testing.assert_allclose(predictions, train.ratings.mean(), rtol=1e-5)


def test_random_scores_are_uniform_and_independent_of_user_and_item():
    train = Interactions(
        users=np.zeros(1, dtype=np.int32),
        items=np.zeros(1, dtype=np.int32),
        n_users=300,
        n_items=400,
    )

    drawn = fitted("random", train).score(np.arange(300, dtype=np.int32))

    share = np.histogram(drawn, bins=10, range=(0, 1))[0] / drawn.size
    np.testing.assert_allclose(share, 0.1, atol=0.005)
    for along in (drawn, drawn.T):  # neighbours in either direction
        assert abs(np.corrcoef(along[:-1].ravel(), along[1:].ravel())[0, 1]) < 0.01
    np.testing.assert_allclose(drawn.mean(axis=0), 0.5, atol=0.1)


def test_random_predictions_follow_the_training_ratings():
    train = low_rank()
    rounded = replace(train, ratings=np.clip(np.round(train.ratings), 1, 5))

    drawn = fitted("random", rounded, "rating").predict(train.users, train.items)

    values = np.arange(1, 6)
    expected = (rounded.ratings[:, None] == values).mean(axis=0)
    np.testing.assert_allclose(
        (drawn[:, None] == values).mean(axis=0), expected, atol=0.04
    )


@pytest.mark.parametrize("name", ["ials", "bpr-mf", "bayesian-mf"])
def test_models_that_iterate_report_every_epoch(name):
    task = "top-n" if name in RANKING else "rating"
    train = communities()[0] if task == "top-n" else low_rank()
    reports = []
    model = plugins.make(SPECS[name], task, QUICK[name])

    model.fit(train, FitContext(task=task, reporter=reports.append))

    assert [r["epoch"] for r in reports] == list(range(1, len(reports) + 1))
    assert {r["epochs"] for r in reports} == {len(reports)}


def test_neighbourhoods_take_the_mean_of_repeated_ratings():
    train = low_rank()
    twice = train.take(np.repeat(np.arange(len(train)), 2))

    residuals = fitted("item-knn", twice, "rating").residuals

    expected = train.ratings - residuals.biases.of(train.users, train.items)
    actual = residuals.errors.toarray()[train.users, train.items]
    np.testing.assert_allclose(actual, expected, atol=1e-5)
