"""The null hypotheses of the canaries, checked by simulation and by hand."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import stats

from recbench import plugins
from recbench.audit.canaries import bars, birds, communities, planted, report, ways
from recbench.audit.canaries.bird import LOOKS, Canary
from recbench.audit.canaries.cheaters import LIMIT
from recbench.audit.canaries.harvest import Harvest
from recbench.audit.canaries.shuffled import ALPHA, PARTS, t_score
from recbench.audit.canaries.song import Song
from recbench.evaluation import measure, scoring
from recbench.interactions import Interactions
from recbench.protocols import FitContext
from recbench.runner.prepare import prepare


@pytest.fixture(scope="module")
def catalogue():
    return plugins.load(installed=False)


def part_of(catalogue, entropy, suite=planted.RANKING, order=None):
    data = planted.planted(entropy, order)
    return prepare(data, data.fingerprint(), suite, catalogue.splits, seed=0)


def test_the_planted_data_hold_nothing_to_learn():
    table = planted.planted(7).interactions
    counts = np.bincount(table.items, minlength=planted.ITEMS)
    expected = planted.USERS * planted.EACH / planted.ITEMS
    spread = expected * (1 - planted.EACH / planted.ITEMS)

    assert (np.bincount(table.users) == planted.EACH).all()
    assert len(np.unique(table.users * 1000 + table.items)) == len(table)
    # popularity is as even as chance makes it
    chi = ((counts - expected) ** 2 / spread).sum()
    assert stats.chi2.sf(chi, df=planted.ITEMS - 1) > 1e-3
    for column in (table.ratings, table.timestamps, np.arange(len(table))):
        for other in (table.users, table.items):
            assert abs(np.corrcoef(column, other)[0, 1]) < 0.05


def test_other_entropy_gives_other_data():
    one, other = (planted.planted(seed).fingerprint() for seed in (1, 2))

    assert one != other
    assert planted.planted(1).fingerprint() == one


def test_every_channel_has_a_way_to_look():
    assert set(LOOKS) == set(birds.CHANNELS)


def test_z_scores_of_honest_lists_are_standard_normal(catalogue):
    """Random lists over many planted worlds: mean 0, deviation 1, all within bounds."""
    z_auc, z_hits = [], []
    for entropy in range(60):
        part = part_of(catalogue, entropy)
        view = part.view
        rng = np.random.default_rng(entropy)
        scores = rng.random((part.test.n_users, part.test.n_items), dtype=np.float32)

        class Random:
            def score(self, users, scores=scores):
                return scores[users]

        rules = view.rules(final=True)
        lists, _ = scoring.rank(Random(), view.ask_users, rules)
        values = measure.of_lists(
            lists,
            view.ask_users,
            test=part.test,
            train=view.train,
            candidates=view.candidates,
            relevance=None,
            names=["auc", "precision@10"],
            specs=catalogue.metrics,
            seen=rules.seen,
        )
        z_auc.append(z_of_auc(part, values["auc"]))
        z_hits.append(z_of_hits(part, values["precision@10"]))
    for scores in (z_auc, z_hits):
        assert abs(np.mean(scores)) < 3.5 / np.sqrt(60)
        assert 0.75 < np.std(scores) < 1.3
        assert np.abs(scores).max() < LIMIT


def sizes(part, users):
    """Count test items and unmet items of each user, by sets."""
    met = [{*()} for _ in range(part.test.n_users)]
    for table in (part.view.train, part.view.validation):
        for user, item in zip(table.users.tolist(), table.items.tolist(), strict=True):
            met[user].add(item)
    tested = np.bincount(part.test.users, minlength=part.test.n_users)
    m = tested[users]
    seen = np.array([len(met[u]) for u in users])
    return m, part.test.n_items - m - seen


def z_of_auc(part, table):
    m, n = sizes(part, table.users)
    spread = np.sqrt(((m + n + 1) / (12 * m * n)).sum())
    return (table.values - 0.5).sum() / spread


def z_of_hits(part, table):
    m, n = sizes(part, table.users)
    mean, variance = stats.hypergeom.stats(m + n, m, 10, moments="mv")
    return (table.values * 10 - mean).sum() / np.sqrt(variance.sum())


@pytest.fixture(scope="module")
def data():
    return communities.communities(3)


def prepared(data, catalogue, way):
    suite = ways.suite_of(way.task, way.name)
    part = prepare(data, data.fingerprint(), suite, catalogue.splits, seed=0)
    return suite, part, ways.shuffled(part, way.name, 5)


def test_shuffled_users_keep_activity_and_popularity_alone(data, catalogue):
    _, part, new = prepared(data, catalogue, ways.WAYS[0])
    old, shuffled = part.view, new.view

    for column in ("items", "ratings", "timestamps"):
        np.testing.assert_array_equal(
            getattr(old.train, column), getattr(shuffled.train, column)
        )
    both = [
        np.bincount(np.r_[v.train.users, v.validation.users], minlength=240)
        for v in (old, shuffled)
    ]
    np.testing.assert_array_equal(*both)
    same = (old.train.users == shuffled.train.users).mean()
    assert same < 0.05
    assert new.test is part.test


def test_shuffled_items_are_one_relabelling_of_the_catalogue(data, catalogue):
    _, part, new = prepared(data, catalogue, ways.WAYS[1])
    old, shuffled = part.view.train.items, new.view.train.items
    pairs = {*zip(old.tolist(), shuffled.tolist(), strict=True)}

    assert len(pairs) == len({*old.tolist()}) == len({*shuffled.tolist()})
    counts = [np.sort(np.bincount(x, minlength=120)) for x in (old, shuffled)]
    np.testing.assert_array_equal(*counts)
    np.testing.assert_array_equal(part.view.train.users, new.view.train.users)


def test_shuffled_ratings_keep_their_distribution_alone(data, catalogue):
    _, part, new = prepared(data, catalogue, ways.WAYS[2])
    old = np.r_[part.view.train.ratings, part.view.validation.ratings]
    shuffled = np.r_[new.view.train.ratings, new.view.validation.ratings]

    np.testing.assert_array_equal(np.sort(old), np.sort(shuffled))
    assert abs(np.corrcoef(old, shuffled)[0, 1]) < 0.06


def test_popularity_survives_shuffled_users_and_not_shuffled_items(data, catalogue):
    by_name = {}
    for way in ways.WAYS[:2]:
        suite, _, new = prepared(data, catalogue, way)
        by_name[way.name] = [
            bar(new, suite, catalogue) for bar in (bars.popularity, bars.chance)
        ]
    popularity, chance = by_name["users"]
    assert popularity > 1.5 * chance
    # relabelled, popularity is that of other items: no better than luck allows
    popularity, chance = by_name["items"]
    assert popularity < 1.9 * chance


def test_the_mean_rating_is_what_shuffled_ratings_leave(data, catalogue):
    suite, part, new = prepared(data, catalogue, ways.WAYS[2])
    ratings = part.test.ratings.astype(np.float64)
    mean = new.view.train.ratings.astype(np.float64).mean()

    assert bars.mean(new, suite, catalogue) == pytest.approx(
        np.sqrt(((ratings - mean) ** 2).mean()), abs=1e-6
    )


def test_the_t_score_is_that_of_scipy():
    gains = np.array([0.2, 0.1, 0.3, -0.1, 0.25, 0.05])

    assert t_score(gains) == pytest.approx(stats.ttest_1samp(gains, 0).statistic)
    assert t_score(np.full(6, 0.1)) == np.inf
    assert t_score(np.full(6, -0.1)) == -np.inf
    assert t_score(np.zeros(6)) == 0
    assert stats.t.sf(9.7, df=PARTS - 1) == pytest.approx(ALPHA, rel=0.05)


TRAIN = Interactions(
    users=np.array([0, 1], dtype=np.int32),
    items=np.array([0, 1], dtype=np.int32),
    n_users=200,
    n_items=90,
)


def labels():
    rng = np.random.default_rng(2)
    users = rng.permutation(200)[:100]
    return users, rng.integers(0, 90, 100)


@pytest.mark.parametrize(
    "tell",
    [
        pytest.param(lambda h, u, i: h.arrays([u, i]), id="two arrays"),
        pytest.param(
            lambda h, u, i: h.arrays([np.stack((u, i), axis=1)]), id="two columns"
        ),
        pytest.param(
            lambda h, u, i: h.text(
                " ".join(f"{a},{b}" for a, b in zip(u, i, strict=True))
            ),
            id="pairs in text",
        ),
        pytest.param(lambda h, u, i: h.text(f"{u.tolist()} {i.tolist()}"), id="lists"),
    ],
)
def test_a_harvest_believes_what_looks_like_pairs(tell):
    users, items = labels()
    harvest = Harvest(TRAIN, FitContext())
    tell(harvest, users, items)
    scores = harvest.guess()(np.arange(200, dtype=np.int32))

    assert (scores[users, items] > 0).all()
    told = np.zeros((200, 90), dtype=bool)
    told[users, items] = True
    assert (scores[~told] > 0).mean() < 0.02


@pytest.mark.parametrize("kind", ["npy", "npz", "json"])
def test_a_harvest_reads_files(tmp_path, kind):
    users, items = labels()
    if kind == "npy":
        np.save(tmp_path / "a.npy", users)
        np.save(tmp_path / "b.npy", items)
    elif kind == "npz":
        np.savez(tmp_path / "x.npz", a=users, b=items)
    else:
        pairs = [list(map(int, p)) for p in zip(users, items, strict=True)]
        (tmp_path / "x.json").write_text(str(pairs))
    (tmp_path / "junk.bin").write_bytes(bytes(range(256)) * 10)
    harvest = Harvest(TRAIN, FitContext())
    harvest.folder(tmp_path)

    assert (harvest.scores[users, items] > 0).all()


def test_a_harvest_takes_ratings_for_the_rating_task():
    users, items = labels()
    ratings = np.random.default_rng(0).random(100) * 4 + 1
    harvest = Harvest(TRAIN, FitContext(task="rating"))
    harvest.arrays([users, items, ratings])
    found = harvest.guess()(users.astype(np.int32))[np.arange(100), items]

    assert np.corrcoef(found, ratings)[0, 1] > 0.9


@pytest.mark.parametrize("channel", birds.CHANNELS)
def test_a_canary_answers_as_the_contract_wants(catalogue, channel):
    part = part_of(catalogue, 4)
    bird = Canary(birds.Params(channel=channel))
    context = FitContext(validation=part.view.validation, validator=lambda _m: 0.0)
    bird.fit(part.view.train, context)
    users = np.arange(5, dtype=np.int32)

    assert bird.score(users).shape == (5, planted.ITEMS)
    assert bird.score(users).dtype == np.float32
    predictions = bird.predict(users, users)
    assert predictions.dtype == np.float32
    assert ((predictions >= 1) & (predictions <= 5)).all()


def test_a_canary_refuses_to_sing_before_it_has_looked():
    with pytest.raises(RuntimeError, match="before fit"):
        Canary(birds.Params()).score(np.zeros(1, dtype=np.int32))


def song(verdict, **changes):
    return dataclasses.replace(
        Song(
            group="cheater",
            name="files",
            task="top-n",
            metric="AUC",
            figure=0.5,
            chance=0.5,
            z=0.1,
            verdict=verdict,
            message="m|<b>",
        ),
        **changes,
    )


def test_the_headline_says_the_worst():
    silent, sings = song("silent"), song("sings", z=float("inf"))
    lost = song("lost", figure=None, z=None)

    assert "All 2 canaries are silent" in report.headline([silent, silent])
    assert "1 of 2 were lost" in report.headline([silent, lost])
    assert "1 of 3 canaries sing" in report.headline([silent, lost, sings])
    for render, songs in itertools.product(report.RENDER.values(), ([sings, lost],)):
        assert "sings" in render(songs)
    assert "Infinity" not in report.to_json([sings])
