"""The data sets behind published figures."""

import numpy as np
import pytest

from recbench.claims.loaders import movielens, orders, others, tables
from recbench.claims.published import SETS, recbench_datasets
from recbench.datasets.dataset import DataContext
from recbench.errors import DataError


@pytest.fixture
def context(tmp_path):
    return DataContext(cache=tmp_path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RECBENCH_SHARED_DATA", str(tmp_path))
    (tmp_path / "amazon-s3rec").mkdir()
    return tmp_path


def raw(data, rows):
    table = data.interactions
    users, items = data.user_ids[table.users[rows]], data.item_ids[table.items[rows]]
    return list(zip(users.tolist(), items.tolist(), strict=True))


def test_without_the_folder_the_file_is_named(monkeypatch, context):
    monkeypatch.delenv("RECBENCH_SHARED_DATA", raising=False)
    with pytest.raises(DataError, match=r"gowalla/train.txt .* is not set"):
        others.gowalla(context)


def test_a_file_that_is_not_below_the_folder_is_named(folder, context):
    with pytest.raises(DataError, match=r"u.data, which is not below"):
        orders.surprise_hundred(context)


def test_every_offered_loader_exists():
    from recbench.plugins import resolve

    for spec in recbench_datasets():
        assert callable(resolve(f"recbench.claims.loaders.{spec.load.where}"))
    assert len({name for name, *_ in SETS}) == len(SETS)


def test_the_last_and_the_one_before_it_are_folds():
    users = np.array([7, 7, 3, 7, 3, 9])
    items = np.array([1, 2, 1, 3, 2, 5])

    data = tables.last_out("toy", users, items)

    assert raw(data, data.folds["last"]) == [(7, 3), (3, 2), (9, 5)]
    assert raw(data, data.folds["before-last"]) == [(7, 2), (3, 1)]


def test_the_leak_counts_test_items_for_users_that_nobody_is(folder, context):
    (folder / "amazon-s3rec" / "Beauty.txt").write_text("1 10 11 12\n2 10 12\n")

    clean = others.s3rec_beauty(context)
    leaky = others.s3rec_beauty_leaky(context)

    assert raw(leaky, leaky.folds["last"]) == raw(clean, clean.folds["last"])
    train = np.setdiff1d(np.arange(len(leaky.interactions)), leaky.folds["last"])
    assert raw(leaky, train) == [(1, 10), (1, 11), (2, 10), (3, 12), (4, 12)]


@pytest.mark.data
def test_surprise_would_train_on_the_same_rows_in_the_same_order(shared, context):
    from surprise import Dataset, Reader
    from surprise.model_selection import KFold

    reader = Reader("ml-100k")
    ratings = Dataset.load_from_file(str(shared / "ml-100k" / "u.data"), reader)
    data = orders.surprise_hundred(context)

    folds = KFold(n_splits=5, random_state=0).split(ratings)
    for number, (trainset, testset) in enumerate(folds):
        test = data.folds[str(number)]
        train = np.setdiff1d(np.arange(100_000), test)
        wanted = [
            (int(trainset.to_raw_uid(u)), int(trainset.to_raw_iid(i)))
            for u, i, _ in trainset.all_ratings()
        ]
        # Surprise goes user by user, in the order in which they appear
        found = raw(data, train)
        first = {user: n for n, (user, _) in reversed(list(enumerate(found)))}
        assert sorted(found, key=lambda pair: first[pair[0]]) == wanted
        assert raw(data, test) == [(int(u), int(i)) for u, i, _ in testset]


@pytest.mark.data
def test_ncf_has_one_test_item_and_99_negatives_for_everybody(shared, context):
    data = movielens.ncf(context)
    candidates = movielens.ncf_candidates(data)
    table, test = data.interactions, data.folds["test"]

    assert len(test) == 6040
    assert len(table) == 1_000_209
    assert candidates.items.shape == (6040, 100)
    held_out = dict(
        zip(table.users[test].tolist(), table.items[test].tolist(), strict=True)
    )
    assert held_out == dict(
        zip(candidates.users.tolist(), candidates.items[:, 0].tolist(), strict=True)
    )
    again = (candidates.items[:, 1:] == candidates.items[:, :1]).any(axis=1)
    assert again.sum() == 156


@pytest.mark.data
def test_the_split_of_recommenders_has_its_sizes(shared, context):
    data = orders.recommenders(context)

    assert len(data.folds["test"]) == 24_934
    counts = np.bincount(data.interactions.items)
    held = np.bincount(
        data.interactions.items[data.folds["test"]], minlength=len(counts)
    )
    assert np.abs(held - counts / 4).max() <= 0.5


@pytest.mark.data
def test_cornac_tests_nothing_that_training_lacks(shared, context):
    data = orders.cornac(context)
    table, test = data.interactions, data.folds["test"]
    train = np.setdiff1d(np.arange(len(table)), test)

    assert len(train) == 80_000
    assert np.isin(table.items[test], table.items[train]).all()


@pytest.mark.data
def test_warprec_holds_out_the_last_tenth_of_nearly_everybody(shared, context):
    data = movielens.warprec(context)
    counts = np.bincount(data.interactions.users)
    held = np.bincount(data.interactions.users[data.folds["test"]])

    assert held.sum() == 102_732
    # the published file itself holds out less than a tenth of 20 users
    assert (held < np.ceil(counts / 10)).sum() == 20
    assert (held <= np.ceil(counts / 10)).all()
