"""The leaderboards that recbench publishes hold what the project promises of them."""

from pathlib import Path

import pytest

from recbench.results.record import Record
from recbench.results.store import Store

BOARDS = Path(__file__).parents[3] / "leaderboards"
SEEDS = {0, 1, 2}
SUITES = {
    "ml-100k/cold-items",
    "ml-100k/cold-items-only",
    "ml-100k/cold-users",
    "ml-100k/new-users",
    "ml-100k/next-item",
    "ml-100k/next-item-global",
    "ml-100k/rating",
    "ml-100k/top-n",
}

RMSE_UNDER_BIAS = {
    "svd-pp": 0.020,
    "svd": 0.024,
    "ncf": 0.010,
    "two-tower": 0.016,
    "autorec": 0.025,
}
NDCG_OVER_POPULAR = {
    "ease": 2.0,
    "pure-svd": 1.9,
    "ials": 1.9,
    "mult-vae": 1.9,
    "item-knn": 1.8,
    "two-tower": 1.6,
    "ncf": 1.6,
    "bpr-mf": 1.6,
}


def figures(suite: str, metric: str) -> dict[str, dict[int, float]]:
    """Return label -> split seed -> figure of every record that ended well."""
    found: dict[str, dict[int, float]] = {}
    for record in Store(BOARDS).records(suite):
        if record.status == "ok":
            value = record.metrics[metric].value
            found.setdefault(record.label, {})[record.split["seed"]] = value or 0.0
    return found


def mean_difference(label: str) -> float:
    """Return the mean over splits of a model's RMSE minus that of bias, paired."""
    table = figures("ml-100k/rating", "rmse")
    assert table[label].keys() == table["bias"].keys() == SEEDS
    return sum(table[label][s] - table["bias"][s] for s in SEEDS) / len(SEEDS)


def records() -> list[Record]:
    store = Store(BOARDS)
    return [r for suite in store.suites() for r in store.records(suite)]


@pytest.mark.parametrize(("label", "least"), RMSE_UNDER_BIAS.items())
def test_a_rating_model_beats_the_bias_by_its_floor(label: str, least: float) -> None:
    assert mean_difference(label) <= -least


def test_svd_with_the_defaults_of_surprise_beats_the_bias() -> None:
    table = figures("ml-100k/rating", "rmse")
    labels = [label for label in table if label.startswith("svd[")]

    assert len(labels) == 1
    assert mean_difference(labels[0]) <= -0.001


def test_the_best_rating_model_beats_the_bias_by_far() -> None:
    table = figures("ml-100k/rating", "rmse")
    whole = [label for label, runs in table.items() if runs.keys() == SEEDS]

    assert min(mean_difference(label) for label in whole) <= -0.035


@pytest.mark.parametrize(("label", "least"), NDCG_OVER_POPULAR.items())
def test_a_ranking_model_beats_the_popular_items_by_its_floor(
    label: str, least: float
) -> None:
    table = figures("ml-100k/top-n", "ndcg@10")
    assert table[label].keys() == table["most-popular"].keys() == SEEDS
    ours = sum(table[label].values())

    assert ours / sum(table["most-popular"].values()) >= least


def test_every_published_cell_ended_well_on_three_splits() -> None:
    by_row: dict[tuple[str, str], set[int]] = {}
    for record in records():
        apart = record.suite == "ml-100k/new-users" and record.status == "skipped"
        assert apart or record.status == "ok", f"{record.label}: {record.message}"
        row = (record.suite, record.label)
        by_row.setdefault(row, set()).add(record.split["seed"])

    assert {suite for suite, _ in by_row} == SUITES
    assert set(map(frozenset, by_row.values())) == {frozenset(SEEDS)}


def test_no_published_file_is_damaged() -> None:
    store = Store(BOARDS)

    assert [d for suite in store.suites() for d in store.damaged(suite)] == []
