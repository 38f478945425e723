"""What each split puts where, on tables small enough to check by hand or by loop."""

import numpy as np
import pytest
from toy_data import PARTS, SPECS, dataset, make, random_data


@pytest.mark.parametrize("name", SPECS)
def test_parts_are_disjoint_and_no_row_is_lost(name):
    data = random_data()
    params = {"fold": "u1"} if name == "fixed" else {}
    split = make(name, data, **params)
    rows = np.concatenate([getattr(split, part) for part in PARTS])

    assert len(np.unique(rows)) == len(rows)
    if name != "rolling-window":  # what comes after a window is in no part
        assert len(rows) == len(data.interactions)


RANDOM = {"random", "random-per-user", "k-fold", "surprise-k-fold"}


HELD_OUT = {"strong-generalisation", "cold-items", "cold-users"}


@pytest.mark.parametrize("name", sorted(RANDOM | HELD_OUT))
def test_another_seed_draws_other_rows_and_the_same_seed_the_same(name):
    data = random_data()

    assert make(name, data, seed=1).hash() == make(name, data, seed=1).hash()
    assert make(name, data, seed=1).hash() != make(name, data, seed=2).hash()


def test_random_draws_exactly_the_shares():
    split = make("random", random_data(1000), validation=0.15, test=0.15)

    assert [len(getattr(split, p)) for p in PARTS] == [700, 150, 150, 0]


def test_random_without_validation():
    split = make("random", random_data(1000), validation=0, test=0.2)

    assert [len(getattr(split, p)) for p in PARTS] == [800, 0, 200, 0]


def test_random_draws_every_row_equally_often():
    data = random_data(40)
    drawn = np.zeros(40)
    for seed in range(2000):
        drawn[make("random", data, seed=seed, test=0.25).test] += 1

    # 2,000 draws of a quarter: a standard deviation of 19 around 500
    assert np.abs(drawn - 500).max() < 4.5 * 19.4


def test_random_per_user_draws_the_share_of_each_user():
    counts = {0: 1, 1: 2, 2: 3, 3: 4, 4: 10, 5: 20}
    users = [u for u, n in counts.items() for _ in range(n)]
    data = dataset(users)
    split = make("random-per-user", data, validation=0.15, test=0.15)

    def sizes(part):
        return np.bincount(data.interactions.users[part], minlength=6).tolist()

    # halves up: .15 .3 .45 -> 0, .6 -> 1, 1.5 -> 2, 3 -> 3
    assert sizes(split.test) == [0, 0, 0, 1, 2, 3]
    assert sizes(split.validation) == [0, 0, 0, 1, 2, 3]


def test_random_per_user_always_leaves_one_for_training():
    users = [u for u in range(1, 9) for _ in range(u)]
    data = dataset(users)
    split = make("random-per-user", data, validation=0.45, test=0.5)

    trained = np.bincount(data.interactions.users[split.train], minlength=9)
    assert (trained[1:] >= 1).all()


def test_leave_last_out_goes_by_time_then_by_row():
    #        row 0  1  2  3  4  5  6  7  8
    users = [0, 0, 0, 0, 1, 1, 1, 2, 2]
    times = [9, 5, 7, 9, 1, 1, 1, 3, 4]
    split = make("leave-last-out", dataset(users, timestamps=times))

    assert split.test.tolist() == [3, 6]  # rows 0 and 3 tie: the later row is last
    assert split.validation.tolist() == [0, 5]
    assert split.train.tolist() == [1, 2, 4, 7, 8]  # user 2 has too few: stays whole


def test_leave_last_two_out_without_validation():
    users, times = [0, 0, 0, 1, 1], [1, 2, 3, 1, 2]
    split = make("leave-last-out", dataset(users, timestamps=times), n=2, validation=0)

    assert split.test.tolist() == [1, 2]
    assert split.train.tolist() == [0, 3, 4]


def test_global_time_puts_ties_at_the_border_on_the_later_side():
    times = [1, 2, 3, 4, 5, 5, 5, 6, 7, 8]
    data = dataset([0] * 10, timestamps=times)
    split = make("global-time", data, validation=0.2, test=0.4)

    assert split.test.tolist() == [4, 5, 6, 7, 8, 9]  # the fourth last is a 5
    assert split.validation.tolist() == [2, 3]
    assert split.train.tolist() == [0, 1]


def test_global_time_at_given_moments():
    data = dataset([0] * 6, timestamps=[10, 60, 20, 50, 30, 40])
    split = make("global-time", data, validation_from=30, test_from=50)

    assert split.train.tolist() == [0, 2]
    assert split.validation.tolist() == [4, 5]
    assert split.test.tolist() == [1, 3]


def test_nothing_in_training_is_as_late_as_a_test_event_of_global_time():
    data = random_data()
    split = make("global-time", data, validation=0.1, test=0.2)
    stamps = data.interactions.timestamps

    assert stamps[split.train].max() < stamps[split.validation].min()
    assert stamps[split.validation].max() < stamps[split.test].min()
    assert len(split.test) >= 200


def test_rolling_windows_follow_each_other_up_to_the_last_event():
    data = dataset([0] * 20, timestamps=list(range(20)))

    def window(w, **params):
        return make(
            "rolling-window",
            data,
            windows=2,
            window=w,
            test=0.2,
            validation=0.1,
            **params,
        )

    assert window(0).train.tolist() == list(range(10))
    assert window(0).validation.tolist() == [10, 11]
    assert window(0).test.tolist() == [12, 13, 14, 15]
    assert window(1).test.tolist() == [16, 17, 18, 19]
    assert window(1).train.tolist() == list(range(14))
    assert window(1, train=0.3).train.tolist() == [8, 9, 10, 11, 12, 13]


@pytest.mark.parametrize("name", ["k-fold", "surprise-k-fold"])
def test_folds_hold_every_row_once(name):
    data = random_data(103)
    folds = [make(name, data, k=4, fold=f).test for f in range(4)]

    assert sorted(np.concatenate(folds).tolist()) == list(range(103))
    assert max(map(len, folds)) - min(map(len, folds)) <= 1


def test_folds_validate_on_a_share_of_the_rest():
    split = make("k-fold", random_data(1000), k=5, fold=2, validation=0.25)

    assert [len(getattr(split, p)) for p in PARTS] == [600, 200, 200, 0]


@pytest.mark.parametrize("n", [100, 103])
def test_surprise_k_fold_is_that_of_surprise(n):
    import pandas as pd
    from surprise import Dataset as SurpriseData
    from surprise import Reader
    from surprise.model_selection import KFold

    frame = pd.DataFrame(
        {"user": np.arange(n), "item": np.arange(n), "rating": np.ones(n)}
    )
    theirs = SurpriseData.load_from_df(frame, Reader(rating_scale=(1, 5)))
    data = random_data(n)
    for fold, (_, test) in enumerate(KFold(5, random_state=0).split(theirs)):
        expected = sorted(int(user) for user, _, _ in test)

        assert make("surprise-k-fold", data, fold=fold).test.tolist() == expected


@pytest.mark.parametrize("by", ["random", "time"])
def test_strong_generalisation_holds_users_out_and_gives_their_past(by):
    data = random_data(1000, 50)
    table = data.interactions
    split = make("strong-generalisation", data, history=0.8, by=by, test=0.2)
    users = {p: set(table.users[getattr(split, p)].tolist()) for p in PARTS}

    assert len(users["test"]) == 10
    assert len(users["validation"]) == 5
    assert users["history"] == users["test"] | users["validation"]
    assert not users["train"] & users["history"]
    assert not users["test"] & users["validation"]
    counts = np.bincount(table.users)
    given = np.bincount(table.users[split.history], minlength=50)
    for user in users["history"]:
        wanted = np.clip(np.floor(0.8 * counts[user] + 0.5), 1, counts[user] - 1)
        assert given[user] == wanted
        if by == "time":
            mine = table.users == user
            rows = np.flatnonzero(mine)
            past = table.timestamps[np.intersect1d(rows, split.history)]
            assert (
                past.max() <= table.timestamps[np.setdiff1d(rows, split.history)].min()
            )


def test_strong_generalisation_never_holds_out_a_user_of_one_interaction():
    users = [*range(30), 30, 30, 31, 31, 32, 32]
    split = make("strong-generalisation", dataset(users), test=0.3, validation=0.3)

    assert (split.test >= 30).all()
    assert (split.train[:30] == np.arange(30)).all()


def test_a_fixed_fold_and_a_share_of_the_rest():
    data = random_data(1000)
    split = make("fixed", data, fold="u2", validation=0.1)

    assert split.test.tolist() == list(range(1, 1000, 5))
    assert len(split.validation) == 80
    assert len(split.train) == 720


def test_a_fixed_fold_with_a_published_validation_fold():
    split = make("fixed", random_data(1000), fold="u2", validation_fold="u1")

    assert split.validation.tolist() == list(range(0, 1000, 5))


def test_cold_items_leave_training_with_all_their_interactions():
    items = [0, 1, 2, 3, 4, 4, 4, 0, 1, 2]  # item 5 exists but has none
    data = dataset([0] * 10, items=[*items[:-1], 5])
    split = make("cold-items", data, seed=1, validation=0.2, test=0.4)
    table = data.interactions

    assert len(set(table.items[split.test])) == round(0.4 * 6)
    assert len(set(table.items[split.validation])) == round(0.2 * 6)
    assert not set(table.items[split.test]) & set(table.items[split.train])


def test_every_user_is_drawn_as_a_cold_one_equally_often():
    data = dataset(sorted(list(range(20)) * 3))
    drawn = np.zeros(20)
    for seed in range(2000):
        split = make("cold-users", data, seed=seed, validation=0, test=0.25)
        drawn[np.unique(data.interactions.users[split.test])] += 1

    assert np.abs(drawn - 500).max() < 4.5 * 19.4
