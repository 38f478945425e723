"""Suites of cold items, cold users and new users: what they ask, of whom, by what."""

import dataclasses

import numpy as np
import pytest

from recbench.datasets.dataset import Dataset
from recbench.evaluation.scoring import rank
from recbench.features import Categories, Features, Numbers
from recbench.interactions import Interactions
from recbench.runner.asking import require, validator
from recbench.runner.failures import NotOfferedError
from recbench.runner.prepare import prepare
from recbench.specs import DatasetSpec
from recbench.splits.builtin import recbench_splits
from recbench.suites import choose, recbench_suites, suites_for, top_n_suite
from recbench.unseen import cold_items_suite, cold_users_suite, new_users_suite

SPLITS = {spec.name: spec for spec in recbench_splits()}
TOP_N = top_n_suite("toy", threshold=4.0)


def card(**facts):
    return DatasetSpec(name="mine", load="somewhere:load", **facts)


def toy(n_users=60, n_items=20, n=800, seed=0):
    rng = np.random.default_rng(seed)
    users, items = np.divmod(rng.permutation(n_users * n_items)[:n], n_items)
    table = Interactions(
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        ratings=rng.integers(1, 6, n).astype(np.float32),
        n_users=n_users,
        n_items=n_items,
        scale=(1.0, 5.0),
        user_features=Features(
            columns={"age": Numbers(values=np.arange(n_users, dtype=np.float32))}
        ),
        item_features=Features(
            columns={
                "genre": Categories(
                    offsets=np.arange(n_items + 1),
                    codes=np.arange(n_items, dtype=np.int32) % 3,
                    names=np.array(["a", "b", "c"]),
                )
            }
        ),
    )
    return Dataset(
        name="toy",
        interactions=table,
        user_ids=np.arange(n_users),
        item_ids=np.arange(n_items),
    )


def prepared(suite, seed=0):
    return prepare(toy(), "print", suite, SPLITS, seed)


def test_movielens_has_all_four_and_none_is_default():
    suites = {suite.name: suite for suite in recbench_suites()}

    for data in ("ml-100k", "ml-1m"):
        for name in ("cold-items", "cold-items-only", "cold-users", "new-users"):
            assert not suites[f"{data}/{name}"].default


def test_a_data_set_has_those_its_features_allow():
    def names(**facts):
        found = (s.name.partition("/")[2] for s in suites_for(card(**facts)))
        return [n for n in found if n.startswith(("cold", "new"))]

    assert names() == ["new-users"]
    assert names(has=("user_features",)) == ["cold-users", "new-users"]
    assert names(has=("item_features",)) == [
        "cold-items",
        "cold-items-only",
        "new-users",
    ]


def test_a_data_set_alone_chooses_none_of_them():
    spec = card(has=("user_features", "item_features"), values="none")

    chosen = choose({}, [], {"mine": spec}, "mine")
    named = choose({}, ["cold-users"], {"mine": spec}, "mine")

    assert [suite.name for suite in chosen] == ["mine/top-n"]
    assert [suite.name for suite in named] == ["mine/cold-users"]


@pytest.mark.parametrize("only", [False, True])
def test_cold_items_are_candidates_and_without_a_training_interaction(only):
    found = prepared(cold_items_suite(TOP_N, only=only))
    view = found.view
    trained = np.bincount(view.train.items, minlength=20) > 0

    assert not trained[found.test.items].any()
    assert view.candidates[found.test.items].all()
    assert view.candidates[trained].all() != only
    assert found.split["leakage"]["cold_items"]["share"] == 1.0


def test_cold_users_are_asked_for_with_their_features_and_nothing_else():
    view = prepared(cold_users_suite(TOP_N)).view
    queries = view.asked()

    assert len(view.history) == 0
    assert not np.isin(view.ask_users, view.train.users).any()
    assert (queries.users == -1).all()
    assert len(queries.items) == 0
    ages = queries.user_features.columns["age"].values
    assert ages.tolist() == view.ask_users.tolist()


def test_new_users_come_with_their_history_and_their_features():
    found = prepared(new_users_suite(TOP_N))
    queries = found.view.asked()
    table, test = found.view.history, found.test

    assert (queries.users == -1).all()
    for row, user in enumerate(found.view.ask_users):
        mine = queries.items[queries.offsets[row] : queries.offsets[row + 1]]
        assert sorted(mine) == sorted(table.items[table.users == user])
        assert not set(mine) & set(test.items[test.users == user])
    ages = queries.user_features.columns["age"].values
    assert ages.tolist() == found.view.ask_users.tolist()


class ByCode:
    """Knows users by code, and would answer a history differently."""

    def fit(self, train, context):
        self.n_items = train.n_items

    def score(self, users):
        return np.tile(np.arange(self.n_items, dtype=np.float32), (len(users), 1))


class ByHistory(ByCode):
    def score_queries(self, queries):
        return -self.score(queries.users)


@pytest.mark.parametrize(
    ("make", "best"),
    [(cold_users_suite, -1), (new_users_suite, 0)],
    ids=["without a history by code", "with one by the history"],
)
def test_who_is_asked_about_unseen_users(make, best):
    view = prepared(make(TOP_N)).view
    model = ByHistory()
    model.fit(view.train, None)
    rules = view.rules(final=True)

    lists, _ = rank(model, view.ask_users, rules, view.asked())

    free = np.flatnonzero(rules.candidates)
    for user, listed in zip(view.ask_users, lists[:, 0], strict=True):
        had = rules.seen.items[rules.seen.users == user]
        assert listed == free[~np.isin(free, had)][best]


def test_a_model_that_cannot_fold_in_is_refused_by_reason_for_new_users_only():
    for make in (cold_users_suite, cold_items_suite):
        require(ByCode(), prepared(make(TOP_N)).view)
    with pytest.raises(NotOfferedError, match="cannot serve users unseen"):
        require(ByCode(), prepared(new_users_suite(TOP_N)).view)


@pytest.mark.parametrize(
    "make",
    [cold_items_suite, cold_users_suite, new_users_suite],
    ids=lambda m: m.__name__,
)
def test_validation_follows_the_same_rule_as_the_test(make):
    from recbench.metrics.builtin import recbench_metrics

    view = prepared(make(TOP_N)).view
    specs = {spec.name: spec for spec in recbench_metrics()}
    model = ByHistory()
    model.fit(view.train, None)

    value = validator(view, "ndcg@10", specs)(model)

    assert 0 <= value <= 1


@pytest.mark.parametrize(("metric", "length"), [("ndcg@3", 3), ("mrr", None)])
def test_validation_ranks_as_far_as_its_metric_reads(metric, length, monkeypatch):
    from recbench.evaluation import measure
    from recbench.metrics.builtin import recbench_metrics

    view = prepared(new_users_suite(TOP_N)).view
    specs = {spec.name: spec for spec in recbench_metrics()}
    model = ByHistory()
    model.fit(view.train, None)
    lengths, real = [], measure.rank

    def rank(model, users, rules, queries, **rest):
        lengths.append(rules.k)
        return real(model, users, rules, queries, **rest)

    monkeypatch.setattr(measure, "rank", rank)
    short = validator(view, metric, specs)(model)
    whole = validator(dataclasses.replace(view, k=view.k + 7), metric, specs)(model)

    assert lengths == ([length] * 2 if length else [view.k, view.k + 7])
    assert view.k > 3
    if length:
        assert short == whole
