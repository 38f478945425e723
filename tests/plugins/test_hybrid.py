"""The hybrid models: conformance, and that features tell of what is new."""

from dataclasses import replace

import numpy as np
import pytest

from recbench import DataError, FitContext, Interactions, Queries, UsageError, plugins
from recbench.features import Categories, Features
from recbench.testing import checks_for, planted_ratings, planted_topn
from recbench_hybrid import recbench_models

SPECS = {spec.name: spec for spec in recbench_models()}
SMALL = {
    "lightfm": {"embedding_dim": 8, "epochs": 20, "patience": 0, "batch_size": 128},
    "factorization-machine": {
        "embedding_dim": 8,
        "epochs": 20,
        "patience": 0,
        "batch_size": 128,
    },
    "feature-ease": {"reg": 20.0},
    "feature-knn": {"k": 10, "shrink": 1.0},
}
CHECKS = [
    pytest.param(spec, check, id=f"{name}-{check}")
    for name, spec in SPECS.items()
    for check in checks_for(spec)
]


@pytest.mark.parametrize(("spec", "check"), CHECKS)
def test_conformance(spec, check):
    check.run(spec)


def fitted(name, train, task="top-n", **params):
    model = plugins.make(SPECS[name], task, SMALL[name] | params)
    model.fit(train, FitContext(task=task))
    return model


def scores_of(model, users):
    users = np.asarray(users, dtype=np.int32)
    if hasattr(model, "score"):
        return model.score(users)
    return model.user_vectors(users) @ model.item_vectors().T


def hidden(codes, n, share=0.25, seed=0):
    """Return a quarter of the codes, as flags."""
    flags = np.zeros(n, dtype=bool)
    flags[np.random.default_rng(seed).permutation(n)[: int(share * n)]] = True
    return flags


def auc(scores, liked):
    """Return how often a liked item is above another, ties counting half."""
    above = scores[liked][:, None] - scores[~liked][None, :]
    return float((above > 0).mean() + (above == 0).mean() / 2)


def cold_items():
    """Planted communities without the interactions of a quarter of the items."""
    planted = planted_topn()
    cold = hidden(planted.train.items, planted.train.n_items)
    return planted.train.take(~cold[planted.train.items]), planted.truth, cold


def mean_auc(model, users, truth, items):
    scores = scores_of(model, users)[:, items]
    liked = truth[users][:, items] == 1
    return np.mean([auc(s, u) for s, u in zip(scores, liked, strict=True)])


@pytest.mark.parametrize("name", SPECS)
def test_features_tell_who_likes_a_new_item(name):
    train, truth, cold = cold_items()
    users, items = np.arange(train.n_users), np.flatnonzero(cold)

    with_features = mean_auc(fitted(name, train), users, truth, items)
    without = mean_auc(fitted(name, train, features="none"), users, truth, items)

    assert with_features > 0.9
    assert without == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("name", SPECS)
def test_features_tell_what_a_new_user_likes(name):
    planted = planted_topn()
    cold = hidden(planted.train.users, planted.train.n_users)
    train = planted.train.take(~cold[planted.train.users])
    users, items = np.flatnonzero(cold), np.arange(train.n_items)

    with_features = fitted(name, train)
    without = fitted(name, train, features="none")

    assert mean_auc(with_features, users, planted.truth, items) > 0.9
    assert mean_auc(without, users, planted.truth, items) < 0.8  # popularity


@pytest.mark.parametrize("name", SPECS)
def test_a_query_of_features_alone_is_scored_like_the_cold_user_of_that_row(name):
    planted = planted_topn()
    cold = hidden(planted.train.users, planted.train.n_users)
    train = planted.train.take(~cold[planted.train.users])
    users = np.flatnonzero(cold).astype(np.int32)
    model = fitted(name, train)

    queries = Queries(
        users=np.full(len(users), -1, dtype=np.int32),
        offsets=np.zeros(len(users) + 1, dtype=np.int64),
        items=np.zeros(0, dtype=np.int32),
        user_features=train.user_features.take(users),
    )

    np.testing.assert_allclose(
        model.score_queries(queries), scores_of(model, users), atol=1e-4
    )


@pytest.mark.parametrize("name", ["feature-ease", "feature-knn"])
def test_a_query_with_history_and_features_is_scored_like_the_known_user(name):
    train = planted_topn().train
    model = fitted(name, train)
    users = np.arange(20, dtype=np.int32)
    groups = train.by_user()
    rows = groups.rows[: groups.offsets[20]]

    queries = Queries(
        users=np.full(20, -1, dtype=np.int32),
        offsets=groups.offsets[:21],
        items=train.items[rows],
        user_features=train.user_features.take(users),
    )

    np.testing.assert_allclose(
        model.score_queries(queries), model.score(users), rtol=1e-4, atol=1e-5
    )


def test_feature_ease_without_features_is_ease():
    train = planted_topn().train
    ease = plugins.make(plugins.load().models["ease"], "top-n", {"reg": 20.0})
    ease.fit(train, FitContext())
    users = np.arange(train.n_users, dtype=np.int32)

    model = fitted("feature-ease", train, features="none")

    np.testing.assert_allclose(model.score(users), ease.score(users), atol=1e-4)


@pytest.mark.parametrize("variant", ["collective", "added"])
def test_feature_ease_minimises_its_objective(variant):
    """Column by column, each solved alone by least squares over the other items."""
    rng = np.random.default_rng(0)
    n_users, n_items, n_tags, reg, weight = 12, 6, 3, 2.0, 1.7
    x = (rng.random((n_users, n_items)) < 0.4).astype(float)
    tag = rng.integers(0, n_tags, n_items)
    t = (np.arange(n_tags)[:, None] == tag).astype(float)
    users, items = np.nonzero(x)
    train = Interactions(
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        n_users=n_users,
        n_items=n_items,
        item_features=Features(
            columns={
                "tag": Categories(
                    offsets=np.arange(n_items + 1),
                    codes=tag.astype(np.int32),
                    names=np.array(["a", "b", "c"]),
                )
            }
        ),
    )
    share = 0.3
    model = fitted(
        "feature-ease",
        train,
        variant=variant,
        reg=reg,
        item_weight=weight,
        share=share,
    )

    def column(matrices, i):
        """Solve one column by least squares over the other items."""
        others = np.arange(n_items) != i
        left = sum(w * m[:, others].T @ m[:, others] for w, m in matrices)
        right = sum(w * m[:, others].T @ m[:, i] for w, m in matrices)
        found = np.zeros(n_items)
        found[others] = np.linalg.solve(left + reg * np.eye(n_items - 1), right)
        return found

    def solve(*matrices):
        return np.stack([column(matrices, i) for i in range(n_items)], axis=1)

    if variant == "collective":
        wanted = solve((1.0, x), (weight, t))
    else:
        wanted = (1 - share) * solve((1.0, x)) + share * solve((1.0, t))
    np.testing.assert_allclose(model.weights, wanted, rtol=1e-4, atol=1e-6)


def test_feature_knn_by_loops():
    train, _, _ = cold_items()
    k, shrink, share = 5, 2.0, 0.4
    model = fitted("feature-knn", train, k=k, shrink=shrink, share=share)
    x = np.zeros((train.n_users, train.n_items))
    x[train.users, train.items] = 1
    group = train.item_features.columns["group"].codes
    n = train.n_items
    wanted = np.zeros((n, n))
    for j in range(n):
        for i in range(n):
            if i == j or x[:, i].sum() == 0:
                continue
            size = np.sqrt(x[:, i].sum() * x[:, j].sum()) + shrink
            wanted[j, i] = (1 - share) * (x[:, i] @ x[:, j]) / size
            wanted[j, i] += share * (group[i] == group[j])
        kept = np.sort(wanted[j])[-k]
        wanted[j][wanted[j] < kept] = 0

    found = model.votes.toarray().T

    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_what_cannot_be_fitted_is_refused():
    table = planted_ratings().train

    with pytest.raises(UsageError, match="loss=bpr predicts no ratings"):
        fitted("factorization-machine", table, task="rating", loss="bpr")
    with pytest.raises(DataError, match="needs ratings"):
        fitted("factorization-machine", replace(table, ratings=None), loss="squared")


def test_a_cold_user_gets_a_rating_by_features():
    """In the planted ratings a user's group says whether the user is generous."""
    planted = planted_ratings()
    cold = hidden(planted.train.users, planted.train.n_users)
    train = planted.train.take(~cold[planted.train.users])
    model = fitted("factorization-machine", train, task="rating", epochs=40)
    users = np.repeat(np.flatnonzero(cold), train.n_items).astype(np.int32)
    items = np.tile(np.arange(train.n_items), int(cold.sum())).astype(np.int32)

    means = model.predict(users, items).reshape(-1, train.n_items).mean(axis=1)

    truth = planted.truth[cold].mean(axis=1)
    assert np.corrcoef(means, truth)[0, 1] > 0.6
