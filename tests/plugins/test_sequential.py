"""Every sequential model by what it promises: order, cold queries, clocks, files."""

from dataclasses import replace

import numpy as np
import pytest

from recbench import FitContext, Interactions, Queries, plugins
from recbench_sequential import recbench_models

SPECS = {spec.name: spec for spec in recbench_models()}
NEURAL = {
    "gru4rec": {
        "embedding_dim": 24,
        "batch_size": 8,
        "max_length": 12,
        "epochs": 12,
        "learning_rate": 0.02,
        "dropout_items": 0.0,
        "dropout_states": 0.0,
    },
    "sasrec": {
        "embedding_dim": 24,
        "batch_size": 8,
        "max_length": 12,
        "epochs": 12,
        "learning_rate": 0.02,
        "dropout": 0.0,
    },
    "bert4rec": {
        "embedding_dim": 24,
        "batch_size": 8,
        "max_length": 12,
        "epochs": 40,
        "learning_rate": 0.01,
        "dropout": 0.0,
    },
}
ORDERED = sorted(set(SPECS) - {"recent-popular", "last-item-knn"})
N_ITEMS = 30


def walks(n_users=80, length=20, seed=0, n_items=N_ITEMS):
    """Users walk in a circle from a random start: after ``i`` comes ``i + 7``.

    Every item is as popular as any other, so nothing but order tells what is next.
    """
    starts = np.random.default_rng(seed).integers(0, n_items, n_users)
    steps = np.arange(length)
    items = (starts[:, None] + 7 * steps) % n_items
    return Interactions(
        users=np.repeat(np.arange(n_users), length).astype(np.int32),
        items=items.ravel().astype(np.int32),
        timestamps=np.tile(steps * 60, n_users).astype(np.int64),
        n_users=n_users,
        n_items=n_items,
    )


def strangers(histories, *, times=None, ratings=None):
    lengths = [len(history) for history in histories]
    items = np.array([i for history in histories for i in history], dtype=np.int32)
    stamps = [60 * t for history in histories for t in range(len(history))]
    return Queries(
        users=np.full(len(histories), -1, dtype=np.int32),
        offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        items=items,
        ratings=None if ratings is None else np.array(ratings, dtype=np.float32),
        timestamps=np.array(stamps, dtype=np.int64),
        times=times,
    )


def fitted(name, train, seed=0, **params):
    model = plugins.make(SPECS[name], "next-item", NEURAL.get(name, {}) | params)
    model.fit(train, FitContext(task="next-item", seed=seed))
    return model


@pytest.mark.parametrize("name", ORDERED)
def test_the_next_step_of_a_walk_ranks_first(name):
    model = fitted(name, walks())
    walk = [(5 + 7 * step) % N_ITEMS for step in range(6)]
    queries = strangers([walk, walk[:3], walk[2:5]])

    ranked = np.argsort(-model.score_queries(queries), axis=1)

    assert ranked[:, 0].tolist() == [(walk[last] + 7) % N_ITEMS for last in (5, 2, 4)]


@pytest.mark.parametrize("name", ["gru4rec", "sasrec", "bert4rec"])
@pytest.mark.parametrize("negatives", [0, 12])
def test_whole_catalogue_and_sample_of_it_both_serve(name, negatives):
    more = {"epochs": 60} if name == "bert4rec" and negatives else {}
    model = fitted(name, walks(), negatives=negatives, **more)
    walk = [(5 + 7 * step) % N_ITEMS for step in range(6)]

    scores = model.score_queries(strangers([walk]))

    assert np.argmax(scores[0]) == (walk[-1] + 7) % N_ITEMS


@pytest.mark.parametrize(("name", "loss"), [("gru4rec", "bpr-max"), ("sasrec", "gbce")])
def test_other_losses_learn_the_walk_too(name, loss):
    model = fitted(
        name, walks(), loss=loss, epochs=60, negatives=12, learning_rate=0.01
    )
    walk = [(5 + 7 * step) % N_ITEMS for step in range(6)]

    scores = model.score_queries(strangers([walk]))

    assert np.argmax(scores[0]) == (walk[-1] + 7) % N_ITEMS


@pytest.mark.parametrize(
    ("loss", "negatives", "start"),
    [("gbce", 12, -np.log(12)), ("gbce", 1, 0.0), ("cross-entropy", 12, 0.0)],
)
def test_gbce_starts_where_a_sampled_item_is_seldom_right(loss, negatives, start):
    model = fitted(
        "sasrec",
        walks(),
        loss=loss,
        negatives=negatives,
        epochs=1,
        learning_rate=1e-9,
    )

    np.testing.assert_allclose(model.net.bias.detach(), start, atol=1e-6)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_an_empty_history_is_scored_beside_others(name):
    train = walks()
    train = train.take(train.items != 4)
    few = {"epochs": 2} if name in NEURAL else {}
    model = fitted(name, train, **few)
    known = [(3 + 7 * step) % N_ITEMS for step in range(5)]

    both = model.score_queries(strangers([[], known, []]))
    alone = model.score_queries(strangers([known]))

    assert both.shape == (3, N_ITEMS)
    assert both.dtype == np.float32
    assert np.isfinite(both).all()
    np.testing.assert_allclose(both[1], alone[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(both[0], both[2])


@pytest.mark.parametrize("name", sorted(SPECS))
def test_events_below_the_threshold_are_no_part_of_a_history(name):
    walk = walks()
    disliked = replace(walk, items=(29 - walk.items).astype(np.int32))
    both = Interactions(
        users=np.concatenate((walk.users, disliked.users)),
        items=np.concatenate((walk.items, disliked.items)),
        timestamps=np.concatenate((walk.timestamps, disliked.timestamps + 1)),
        ratings=np.repeat([5, 1], len(walk)).astype(np.float32),
        n_users=walk.n_users,
        n_items=walk.n_items,
        scale=(1.0, 5.0),
        threshold=4.0,
    )
    few = {"epochs": 2} if name in NEURAL else {}
    plain, rated = fitted(name, walk, **few), fitted(name, both, **few)
    history = [(3 + 7 * step) % N_ITEMS for step in range(5)]
    mixed = [item for pair in zip(history, history[::-1], strict=True) for item in pair]

    expected = plain.score_queries(strangers([history]))
    found = rated.score_queries(strangers([mixed], ratings=[5, 1] * 5))

    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["gru4rec", "sasrec", "bert4rec"])
def test_a_saved_network_keeps_its_threshold(name, tmp_path):
    walk = walks(n_users=20)
    rated = replace(
        walk,
        ratings=np.full(len(walk), 5, dtype=np.float32),
        threshold=4.0,
        scale=(1.0, 5.0),
    )
    model = fitted(name, rated, epochs=2)
    model.save(tmp_path / "model")
    loaded = plugins.make(SPECS[name], "next-item", NEURAL[name])
    loaded.load(tmp_path / "model")
    queries = strangers([[1, 8, 15, 3]], ratings=[5, 5, 5, 1])

    np.testing.assert_array_equal(
        loaded.score_queries(queries), model.score_queries(queries)
    )
    assert loaded.n_parameters == model.n_parameters


def test_popularity_is_that_before_the_moment_of_the_query():
    n = 40
    train = Interactions(
        users=np.arange(n, dtype=np.int32),
        items=(np.arange(n) >= n // 2).astype(np.int32),  # first item 0, then item 1
        timestamps=np.arange(n, dtype=np.int64),
        n_users=n,
        n_items=3,
    )
    model = fitted("recent-popular", train, half_life=0.1, moments=40)

    early, late = model.score_queries(
        strangers([[], []], times=np.array([n // 2 - 1, n], dtype=np.int64))
    )
    timeless = model.score_queries(strangers([[]]))

    assert (early[0] > 0) & (early[1] == 0)
    assert late[1] > late[0]
    np.testing.assert_array_equal(timeless[0], late)


def test_queries_before_all_events_see_the_first_moment_only():
    model = fitted("recent-popular", walks(), moments=50)

    scores = model.score_queries(strangers([[]], times=np.array([-5], dtype=np.int64)))

    np.testing.assert_array_equal(scores[0], model.scores[0])


def test_a_known_user_is_no_neighbour_of_itself():
    train = walks(n_users=6)
    model = fitted("session-knn", train)
    history = train.items[train.users == 2]
    alone = fitted("session-knn", train.take(train.users != 2))

    queries = strangers([history.tolist()])
    known = model.score_queries(replace(queries, users=np.array([2], dtype=np.int32)))

    others = alone.score_queries(queries)
    same = np.argsort(-known[0], kind="stable")[:5]
    assert same.tolist() == np.argsort(-others[0], kind="stable")[:5].tolist()


def test_the_clock_weakens_what_lies_far_back():
    """After 0 comes 1 within a minute and 2 after days, equally often."""
    items = np.tile([0, 1, 0, 2], 50)
    gaps = np.tile([10_000_000, 60, 10_000_000, 500_000], 50)
    train = Interactions(
        users=np.repeat(np.arange(100), 2).astype(np.int32),
        items=items.astype(np.int32),
        timestamps=np.cumsum(gaps).astype(np.int64),
        n_users=100,
        n_items=3,
    )

    timed = fitted("tale", train, hours=1.0, floor=0.1, reg=1000.0)
    timeless = fitted("tale", train, hours=0.0, reg=1000.0)

    scores = timed.score_queries(strangers([[0]]))[0]
    assert scores[1] > 5 * scores[2]
    scores = timeless.score_queries(strangers([[0]]))[0]
    np.testing.assert_allclose(scores[1], scores[2], rtol=1e-5)


@pytest.mark.parametrize("preset", ["first-order"])
def test_presets_of_the_markov_chain(preset):
    assert SPECS["markov-chain"].presets[preset] == {"reach": 1, "history": 1}
