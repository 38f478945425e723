"""What a search is said to have found and been granted, from its trials alone."""

import pytest

from recbench.tuning.best import best_of, current, ending, granted
from recbench.tuning.trial import Trial


def trial(number, value=None, *, seconds=10.0, most=4, minutes=1.0, **changed):
    fields = {
        "study": "s",
        "setup": {"space": {"reg": [0.0, 1.0]}},
        "suite": "tiny/rating",
        "task": "rating",
        "dataset": "tiny",
        "model": "toy",
        "label": "toy",
        "plugin": {},
        "number": number,
        "params": {"reg": number / 10},
        "status": "ok" if value is not None else "failed",
        "metric": "rmse",
        "maximize": False,
        "value": value,
        "seconds": {"total": seconds},
        "budget": {"trials": most, "minutes": minutes},
        "started": f"2026-01-01T00:00:0{number}",
    }
    return Trial(**(fields | changed))


def test_the_first_among_equals_is_the_best_so_that_defaults_win_ties():
    found = [trial(0, 2.0), trial(1, 1.0), trial(2, 1.0), trial(3)]

    assert best_of(found).number == 1
    assert best_of([trial(0, 1.0, maximize=True), trial(1, 1.0)]).number == 0
    assert best_of([trial(0), trial(1)]) is None


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        pytest.param([trial(n, 1.0) for n in range(4)], "", id="all trials made"),
        pytest.param([trial(0, 1.0)], "", id="time is left"),
        pytest.param(
            [trial(0, 1.0, seconds=70.0)],
            "cut at 1 min: 1 of 4 trials",
            id="time is up",
        ),
        pytest.param(
            [trial(0, 1.0), trial(1, None, cut=50.0, seconds=51.0)],
            "cut at 1 min: 2 of 4 trials, the last unfinished",
            id="time ran out in the middle of a trial",
        ),
        pytest.param(
            [trial(0, 1.0, seconds=70.0, most=None)],
            "",
            id="minutes alone were granted",
        ),
        pytest.param(
            [trial(n, 1.0, seconds=30.0) for n in range(4)],
            "",
            id="the last trial ended over time",
        ),
    ],
)
def test_what_time_cut_off_is_said(trials, expected):
    assert ending(trials) == expected


def test_a_finished_search_had_the_minutes_that_slower_ones_were_given():
    quick = [trial(n, 1.0) for n in range(4)]
    slow = [trial(0, 1.0, seconds=50.0), trial(1, 1.0, seconds=80.0, minutes=3.0)]
    cut = [trial(0, 1.0, seconds=90.0)]
    short = [trial(n, 1.0, most=2, minutes=9.0) for n in range(2)]
    bare = [trial(0, 1.0, setup={"space": {}})]
    searches = [quick, slow, cut, short, bare]

    assert granted(quick, searches) == {"trials": 4, "minutes": 3.0}
    assert granted(bare, searches) == {"trials": 4, "minutes": 3.0}
    assert granted(cut, searches) == {"trials": 4, "minutes": 1.0}
    assert granted(short, searches) == {"trials": 2, "minutes": 9.0}
    endless = [*searches, [trial(0, 1.0, minutes=None)]]
    assert granted(quick, endless) == {"trials": 4, "minutes": None}


def test_the_newest_search_of_a_model_is_the_one_shown():
    old = [trial(n, 1.0, study="old") for n in range(3)]
    new = [trial(5, 2.0, study="new")]

    assert current({"old": old, "new": new, "none": []}) == [new]
