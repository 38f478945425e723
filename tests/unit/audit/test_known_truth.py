"""Worlds whose truth is known: the logs, the worth of lists, what protocols recover."""

import dataclasses
import json

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from recbench import plugins
from recbench.cli.truth import command
from recbench.datasets.samples import sample as sample_data
from recbench.errors import DataError, UsageError
from recbench.evaluation.rules import RankingRules
from recbench.interactions import Interactions
from recbench.leaderboard import publish
from recbench.runner.prepare import prepare
from recbench.runner.rescore import Rescorer
from recbench.specs import Protocol, SuiteSpec
from recbench.truth import boards, experiment, report, worlds
from recbench.truth.protocols import (
    K,
    Offline,
    places,
    sampled_ndcg,
    shown_at_random,
)
from recbench.truth.regret import worth
from recbench.truth.summary import recoveries, recovery
from recbench.truth.worlds import SCENARIOS, Scenario, Size

SMALL = Size(users=80, items=60, interactions=1200)
BY_NAME = {s.name: s for s in SCENARIOS}


@pytest.fixture(scope="module")
def catalogue():
    return plugins.load()


@pytest.mark.parametrize("name", BY_NAME)
def test_a_log_has_the_size_asked_for_and_meets_no_item_twice(name):
    drawn = worlds.draw(BY_NAME[name], SMALL, 3)
    table = drawn.dataset.interactions

    assert len(table) == SMALL.interactions
    assert len(np.unique(table.users.astype(int) * 60 + table.items)) == len(table)
    assert (np.diff(table.timestamps) >= 0).all()
    assert set(np.unique(table.ratings)) <= {1, 2, 3, 4, 5}
    assert drawn.liked.shape == (80, 60)
    assert ((drawn.liked > 0) & (drawn.liked < 1)).all()
    again = worlds.draw(BY_NAME[name], SMALL, 3).dataset
    assert drawn.dataset.fingerprint() == again.fingerprint()
    other = worlds.draw(BY_NAME[name], SMALL, 4).dataset
    assert drawn.dataset.fingerprint() != other.fingerprint()


def test_liked_is_the_chance_of_a_good_rating():
    """Late ratings of a world that stands still are good as often as the truth says."""
    size = Size(users=300, items=200, interactions=15_000)
    drawn = worlds.draw(Scenario(name="x", summary=""), size, 1)
    table = drawn.dataset.interactions
    expected = drawn.liked[table.users, table.items]
    good = table.ratings >= 4

    for low, high in ((0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1)):
        inside = (expected >= low) & (expected < high)
        error = good[inside].mean() - expected[inside].mean()
        spread = np.sqrt((expected * (1 - expected))[inside].sum()) / inside.sum()
        assert abs(error) < 4 * spread


def concentration(scenario):
    table = worlds.draw(scenario, SMALL, 2).dataset.interactions
    counts = np.sort(np.bincount(table.items, minlength=60))
    return counts[-6:].sum() / counts.sum()


def test_popularity_and_feedback_make_a_log_uneven():
    even = concentration(Scenario(name="x", summary="", skew=0.0))
    skewed = concentration(Scenario(name="x", summary="", skew=1.2))
    fed = concentration(Scenario(name="x", summary="", skew=0.0, feedback=1.0))

    assert skewed > 1.5 * even
    assert fed > 1.15 * even


def test_with_taste_users_meet_what_they_like():
    def met(taste):
        drawn = worlds.draw(Scenario(name="x", summary="", taste=taste), SMALL, 2)
        table = drawn.dataset.interactions
        return drawn.liked[table.users, table.items].mean() - drawn.liked.mean()

    assert abs(met(0.0)) < 0.02
    assert met(1.5) > 0.15


def test_with_drift_old_ratings_say_less_of_the_truth():
    def told(drift):
        size = Size(users=200, items=100, interactions=5000)
        drawn = worlds.draw(Scenario(name="x", summary="", drift=drift), size, 2)
        table = drawn.dataset.interactions
        truth = drawn.liked[table.users, table.items]
        half = len(table) // 2
        return [
            stats.spearmanr(table.ratings[part], truth[part]).statistic
            for part in (slice(0, half), slice(half, None))
        ]

    early, late = told(0.8)
    still_early, still_late = told(0.0)
    assert late > early + 0.1
    assert abs(still_late - still_early) < 0.07


def test_the_sample_is_the_data_set_of_that_name():
    drawn = worlds.sample(0)
    known = sample_data(None)

    assert drawn.dataset.fingerprint() == known.fingerprint()
    order = np.argsort(known.truth["preference"], axis=1, kind="stable")
    sorted_ = np.take_along_axis(drawn.liked, order, axis=1)
    assert (np.diff(sorted_, axis=1) >= -1e-6).all()


def rules_of(n_items, seen=None, candidates=None):
    return RankingRules(
        candidates=np.ones(n_items, bool) if candidates is None else candidates,
        seen=seen,
        keys=np.arange(n_items, dtype=np.uint64),
        k=n_items,
    )


@given(st.integers(0, 10_000))
def test_worth_is_that_of_a_slow_loop(seed):
    rng = np.random.default_rng(seed)
    gains = rng.random((3, 8))
    candidates = rng.random(8) < 0.8
    candidates[:5] = True
    seen = Interactions(
        users=np.array([0, 1, 1], dtype=np.int32),
        items=rng.permutation(8)[:3].astype(np.int32),
        n_users=3,
        n_items=8,
    )
    lists = np.full((3, 4), -1, dtype=np.int32)
    met = [
        {i for u, i in zip(seen.users, seen.items, strict=True) if u == r}
        for r in range(3)
    ]
    allowed = [
        [i for i in range(8) if candidates[i] and i not in met[user]]
        for user in range(3)
    ]
    for user in range(3):
        n = int(rng.integers(0, 4))
        lists[user, :n] = rng.permutation(allowed[user])[:n]
    found = worth(
        lists, np.arange(3, dtype=np.int32), gains, rules_of(8, seen, candidates), 3
    )

    for user in range(3):
        discount = [1 / np.log2(r + 2) for r in range(3)]
        shown = [gains[user, i] if i >= 0 else 0.0 for i in lists[user, :3]]
        best = sorted((gains[user, i] for i in allowed[user]), reverse=True)[:3]
        got = sum(d * g for d, g in zip(discount, shown, strict=True))
        most = sum(d * g for d, g in zip(discount, best, strict=True))
        assert found.share[user] == pytest.approx(got / most)
        assert found.gain[user] == pytest.approx(sum(shown) / 3)
        assert found.best[user] == pytest.approx(sum(best) / 3)
    assert (found.share <= 1 + 1e-12).all()


def test_the_best_possible_ranker_has_no_regret():
    gains = np.random.default_rng(0).random((5, 9))
    lists = np.argsort(-gains, axis=1)[:, :4].astype(np.int32)
    found = worth(lists, np.arange(5, dtype=np.int32), gains, rules_of(9), 4)

    assert found.regret == pytest.approx(0)


def split_of(catalogue, drawn, split="random", **params):
    suite = SuiteSpec(
        name="x/y",
        dataset="x",
        protocol=Protocol(
            task="top-n", split=split, split_params=params, positives=4.0, k=60
        ),
        metrics=("ndcg@10",),
        primary="ndcg@10",
    )
    return prepare(drawn.dataset, "", suite, catalogue.splits, seed=1)


def test_sampled_negatives_are_drawn_from_what_the_user_never_met(catalogue):
    """With as many negatives as there are, the rank is that among all unmet items."""
    drawn = worlds.draw(BY_NAME["taste"], SMALL, 5)
    part = split_of(catalogue, drawn)
    users = part.view.ask_users
    lists = np.tile(np.arange(60, dtype=np.int32), (len(users), 1))
    found = sampled_ndcg(lists, part.test, part, negatives=60, seed=0)

    met = {u: set() for u in users.tolist()}
    for table in (part.view.train, part.view.validation, part.test):
        for u, i in zip(table.users.tolist(), table.items.tolist(), strict=True):
            if u in met:
                met[u].add(i)
    values = {u: [] for u in met}
    for u, item in zip(part.test.users.tolist(), part.test.items.tolist(), strict=True):
        rank = sum(
            other < item and part.view.candidates[other] and other not in met[u]
            for other in range(60)
        )
        values[u].append(1 / np.log2(rank + 2) if rank < K else 0.0)
    assert found == pytest.approx(np.mean([np.mean(v) for v in values.values()]))


def test_few_negatives_flatter_every_model(catalogue):
    drawn = worlds.draw(BY_NAME["taste"], SMALL, 5)
    part = split_of(catalogue, drawn)
    lists = np.tile(np.arange(60, dtype=np.int32), (len(part.view.ask_users), 1))
    few, many = (
        sampled_ndcg(lists, part.test, part, negatives=n, seed=0) for n in (5, 40)
    )

    assert few > many + 0.1


def test_places_are_where_items_stand():
    lists = np.array([[2, 0, -1]], dtype=np.int32)

    assert places(lists, 4).tolist() == [[1, 4, 0, 4]]


def test_an_experiment_is_right_on_average():
    """Items shown at random estimate true worth up to one constant for all models."""
    drawn = worlds.draw(BY_NAME["popularity"], SMALL, 7)
    table = drawn.dataset.interactions
    met = np.zeros((80, 60), dtype=bool)
    met[table.users, table.items] = True
    users = np.arange(80, dtype=np.int32)
    rng = np.random.default_rng(0)
    truths, figures = [], []
    for blur in (0.0, 0.3, 3.0):
        scores = drawn.liked + blur * rng.normal(size=met.shape)
        scores[met] = -np.inf
        order = np.argsort(-scores, axis=1).astype(np.int32)
        lists = np.where(np.take_along_axis(met, order, axis=1), -1, order)
        gains = np.take_along_axis(drawn.liked, order[:, :K], axis=1)
        truths.append(float((gains / np.log2(np.arange(K) + 2)).sum(axis=1).mean()))
        figures.append(
            np.mean(
                [shown_at_random(lists, users, drawn, table, s) for s in range(150)]
            )
        )
    ratios = np.array(figures) / np.array(truths)
    np.testing.assert_allclose(ratios, ratios.mean(), rtol=0.05)


def test_recovery_by_hand():
    truth = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1]])
    printed = np.array([[3.0, 2.0, 1.0], [1.0, 3.0, 2.0]])
    found = recovery("p", printed, truth)

    assert found.winner == 0.5
    assert found.pairs == pytest.approx((3 + 1) / 6)
    assert found.tau == pytest.approx((1 - 1 / 3) / 2)
    assert found.loss == pytest.approx(0.2)
    assert found.loss_error == pytest.approx(np.std([0, 0.4], ddof=1) / np.sqrt(2))
    # on average 2.0, 2.5, 1.5: one pair of three is the wrong way round
    assert found.settled == pytest.approx(1 / 3)


@given(st.integers(0, 10_000))
def test_tau_of_each_draw_is_that_of_scipy(seed):
    rng = np.random.default_rng(seed)
    truth, printed = rng.random((4, 6)), rng.integers(0, 4, (4, 6)).astype(float)
    expected = [
        stats.kendalltau(t, p).statistic if len({*p}) > 1 else 0.0
        for t, p in zip(truth, printed, strict=True)
    ]

    assert recovery("p", printed, truth).tau == pytest.approx(np.mean(expected))


def test_pairs_that_hardly_differ_do_not_count():
    truth = np.array([[0.5, 0.505, 0.1]])
    assert recovery("p", np.array([[2.0, 1.0, 0.0]]), truth).pairs == 1.0


@pytest.fixture(scope="module")
def trials(catalogue):
    return experiment.draws(
        catalogue,
        scenarios=[BY_NAME["taste"], BY_NAME["drift"]],
        models=["random", "most-popular", "ease[reg=50]"],
        size=SMALL,
        n=2,
    )


def test_an_experiment_measures_every_model_by_every_protocol(trials):
    for found in trials:
        assert found.models == ("random", "most-popular", "ease[reg=50]")
        assert found.truth.shape == (2, 3)
        assert ((found.truth > 0) & (found.truth < 1)).all()
        assert (found.truth.argmin(axis=1) == 0).all()  # nothing is worse than random
        for values in found.figures.values():
            assert np.isfinite(values).all()


def test_a_model_that_knows_the_truth_is_found_by_every_protocol(catalogue):
    """Planted: one model ranks by the truth, one by its opposite."""
    drawn = worlds.draw(BY_NAME["taste"], SMALL, 0)

    class ByTruth:
        def __init__(self, sign):
            self.sign = sign

        def fit(self, train, context):
            pass

        def score(self, users):
            return (self.sign * drawn.liked[users]).astype(np.float32)

    wanted = [
        experiment.Model(label="worst", make=lambda: ByTruth(-1)),
        experiment.Model(label="best", make=lambda: ByTruth(1)),
    ]
    truth, shown = experiment._served(drawn, wanted, 0)
    printed = experiment._printed(drawn, wanted, experiment.PROTOCOLS, catalogue, 0)

    assert truth[1] == pytest.approx(1)
    assert truth[0] < 0.5
    assert shown[1] > shown[0]
    for protocol in experiment.PROTOCOLS:
        if protocol.split:
            worst, best = printed[protocol.name]
            assert best > worst


@pytest.mark.parametrize(
    ("models", "told"),
    [
        (["eaze", "ials"], "did you mean ease"),
        (["bias", "ials"], "does not rank"),
        (["ease"], "at least two"),
    ],
)
def test_models_that_cannot_be_put_in_order(catalogue, models, told):
    with pytest.raises(UsageError, match=told):
        experiment.chosen(catalogue, models)


def test_the_report_tells_the_same_in_every_format(trials):
    documents = json.loads(report.to_json(trials))

    assert [d["name"] for d in documents] == ["taste", "drift"]
    first = recoveries(trials[0])[0]
    assert documents[0]["protocols"][0]["winner"] == first.winner
    for render in (report.text, report.page):
        rendered = render(trials)
        assert f"{first.loss:.3f} ± {first.loss_error:.3f}" in rendered
        assert "random hold-out, rating 5" in rendered


def test_an_unknown_world_is_refused():
    done = CliRunner().invoke(command, ["--world", "tast"])

    assert isinstance(done.exception, UsageError)
    assert "did you mean taste" in str(done.exception)


def test_the_regret_of_a_board(world):
    records = world.store.records("tiny/top-n")
    rescorer = Rescorer(world.catalogue, world.store)
    preference = world.dataset.truth["preference"]
    for record in records:
        if record.model != "ease":
            continue
        part = rescorer.prepared(record)
        rules = part.view.rules(final=True)
        users, _ = world.store.lists(record)
        scores = preference[users].copy()
        scores[:, ~rules.candidates] = -np.inf
        seen = np.zeros(preference.shape, dtype=bool)
        seen[rules.seen.users, rules.seen.items] = True
        scores[seen[users]] = -np.inf
        lists = np.argsort(-scores, axis=1)[:, :50].astype(np.int32)
        world.change_blob(
            "tiny/top-n",
            lambda r, key=record.key: r.key == key,
            "lists",
            lambda a, new=lists: a | {"lists": new},
        )
    board = publish.load(world.store, "tiny/top-n", world.catalogue)
    rows = boards.true_rows(board, Rescorer(world.catalogue, world.store), world.store)

    assert rows[0].label == "ease"
    assert rows[0].regret == pytest.approx(0, abs=1e-12)
    assert rows[0].stars == pytest.approx(rows[0].best)
    assert rows[-1].label == "random"
    assert rows[-1].regret > 0.1
    told = report.board("tiny/top-n", "ndcg@10", rows)
    assert f"{rows[-1].regret:.4f}" in told


@pytest.mark.parametrize("suite", ["tiny/rating", "tiny/top-n"])
def test_regret_needs_a_known_truth(world, suite, monkeypatch):
    board = publish.load(world.store, suite, world.catalogue)
    if suite == "tiny/top-n":
        blind = dataclasses.replace(world.dataset, truth={})
        monkeypatch.setattr(boards, "open_dataset", lambda _spec: blind)

    with pytest.raises(DataError, match="true preferences"):
        boards.true_rows(board, Rescorer(world.catalogue, world.store), world.store)


def test_a_protocol_is_named_once():
    names = [p.name for p in experiment.PROTOCOLS]

    assert len({*names}) == len(names)
    assert [p for p in experiment.PROTOCOLS if not p.split] == [Offline(name=names[-1])]
