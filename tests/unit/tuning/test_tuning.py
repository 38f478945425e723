"""Searches: measured on validation alone, equal budgets, the same however they run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tuning_world
from tuning_world import WORLD

from recbench.errors import NothingRanError, UsageError
from recbench.splits.at_random import random
from recbench.tuning.trial import Trials


def essence(trials):
    """Return what must be equal between two ways to run a search."""
    return {
        label: [(t.number, t.params, t.status, t.value) for t in found]
        for label, found in trials.items()
    }


def test_the_figure_of_a_trial_is_the_error_on_validation(tune, stored, tmp_path):
    tune("tiny/rating", models=["constant"], trials=3, seeds=(0, 1))

    data = tuning_world.table(None)
    ratings = data.interactions.ratings.astype(float)
    [trials] = stored(tmp_path, "tiny/rating").values()
    for trial in trials:
        expected = []
        for seed in (0, 1):
            held = ratings[random(data, seed=seed).validation]
            expected.append(np.sqrt(np.mean((held - trial.params["level"]) ** 2)))
        if trial.value is not None:
            np.testing.assert_allclose(
                [trial.values["0"], trial.values["1"]], expected, rtol=1e-6
            )
            assert trial.value == pytest.approx(np.mean(expected), rel=1e-6)
    assert any(trial.value is not None for trial in trials)


def test_rankings_are_measured_against_validation_items_that_may_be_listed(
    tune, stored, tmp_path
):
    tune("tiny/top-n", models=["fixed"], trials=3)

    [[trial]] = stored(tmp_path, "tiny/top-n").values()
    data = tuning_world.table(None)
    t, split = data.interactions, random(data, seed=0)
    train = set(zip(t.users[split.train], t.items[split.train], strict=True))
    known = set(t.items[split.train])
    liked: dict[int, set[int]] = {}
    for row in split.validation:
        if t.ratings[row] >= 4:
            liked.setdefault(t.users[row], set()).add(t.items[row])
    scores = np.random.default_rng(1).random((t.n_users, t.n_items), np.float32)
    values = []
    for user, wanted in liked.items():
        open_ = [i for i in known if (user, i) not in train]
        top = sorted(open_, key=lambda i: -scores[user, i])[:10]
        gain = sum(1 / np.log2(r + 2) for r, i in enumerate(top) if i in wanted)
        ideal = sum(1 / np.log2(r + 2) for r in range(min(10, len(wanted))))
        values.append(gain / ideal)
    assert trial.value == pytest.approx(np.mean(values), rel=1e-9)


def test_no_trial_changes_when_the_test_labels_do(tune, stored, tmp_path):
    models = ["constant", "shaped", "bias", "item-knn"]
    for name in ("tiny", "twisted"):
        tune(f"{name}/rating", f"{name}/top-n", models=models, trials=3, jobs=2)

    for task in ("rating", "top-n"):
        one, other = (stored(tmp_path, f"{n}/{task}") for n in ("tiny", "twisted"))
        assert essence(one) == essence(other)
        fingerprints = {t[0].setup["dataset"] for t in (*one.values(), *other.values())}
        assert len(fingerprints) == 2  # the labels did change


def test_searches_side_by_side_make_the_same_trials_as_one_by_one(
    tune, stored, tmp_path
):
    for jobs in (1, 3):
        out = tmp_path / str(jobs)
        models = ["bias", "constant", "svd"]
        tune("tiny/rating", models=models, trials=4, jobs=jobs, out=out)

    one, three = (stored(tmp_path / str(jobs), "tiny/rating") for jobs in (1, 3))
    assert essence(one) == essence(three)


def test_a_search_that_is_given_more_trials_goes_on_as_if_it_had_never_stopped(
    tune, stored, tmp_path
):
    tune("tiny/rating", models=["constant"], trials=2, out=tmp_path / "parts")
    tune("tiny/rating", models=["constant"], trials=7, out=tmp_path / "parts")
    tune("tiny/rating", models=["constant"], trials=7, out=tmp_path / "whole")

    parts, whole = (
        stored(tmp_path / name, "tiny/rating") for name in ("parts", "whole")
    )
    assert essence(parts) == essence(whole)
    assert len(list((tmp_path / "parts").rglob("tuning/*/*.json"))) == 7  # none twice


def test_a_killed_search_keeps_its_trials_and_resumes(tune, stored, tmp_path):
    code = "from recbench.cli.main import main; main()"
    args = ["tune", "tiny/rating", "-m", "constant[pause=0.3]", "--trials", "4"]
    args += ["--jobs", "1", "-p", WORLD, "--out", str(tmp_path / "killed")]
    running = subprocess.Popen(
        [sys.executable, "-c", code, *args],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    folder, limit = tmp_path / "killed", time.monotonic() + 120
    while not list(folder.rglob("tuning/*/*.json")) and time.monotonic() < limit:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    [before] = Trials(folder).studies("tiny/rating").values()

    tune("tiny/rating", models=["constant[pause=0.3]"], trials=4, out=folder)
    tune("tiny/rating", models=["constant[pause=0.3]"], trials=4)

    assert 1 <= len(before) < 4
    resumed, whole = stored(folder, "tiny/rating"), stored(tmp_path, "tiny/rating")
    assert essence(resumed) == essence(whole)
    assert next(iter(resumed.values()))[: len(before)] == before


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path):
    code = "from recbench.cli.main import main; main()"
    args = ["tune", "tiny/rating", "-m", "constant[pause=0.3]", "--trials", "40"]
    args += ["--jobs", "1", "-p", WORLD, "--out", str(tmp_path)]
    running = subprocess.Popen(
        [sys.executable, "-c", code, *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    limit = time.monotonic() + 120
    while not list(tmp_path.rglob("tuning/*/*.json")) and time.monotonic() < limit:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)

    [trials] = Trials(tmp_path).studies("tiny/rating").values()
    assert running.returncode == 130
    assert "resumes where it stopped" in err
    assert "constant[pause=0.3]" in out
    assert all(trial.status != "interrupted" for trial in trials)
    assert (tmp_path / "tiny/rating/tuning/best.json").is_file()


def test_the_first_trial_has_the_defaults_and_what_is_given_stays(
    tune, stored, tmp_path
):
    tune("tiny/rating", models=["constant", "constant[level=3.5]", "svd"], trials=2)

    found = stored(tmp_path, "tiny/rating")
    assert found["constant"][0].params == {"level": 2.0, "pause": 0.0}
    assert found["constant"][1].params["level"] != 2.0
    assert found["svd"][0].params["learning_rate"] == 0.01
    [only] = found["constant[level=3.5]"]  # nothing is left to search
    assert only.params["level"] == 3.5


def test_a_failed_trial_is_stored_and_used_up_its_part_of_the_budget(
    tune, stored, tmp_path
):
    done = tune("tiny/rating", models=["constant"], trials=8, sampler="random")

    [trials] = stored(tmp_path, "tiny/rating").values()
    failed = [t for t in trials if t.params["level"] < 1.8]
    assert len(trials) == 8
    assert failed
    assert all(t.status == "failed" and t.value is None for t in failed)
    assert "no level below 1.8" in failed[0].message
    assert done.exit_code == 0


def test_a_search_without_any_good_trial_is_a_failure(tune):
    done = tune("tiny/rating", models=["constant[level=1]"], trials=3)

    assert done.exit_code == 1


def test_a_plugin_that_changes_under_a_search_ends_it_and_spoils_no_trial(
    tune, stored, tmp_path
):
    own = tmp_path / "own_world.py"
    own.write_text(Path(WORLD).read_text(encoding="utf-8"), encoding="utf-8")

    def change(line: str) -> None:
        if "trial 2" in line:
            own.write_text(own.read_text(encoding="utf-8") + "\n", encoding="utf-8")

    done = tune(
        "tiny/rating", models=["constant"], trials=5, plugins=[str(own)], log=change
    )

    [trials] = stored(tmp_path, "tiny/rating").values()
    [study] = done.studies
    assert "changed after the run was planned" in study.ended
    assert done.exit_code == 1
    assert [t.status for t in trials] == ["ok", "ok"]


def test_a_space_that_is_used_up_ends_its_search(tune, stored, tmp_path):
    done = tune("tiny/top-n", models=["shaped", "fixed"], trials=20)

    found = stored(tmp_path, "tiny/top-n")
    shapes = {(tuple(t.params["hidden"]), t.params["wide"]) for t in found["shaped"]}
    assert len(shapes) == len(found["shaped"]) == 6
    assert len(found["fixed"]) == 1
    ended = {study.cell.label: study.ended for study in done.studies}
    assert "all there is was tried" in ended["shaped"]
    assert ended["fixed"] == "nothing to tune"


def test_minutes_cap_each_model_and_what_they_cut_is_kept(tune, stored, tmp_path):
    slow = {"models": ["constant[pause=0.8]", "bias"], "trials": 5}
    tune("tiny/rating", minutes=2.5 / 60, **slow)

    found = stored(tmp_path, "tiny/rating")
    trials = found["constant[pause=0.8]"]
    last = trials[-1]
    assert len(trials) < 5
    assert last.cut is not None
    assert (last.status, last.value) == ("timeout", None)
    assert sum(t.seconds["total"] for t in trials) < 2.5 + 3.5  # the grace to stop
    assert len(found["bias"]) == 5  # its neighbour had its own minutes

    tune("tiny/rating", minutes=1, **slow)

    [*_, again] = stored(tmp_path, "tiny/rating")["constant[pause=0.8]"]
    assert again.number == 4
    assert all(
        t.cut is None for t in stored(tmp_path, "tiny/rating")["constant[pause=0.8]"]
    )


def test_a_suite_that_refits_is_tuned_before_the_refit(tune, stored, tmp_path):
    tune("tiny/refitted", "tiny/rating", models=["bias"], trials=2)

    one, other = (stored(tmp_path, f"tiny/{n}")["bias"] for n in ("refitted", "rating"))
    assert [t.value for t in one] == [t.value for t in other]
    assert one[0].setup["protocol"] != other[0].setup["protocol"]


@pytest.mark.parametrize(
    ("suites", "chosen", "message"),
    [
        pytest.param((), {"trials": 3}, "say what to tune on", id="no suite"),
        pytest.param(("tiny/rating",), {}, "--trials N, --minutes M", id="no budget"),
        pytest.param(
            ("tiny/rating",), {"trials": 0}, "more than 0", id="an empty budget"
        ),
        pytest.param(
            ("tiny/bare",), {"trials": 3}, "no validation part", id="no validation"
        ),
        pytest.param(
            ("tiny/rating",),
            {"trials": 3, "models": ["fixed"]},
            "fits none of",
            id="a model of another task",
        ),
        pytest.param(
            ("tinny/rating",), {"trials": 3}, "did you mean", id="an unknown suite"
        ),
    ],
)
def test_a_request_that_cannot_be_made(tune, tmp_path, suites, chosen, message):
    with pytest.raises(UsageError, match=message):
        tune(*suites, **chosen)

    assert not list(tmp_path.rglob("*.json"))


def test_models_that_lack_something_are_skipped_by_name(tune):
    with pytest.raises(NothingRanError, match="nothing to tune"):
        tune("sample-implicit/top-n", models=["svd"], trials=1)


def test_a_damaged_trial_is_named_and_made_again(tune, stored, tmp_path):
    tune("tiny/rating", models=["constant"], trials=3)
    whole = essence(stored(tmp_path, "tiny/rating"))
    [path] = [
        p for p in tmp_path.rglob("tuning/*/*.json") if b'"number":1,' in p.read_bytes()
    ]
    path.write_bytes(path.read_bytes()[:-40])

    lines: list[str] = []
    tune("tiny/rating", models=["constant"], trials=3, log=lines.append)

    assert any(f"left out: {path}" in line for line in lines)
    path.unlink()
    assert essence(stored(tmp_path, "tiny/rating")) == whole


def test_trials_can_be_made_again(tune, tmp_path):
    for _ in range(2):
        tune("tiny/rating", models=["constant"], trials=2, resume=False)

    assert len(list(Path(tmp_path).rglob("tuning/*/*.json"))) == 4
    [trials] = Trials(tmp_path).studies("tiny/rating").values()
    assert [t.number for t in trials] == [0, 1]
