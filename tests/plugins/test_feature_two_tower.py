"""Towers on features: conformance, by hand, and what features are good for."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from recbench import DataError, FitContext, Queries, plugins
from recbench.neural import Rows
from recbench.testing import checks_for, planted_topn
from recbench_two_tower import FeatureParams, recbench_models
from recbench_two_tower.feature_tower import FeatureTower

SPEC = {spec.name: spec for spec in recbench_models()}["feature-two-tower"]
SMALL = {
    "embedding_dim": 8,
    "hidden": (8,),
    "epochs": 30,
    "patience": 0,
    "code_dropout": 0.8,
}


@pytest.mark.parametrize("check", checks_for(SPEC), ids=str)
def test_conformance(check):
    check.run(SPEC)


def fitted(train, **params):
    model = plugins.make(SPEC, "top-n", SMALL | {"batch_size": 128} | params)
    model.fit(train, FitContext())
    return model


def hidden(n, seed=0):
    flags = np.zeros(n, dtype=bool)
    flags[np.random.default_rng(seed).permutation(n)[: n // 4]] = True
    return flags


def auc(scores, liked):
    above = scores[liked][:, None] - scores[~liked][None, :]
    return float((above > 0).mean() + (above == 0).mean() / 2)


def mean_auc(model, truth, users, items):
    scores = (model.users @ model.items.T)[np.ix_(users, items)]
    liked = truth[np.ix_(users, items)] == 1
    return np.mean([auc(s, u) for s, u in zip(scores, liked, strict=True)])


@pytest.mark.parametrize("whose", ["users", "items"])
def test_features_tell_of_what_is_cold(whose):
    planted = planted_topn()
    cold = hidden(getattr(planted.train, f"n_{whose}"))
    train = planted.train.take(~cold[getattr(planted.train, whose)])
    users, items = np.arange(train.n_users), np.arange(train.n_items)
    if whose == "users":
        users = np.flatnonzero(cold)
    else:
        items = np.flatnonzero(cold)

    told = mean_auc(fitted(train), planted.truth, users, items)
    bare = mean_auc(fitted(train, features="none"), planted.truth, users, items)

    assert told > 0.9
    assert bare < 0.8  # popularity alone has 0.75 for new users


def test_tables_far_larger_than_what_a_step_reads_are_moved_row_by_row():
    planted = planted_topn()
    users, items = np.arange(planted.train.n_users), np.arange(planted.train.n_items)

    lazy = fitted(planted.train, batch_size=2, epochs=3)
    dense = fitted(planted.train)

    assert lazy.user_tower.codes.sparse
    assert lazy.item_tower.codes.sparse
    assert not lazy.user_tower.past.sparse  # a batch reads two whole histories
    tables = [t for t in dense.user_tower.modules() if hasattr(t, "sparse")]
    assert [t.sparse for t in tables] == [False] * 3
    assert mean_auc(lazy, planted.truth, users, items) > 0.9


def test_a_lazy_history_has_the_gradient_of_a_dense_one():
    planted = planted_topn()
    positives = planted.train.positives()
    codes = torch.arange(planted.train.n_users)
    none = Rows(csr_array((planted.train.n_users, 0), dtype=np.float32), "cpu")
    past = Rows(positives.csr(), "cpu").entries(codes)
    keep = torch.ones(len(codes), 1)
    target = torch.from_numpy(first_items(positives))
    slopes = []
    for lazy in (False, True):
        torch.manual_seed(0)
        tower = FeatureTower(FeatureParams(), planted.train.n_users, 0, 60).eval()
        tower.past.sparse = lazy
        vectors = tower(codes, keep, none.entries(codes), past, target)
        (vectors - 0.5).square().sum().backward()
        slope = tower.past.weight.grad
        assert slope.is_sparse == lazy
        slopes.append(slope.to_dense() if lazy else slope)

    noise = 1e-6 * float(slopes[0].abs().max())  # sums in another order
    torch.testing.assert_close(slopes[1], slopes[0], rtol=1e-4, atol=noise)


def first_items(positives):
    """Return the first item of each user, who all have one."""
    first = np.unique(positives.users, return_index=True)[1]
    assert len(first) == positives.n_users
    return positives.items[first].astype(np.int64)


@pytest.mark.parametrize("residual", [True, False])
def test_a_tower_is_its_sums_and_layers_by_hand(residual):
    torch.manual_seed(0)
    params = FeatureParams(
        embedding_dim=4, hidden=(5,), residual=residual, normalize=False
    )
    tower = FeatureTower(params, 3, 2, 4).eval()
    features = np.array([[1, 0], [0.6, 0.8], [0, 0]], dtype=np.float32)
    past = np.array([[1, 1, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]], dtype=np.float32)
    codes, keep = torch.arange(3), torch.tensor([[1.0], [0.0], [1.0]])
    target = torch.tensor([1, 1, 0])

    def entries(matrix):
        return Rows(csr_array(matrix), "cpu").entries(codes)

    with torch.no_grad():
        found = tower(
            codes[:2],
            keep[:2],
            Rows(csr_array(features), "cpu").entries(codes[:2]),
            Rows(csr_array(past), "cpu").entries(codes[:2]),
            target[:2],
        )
        whole = tower(codes, keep, entries(features), entries(past))

    e, f, h = (
        t.weight.detach().numpy() for t in (tower.codes, tower.features, tower.past)
    )

    def layers(x):
        x = torch.tensor(x, dtype=torch.float32)
        first, last = tower.network[0], tower.network[-1]
        with torch.no_grad():
            return last(torch.clamp(first(x), min=0)) + residual * x

    taken = np.array([(h[0] + h[3]) / 2**0.5, np.zeros(4)])
    own = keep.numpy()[:2] * e[:2] + features[:2] @ f
    torch.testing.assert_close(found, layers(own + taken), rtol=1e-4, atol=1e-5)
    added = np.stack([(h[0] + h[1] + h[3]) / 3**0.5, h[1], np.zeros(4)])
    own = keep.numpy() * e + features @ f
    torch.testing.assert_close(whole, layers(own + added), rtol=1e-4, atol=1e-5)


def test_a_new_user_is_found_by_history():
    """The histories of held-out users tell their community; no features are read."""
    planted = planted_topn()
    cold = hidden(planted.train.n_users)
    table = planted.train
    train = table.take(~cold[table.users])
    model = fitted(train, features="none")
    users = np.flatnonzero(cold)
    groups = table.by_user()
    rows = [groups.rows[groups.offsets[u] : groups.offsets[u + 1]] for u in users]

    scores = model.score_queries(
        Queries(
            users=np.full(len(users), -1, dtype=np.int32),
            offsets=np.cumsum([0, *map(len, rows)]),
            items=table.items[np.concatenate(rows)],
        )
    )

    liked = planted.truth[users] == 1
    assert np.mean([auc(s, u) for s, u in zip(scores, liked, strict=True)]) > 0.9


def test_a_query_with_everything_known_is_the_known_user():
    train = planted_topn().train
    model = fitted(train, epochs=2)
    users = np.arange(10, dtype=np.int32)
    groups = train.by_user()
    rows = groups.rows[: groups.offsets[10]]
    queries = Queries(
        users=users,
        offsets=groups.offsets[:11],
        items=train.items[rows],
        user_features=train.user_features.take(users),
    )

    np.testing.assert_allclose(
        model.score_queries(queries), model.users[:10] @ model.items.T, atol=1e-5
    )


@pytest.mark.parametrize("features", ["all", "users", "none"])
@pytest.mark.parametrize("history", [True, False])
def test_a_loaded_model_answers_known_and_new_users_to_the_bit(
    features, history, tmp_path
):
    train = planted_topn().train
    params = {"epochs": 2, "patience": 0, "features": features, "history": history}
    model = plugins.make(SPEC, "top-n", params)
    model.fit(train, FitContext(task="top-n"))
    users = np.arange(20, dtype=np.int32)
    groups = train.by_user()
    rows = groups.rows[: groups.offsets[20]]
    queries = Queries(
        users=np.where(users % 2, users, -1).astype(np.int32),
        offsets=groups.offsets[:21].astype(np.int64),
        items=train.items[rows],
        user_features=train.user_features.take(users),
    )

    model.save(tmp_path / "model")
    loaded = plugins.make(SPEC, "top-n", params)
    loaded.load(tmp_path / "model")

    np.testing.assert_array_equal(
        loaded.score_queries(queries), model.score_queries(queries)
    )
    np.testing.assert_array_equal(loaded.user_vectors(users), model.user_vectors(users))
    np.testing.assert_array_equal(loaded.item_vectors(), model.item_vectors())


def test_a_file_of_something_else_is_refused(tmp_path):
    model = plugins.make(SPEC, "top-n", {"epochs": 1, "patience": 0})
    model.fit(planted_topn().train, FitContext(task="top-n"))
    model.save(tmp_path / "model")
    wider = plugins.make(SPEC, "top-n", {"embedding_dim": 16})
    (tmp_path / "other").write_bytes(b"no arrays")

    with pytest.raises(DataError, match="does not hold the weights"):
        wider.load(tmp_path / "model")
    with pytest.raises(DataError, match="does not hold the weights"):
        wider.load(tmp_path / "other")
