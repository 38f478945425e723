"""From names to values and figures, and what is refused on the way."""

import subprocess
import sys

import numpy as np
import pytest
from metric_worlds import random_world, rated, view

from recbench.errors import DataError, PluginError, UsageError
from recbench.metrics.builtin import recbench_metrics
from recbench.metrics.compute import (
    figure,
    parse,
    ranking_values,
    rating_values,
)
from recbench.metrics.groups import attribute_groups, by_group
from recbench.metrics.views import PerUser
from recbench.specs import MetricSpec

SPECS = {spec.name: spec for spec in recbench_metrics()}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("ndcg@10", ("ndcg", 10)),
        ("ndcg", ("ndcg", None)),
        ("hit-rate@5", ("hit-rate", 5)),
        ("r2", ("r2", None)),
    ],
)
def test_a_name_is_a_metric_and_a_cut_off(name, parts):
    assert parse(name) == parts


@pytest.mark.parametrize(
    "name", ["", "@10", "ndcg@", "ndcg@0", "ndcg@-1", "ndcg@1.5", "NDCG@10", "a b", "é"]
)
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(UsageError, match="names no metric"):
        parse(name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ncdg@5", "did you mean ndcg"),
        ("rmse", "reads ratings"),
        ("ndcg@9", "needs lists of 9 items, and these hold 8"),
    ],
)
def test_a_metric_of_lists_that_cannot_be_computed_says_why(name, text):
    with pytest.raises(UsageError, match=text):
        ranking_values(view(random_world(0)), [name], SPECS)


@pytest.mark.parametrize(
    ("name", "text"), [("ndcg@5", "reads top-k lists"), ("rmse@5", "no cut-off")]
)
def test_a_metric_of_ratings_that_cannot_be_computed_says_why(name, text):
    with pytest.raises(UsageError, match=text):
        rating_values(rated(random_world(0)), [name], SPECS)


def broken(answer, kind="ranking"):
    spec = MetricSpec(name="broken", kind=kind, compute=lambda *_: answer)
    return {"broken": spec}


@pytest.mark.parametrize(
    ("answer", "text"),
    [(np.zeros(3), "one value per user"), (np.full(40, np.inf), "infinite")],
    ids=["too few values", "infinity"],
)
def test_a_metric_of_a_plugin_that_breaks_its_card_is_named(answer, text):
    world = random_world(0)
    world.test = {u: {0: 5.0} for u in range(40)}
    with pytest.raises(PluginError, match=text):
        ranking_values(view(world), ["broken@5"], broken(answer))
    with pytest.raises(PluginError, match=text):
        rating_values(rated(world), ["broken"], broken((answer, np.ones(40)), "rating"))


def test_a_metric_of_a_plugin_is_one_function_and_one_card():
    def second(lists, k):
        """Say whether the second place is a hit."""
        return lists.hits[:, 1].astype(float) if k > 1 else np.zeros(len(lists.users))

    spec = MetricSpec(name="second", kind="ranking", compute=second)
    lists = view(random_world(0))
    values = ranking_values(lists, ["second@5", "second@1"], {"second": spec})

    assert values["second@5"].figure() == lists.hits[:, 1].mean()
    assert values["second@1"].figure() == 0


def test_bounds_in_the_wrong_order_are_refused():
    with pytest.raises(PluginError, match="'odd': bounds"):
        MetricSpec(name="odd", compute="odd:odd", kind="ranking", bounds=(1.0, 0.0))


def test_an_undefined_figure_is_none():
    nobody = np.zeros(0)
    values = PerUser(users=nobody.astype(np.int32), values=nobody, weights=nobody)

    assert figure(values) is None
    assert figure(float("nan")) is None
    assert figure(0.25) == 0.25


def test_users_for_whom_a_metric_is_undefined_do_not_count():
    values = PerUser(
        users=np.arange(3, dtype=np.int32),
        values=np.array([1.0, np.nan, 0.0]),
        weights=np.array([1.0, 0.0, 1.0]),
    )

    assert figure(values) == 0.5


def test_large_counts_do_not_overflow_graded_gains():
    world = random_world(1)
    for items in world.test.values():
        for item in items:
            items[item] *= 1000.0
    values = ranking_values(view(world), ["ndcg-graded@5"], SPECS)["ndcg-graded@5"]

    assert np.isfinite(values.values).all()
    assert (values.values <= 1).all()
    assert values.values.max() > 0


def test_ratings_that_are_all_zero_or_negative_grade_nothing():
    world = random_world(1)
    world.threshold = -10.0
    for items in world.test.values():
        for rank, item in enumerate(items):
            items[item] = -float(rank)
    names = ["ndcg-graded@5", "ndcg-linear@5"]
    for values in ranking_values(view(world), names, SPECS).values():
        assert (values.values == 0).all()
        assert (values.weights == 1).all()


def test_a_gap_by_an_attribute_that_users_lack_says_what_they_have():
    lists = view(random_world(0))
    with pytest.raises(DataError, match=r"no attribute 'town'.*age, gender"):
        attribute_groups(lists, "town")


def test_categories_are_asked_for_where_items_have_none():
    world = random_world(0)
    lists = view(world)
    object.__setattr__(lists, "item_features", None)
    with pytest.raises(DataError, match="categories of items"):
        ranking_values(lists, ["diversity@5"], SPECS)


def test_values_by_group_average_to_the_whole():
    lists = view(random_world(4))
    values = ranking_values(lists, ["ndcg@5"], SPECS)["ndcg@5"]
    half = np.arange(len(lists.users)) % 2 == 0
    parts = by_group(values, {"even": half, "odd": ~half})

    assert list(parts) == ["even", "odd"]
    total = sum(p.weights.sum() * p.figure() for p in parts.values())
    assert total == pytest.approx(values.weights.sum() * values.figure())


@pytest.mark.parametrize(
    "module", ["recbench.metrics.builtin", "recbench.splits.builtin"]
)
def test_the_cards_import_nothing_heavy(module):
    heavy = "{'numpy', 'scipy', 'pandas', 'torch', 'sklearn', 'surprise', 'matplotlib'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
