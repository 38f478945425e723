import numpy as np
import pandas as pd
import pytest
import surprise

from recbench import FitContext, Interactions, plugins
from recbench_svd import recbench_models
from recbench_svd.trainset import Known, first_seen, whole

SPECS = {spec.name: spec for spec in recbench_models()}
SMALL = {
    "svd": {"embedding_dim": 4, "epochs": 8},
    "svd-pp": {"embedding_dim": 4, "epochs": 8},
    "nmf": {"embedding_dim": 3, "epochs": 10},
    "knn-baseline": {"k": 5},
    "slope-one": {},
    "co-clustering": {},
}


def ratings(seed=0, n_users=40, n_items=30, step=1.0):
    """Low-rank ratings; user 3 and item 5 have no rows."""
    rng = np.random.default_rng(seed)
    pairs = np.argwhere(rng.random((n_users, n_items)) < 0.5)
    pairs = pairs[(pairs[:, 0] != 3) & (pairs[:, 1] != 5)]
    rng.shuffle(pairs)
    users, items = pairs.T.astype(np.int32)
    taste = rng.normal(size=(n_users, 2)) @ rng.normal(size=(2, n_items))
    values = 3 + taste[users, items] + rng.normal(0, 0.3, len(users))
    values = np.clip(np.round(values / step) * step, 1, 5)
    return Interactions(
        users=users,
        items=items,
        ratings=values.astype(np.float32),
        n_users=n_users,
        n_items=n_items,
        scale=(1.0, 5.0),
    )


def fitted(name, train, seed=0, **params):
    model = plugins.make(SPECS[name], "rating", SMALL[name] | params)
    model.fit(train, FitContext(task="rating", seed=seed))
    return model


def all_pairs(train):
    users, items = np.indices((train.n_users, train.n_items), dtype=np.int32)
    return users.ravel(), items.ravel()


def by_surprise(algorithm, train):
    """Fit through Surprise's own DataFrame path; predict pair by pair, unclipped."""
    frame = pd.DataFrame(
        {"user": train.users, "item": train.items, "rating": train.ratings}
    )
    frame["rating"] = frame["rating"].astype(float)
    reader = surprise.Reader(rating_scale=(1, 5))
    data = surprise.Dataset.load_from_df(frame[["user", "item", "rating"]], reader)
    algorithm.fit(data.build_full_trainset())
    users, items = all_pairs(train)
    return np.array(
        [
            algorithm.predict(u, i, clip=False).est
            for u, i in zip(users.tolist(), items.tolist(), strict=True)
        ]
    )


def exact(model, users, items):
    source = getattr(model, "factors", None)
    return source.of(users, items) if source else model.estimate(users, items)


THEIRS = {
    "svd": lambda: surprise.SVD(
        n_factors=4, n_epochs=8, lr_all=0.01, reg_all=0.12, random_state=0
    ),
    "svd-pp": lambda: surprise.SVDpp(
        n_factors=4, n_epochs=8, lr_all=0.01, reg_all=0.1, random_state=0
    ),
    "nmf": lambda: surprise.NMF(n_factors=3, n_epochs=10, random_state=0),
    "co-clustering": lambda: surprise.CoClustering(random_state=0),
    "slope-one": surprise.SlopeOne,
    "knn-baseline": lambda: surprise.KNNBaseline(
        k=5,
        sim_options={"name": "pearson_baseline", "user_based": False},
        verbose=False,
    ),
}
SAME = {
    "svd": {"learning_rate": 0.01, "reg": 0.12, "init_std": 0.1},
    "svd-pp": {"learning_rate": 0.01, "reg": 0.1, "init_std": 0.1},
    "nmf": {"reg": 0.06, "biased": False},
    "co-clustering": {"user_clusters": 3, "item_clusters": 3, "epochs": 20},
    "slope-one": {},
    "knn-baseline": {
        "similarity": "pearson_baseline",
        "user_based": False,
        "shrinkage": 100.0,
        "min_k": 1,
        "reg_user": 15.0,
        "reg_item": 10.0,
    },
}


@pytest.mark.parametrize("name", THEIRS)
def test_every_pair_gets_what_surprise_itself_predicts(name):
    train = ratings()

    model = fitted(name, train, **SAME[name])

    expected = by_surprise(THEIRS[name](), train)
    np.testing.assert_allclose(exact(model, *all_pairs(train)), expected, atol=1e-12)
    if hasattr(model, "factors"):
        table = model.factors.table(np.arange(train.n_users, dtype=np.int32))
        np.testing.assert_allclose(table.ravel(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("block", [1, 7, 64])
@pytest.mark.parametrize("preset", [{}, {"preset": "surprise"}], ids=["own", "theirs"])
def test_svd_pp_in_blocks_takes_surprises_steps(block, preset, monkeypatch):
    train = ratings(n_users=60, n_items=90)
    monkeypatch.setattr("recbench_svd.plus_plus.BLOCK", block)
    model = fitted("svd-pp", train, **preset)

    expected = by_surprise(model.make(0), train)

    np.testing.assert_allclose(exact(model, *all_pairs(train)), expected, atol=1e-12)


def test_svd_pp_of_items_rated_twice_is_surprises_too():
    once = ratings()
    twice = np.r_[0 : len(once), 0:50]
    train = once.take(np.random.default_rng(0).permutation(twice))

    model = fitted("svd-pp", train)

    expected = by_surprise(model.make(0), train)
    np.testing.assert_allclose(exact(model, *all_pairs(train)), expected, atol=1e-12)


@pytest.mark.parametrize("name", THEIRS)
def test_predictions_are_finite_float32_also_without_training_rows(name):
    train = ratings()
    users, items = all_pairs(train)

    predictions = fitted(name, train).predict(users, items)

    assert predictions.dtype == np.float32
    assert predictions.shape == users.shape
    assert np.isfinite(predictions).all()


@pytest.mark.parametrize("name", THEIRS)
def test_predictions_do_not_depend_on_the_other_pairs_asked(name, monkeypatch):
    train = ratings()
    users, items = all_pairs(train)
    model = fitted(name, train)
    together = model.predict(users, items)
    for module in ("knn_baseline", "slope_one", "factors"):
        for limit in ("VOTES", "BLOCK", "PAIRS"):
            path = f"recbench_svd.{module}.{limit}"
            monkeypatch.setattr(path, 7, raising=False)
    order = np.random.default_rng(0).permutation(len(users))

    alone = model.predict(users[order], items[order])

    np.testing.assert_array_equal(alone, together[order])


@pytest.mark.parametrize("name", ["svd", "svd-pp", "nmf", "co-clustering"])
def test_the_seed_alone_decides_what_is_random(name):
    train = ratings()
    users, items = all_pairs(train)

    first, again, other = (
        fitted(name, train, seed=s).predict(users, items) for s in (1, 1, 2)
    )

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", ["svd", "svd-pp", "nmf", "knn-baseline"])
def test_low_rank_ratings_are_predicted_better_than_by_their_mean(name):
    train = ratings(n_users=100, n_items=40)
    test = np.random.default_rng(1).random(len(train)) < 0.2
    known, asked = train.take(~test), train.take(test)

    model = fitted(name, known, **({} if name == "knn-baseline" else {"epochs": 60}))

    errors = model.predict(asked.users, asked.items) - asked.ratings
    assert np.sqrt(np.mean(errors**2)) < 0.9 * asked.ratings.std()


@pytest.mark.parametrize("user_based", [True, False])
@pytest.mark.parametrize("similarity", ["msd", "cosine", "pearson"])
def test_knn_baseline_breaks_ties_of_similarity_as_surprise_does(
    user_based, similarity
):
    train = ratings(n_users=25, n_items=20)
    params = {
        "preset": "surprise",
        "k": 3,
        "min_k": 2,
        "similarity": similarity,
        "user_based": user_based,
    }
    theirs = surprise.KNNBaseline(
        k=3,
        min_k=2,
        sim_options={"name": similarity, "user_based": user_based},
        verbose=False,
    )

    model = fitted("knn-baseline", train, **params)

    expected = by_surprise(theirs, train)
    np.testing.assert_allclose(model.estimate(*all_pairs(train)), expected, atol=1e-12)


def test_biased_nmf_and_unbiased_svd_fall_back_as_in_surprise():
    train = ratings()
    nmf = fitted("nmf", train, biased=True, reg=0.06)
    svd = fitted("svd", train, biased=False, **SAME["svd"])

    expected = by_surprise(
        surprise.NMF(n_factors=3, n_epochs=10, biased=True, random_state=0), train
    )
    np.testing.assert_allclose(exact(nmf, *all_pairs(train)), expected, atol=1e-12)
    theirs = THEIRS["svd"]()
    theirs.biased = False
    expected = by_surprise(theirs, train)
    np.testing.assert_allclose(exact(svd, *all_pairs(train)), expected, atol=1e-12)
    table = svd.factors.table(np.arange(train.n_users, dtype=np.int32))
    np.testing.assert_allclose(table.ravel(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["slope-one", "co-clustering"])
def test_half_stars_are_not_cut_to_whole_stars(name):
    halves = ratings(step=0.5)
    doubled = Interactions(
        users=halves.users,
        items=halves.items,
        ratings=2 * halves.ratings,
        n_users=halves.n_users,
        n_items=halves.n_items,
    )

    model = fitted(name, halves, **SAME[name])

    expected = by_surprise(THEIRS[name](), doubled) / 2
    np.testing.assert_allclose(model.estimate(*all_pairs(halves)), expected, atol=1e-12)


def test_slope_one_by_hand():
    train = Interactions(
        users=np.array([0, 0, 1, 1, 2], dtype=np.int32),
        items=np.array([0, 1, 0, 1, 1], dtype=np.int32),
        ratings=np.array([1, 1.5, 2, 2.5, 4], dtype=np.float32),
        n_users=3,
        n_items=2,
    )

    predictions = fitted("slope-one", train).predict(
        np.array([2], dtype=np.int32), np.array([0], dtype=np.int32)
    )

    # both common users rate item 0 half a star below item 1
    np.testing.assert_allclose(predictions, [3.5])


def test_ranking_scores_order_items_by_predicted_rating():
    train = ratings()
    model = fitted("svd", train)
    users = np.arange(train.n_users, dtype=np.int32)

    scores = model.user_vectors(users) @ model.item_vectors().T

    predicted = model.predict(*all_pairs(train)).reshape(scores.shape)
    offset = predicted - scores  # mean and user bias: the same along a row
    np.testing.assert_allclose(
        offset, np.broadcast_to(offset[:, :1], offset.shape), atol=1e-5
    )


def test_inner_ids_follow_the_first_row():
    inner, count = first_seen(np.array([4, 1, 4, 0], dtype=np.int32), 6)

    assert inner.tolist() == [2, 1, -1, -1, 0, -1]
    assert count == 3


def test_a_trainset_holds_the_rows_that_surprise_would_read():
    train = ratings()
    frame = pd.DataFrame(
        {"user": train.users, "item": train.items, "rating": train.ratings}
    ).astype({"rating": float})
    reader = surprise.Reader(rating_scale=(1, 5))
    expected = surprise.Dataset.load_from_df(frame, reader).build_full_trainset()

    _, actual = Known.of(train)

    assert dict(actual.ur) == dict(expected.ur)
    assert dict(actual.ir) == dict(expected.ir)
    assert list(actual.all_ratings()) == list(expected.all_ratings())
    assert actual.global_mean == expected.global_mean


@pytest.mark.parametrize(
    ("values", "factor"),
    [
        pytest.param([1, 5], 1, id="whole stars"),
        pytest.param([0.5, 4], 2, id="half stars"),
        pytest.param([0.2, 1], 5, id="fifths"),
        pytest.param([-9.95, 3.3], 20, id="twentieths"),
        pytest.param([0.333333, 1], 1000, id="nothing is whole"),
    ],
)
def test_ratings_are_multiplied_until_they_are_whole(values, factor):
    assert whole(np.array(values, dtype=np.float32)) == factor


def test_presets_hold_the_defaults_of_the_library():
    algorithms = {"svd": surprise.SVD, "svd-pp": surprise.SVDpp, "nmf": surprise.NMF}
    for name, algorithm in algorithms.items():
        model = plugins.make(SPECS[name], "rating", {"preset": "surprise"})
        ours, theirs = vars(model.make(0)), vars(algorithm(random_state=0))
        if name == "svd-pp":
            theirs["cache_ratings"] = True  # the same result, faster
        assert ours == theirs
