"""The hybrid models on disk: what is loaded answers like what was saved."""

import numpy as np
import pytest

from recbench import DataError, FitContext, Queries, plugins
from recbench.testing import planted_ratings, planted_topn
from recbench_hybrid import recbench_models

SPECS = {spec.name: spec for spec in recbench_models()}
NETS = {"embedding_dim": 8, "epochs": 3, "patience": 0, "batch_size": 128}
SMALL = {
    "lightfm": NETS,
    "factorization-machine": NETS,
    "feature-ease": {},
    "feature-knn": {"k": 10},
}


def fitted(name, train, task="top-n", **params):
    model = plugins.make(SPECS[name], task, SMALL[name] | params)
    model.fit(train, FitContext(task=task))
    return model


def again(name, model, folder, task="top-n", **params):
    """Save a model and load it into a new one."""
    model.save(folder / "model")
    loaded = plugins.make(SPECS[name], task, SMALL[name] | params)
    loaded.load(folder / "model")
    return loaded


def strangers(train, n=12):
    """Return users unknown in training, with the features and items of known ones."""
    users = np.arange(n, dtype=np.int32)
    groups = train.by_user()
    rows = groups.rows[groups.offsets[0] : groups.offsets[n]]
    return Queries(
        users=np.full(n, -1, dtype=np.int32),
        offsets=groups.offsets[: n + 1].astype(np.int64),
        items=train.items[rows],
        ratings=None if train.ratings is None else train.ratings[rows],
        user_features=train.user_features.take(users),
    )


@pytest.mark.parametrize("features", ["all", "users", "items", "none"])
@pytest.mark.parametrize("name", SPECS)
def test_a_loaded_model_answers_strangers_to_the_bit(name, features, tmp_path):
    train = planted_topn().train
    model = fitted(name, train, features=features)

    loaded = again(name, model, tmp_path, features=features)

    queries = strangers(train)
    np.testing.assert_array_equal(
        loaded.score_queries(queries), model.score_queries(queries)
    )


@pytest.mark.parametrize("name", ["lightfm", "factorization-machine"])
def test_loaded_vectors_are_those_saved(name, tmp_path):
    train = planted_topn().train
    model = fitted(name, train)

    loaded = again(name, model, tmp_path)

    every = np.arange(train.n_users, dtype=np.int32)
    np.testing.assert_array_equal(loaded.user_vectors(every), model.user_vectors(every))
    np.testing.assert_array_equal(loaded.item_vectors(), model.item_vectors())


def test_loaded_ratings_are_those_saved(tmp_path):
    train = planted_ratings().train
    model = fitted("factorization-machine", train, task="rating")

    loaded = again("factorization-machine", model, tmp_path, task="rating")

    pairs = train.users[:50], train.items[:50]
    np.testing.assert_array_equal(loaded.predict(*pairs), model.predict(*pairs))


@pytest.mark.parametrize("name", SPECS)
def test_a_file_of_something_else_is_refused(name, tmp_path):
    path = tmp_path / "model"
    model = plugins.make(SPECS[name], "top-n", SMALL[name])

    path.write_bytes(b"no arrays")
    with pytest.raises(DataError, match="does not hold the weights"):
        model.load(path)
    with path.open("wb") as file:
        np.savez(file, other=np.zeros(3))
    with pytest.raises(DataError, match="does not hold the weights"):
        model.load(path)


def test_a_net_of_another_size_is_refused(tmp_path):
    model = fitted("lightfm", planted_topn().train)
    model.save(tmp_path / "model")
    wider = plugins.make(SPECS["lightfm"], "top-n", NETS | {"embedding_dim": 16})

    with pytest.raises(DataError, match="does not hold the weights"):
        wider.load(tmp_path / "model")
