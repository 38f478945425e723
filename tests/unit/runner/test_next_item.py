"""What a next-item suite asks, tells and measures, against plain loops."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recbench.datasets.dataset import Dataset
from recbench.errors import UsageError
from recbench.evaluation import scoring
from recbench.interactions import Interactions
from recbench.metrics.builtin import recbench_metrics
from recbench.runner import asking, collect
from recbench.runner import view as views
from recbench.runner.prepare import prepare
from recbench.runner.targets import asked
from recbench.splits.builtin import recbench_splits
from recbench.suites import next_item_suite

SPLITS = {spec.name: spec for spec in recbench_splits()}
METRICS = {spec.name: spec for spec in recbench_metrics()}
TIME = "global-time"


def data(users, items, times):
    table = Interactions(
        users=np.array(users, dtype=np.int32),
        items=np.array(items, dtype=np.int32),
        timestamps=np.array(times, dtype=np.int64),
        n_users=max(users) + 1,
        n_items=max(items) + 1,
    )
    return Dataset(
        name="toy",
        interactions=table,
        user_ids=np.arange(table.n_users),
        item_ids=np.arange(table.n_items),
        values="none",
    )


def random_data(seed, n=300, n_users=20, n_items=15, moments=60):
    rng = np.random.default_rng(seed)
    users = rng.integers(0, n_users, n)
    return data(
        users.tolist(),
        rng.integers(0, n_items, n).tolist(),
        rng.integers(0, moments, n).tolist(),
    )


def chain(n_users=12, n_items=10, length=6):
    """User ``u`` has the items ``u, u + 1, ...``, one a day, all users at once."""
    steps = np.arange(length)
    users = np.repeat(np.arange(n_users), length)
    items = (np.arange(n_users)[:, None] + steps).ravel() % n_items
    return data(users.tolist(), items.tolist(), np.tile(steps, n_users).tolist())


def prepared(dataset, split="leave-last-out", *, repeats=True, **params):
    suite = next_item_suite("toy", split="leave-last-out", repeats=repeats)
    protocol = replace(suite.protocol, split=split, split_params=params, k=5)
    return prepare(dataset, "", replace(suite, protocol=protocol), SPLITS, seed=0)


def events_of(table, user):
    """The user's rows of the whole table by time, then row."""
    rows = [r for r in range(len(table)) if table.users[r] == user]
    return sorted(rows, key=lambda r: (table.timestamps[r], r))


def histories(queries):
    bounds = zip(queries.offsets[:-1], queries.offsets[1:], strict=True)
    return [queries.items[low:high].tolist() for low, high in bounds]


class NextInChain:
    """The item after the last one known, by code; it learns nothing."""

    def fit(self, train, context):
        self.n_items = train.n_items

    def score_queries(self, queries):
        scores = np.zeros((len(queries), self.n_items), dtype=np.float32)
        for row, items in enumerate(histories(queries)):
            if items:
                scores[row, (items[-1] + 1) % self.n_items] = 1
        return scores


class Stale(NextInChain):
    """The same with a ``score`` that knows training only, and is wrong by one."""

    def fit(self, train, context):
        super().fit(train, context)
        self.train = train

    def score(self, users):
        scores = np.zeros((len(users), self.n_items), dtype=np.float32)
        for row, user in enumerate(users):
            last = events_of(self.train, user)[-1]
            scores[row, (self.train.items[last] + 1) % self.n_items] = 1
        return scores


def figure_of(model, part, tmp_path, metric="hit-rate@1"):
    """Fit, ask and measure as parent and child do, over the files between them."""
    folder = tmp_path / "view"
    views.write(part.view, folder)
    questions = views.take_questions(folder)
    seen_by_model = views.read(folder)
    assert len(seen_by_model.ask_users) == len(seen_by_model.ask_times) == 0
    model.fit(seen_by_model.train, None)
    (tmp_path / "questions.npz").write_bytes(questions)
    own = views.answerable(views.read(folder), tmp_path / "questions.npz")
    asking.write_output(tmp_path / "out", model, own)
    scored = collect.score(tmp_path / "out", part, [metric], METRICS)
    return scored.figures[metric].value


@pytest.mark.parametrize("split", ["leave-last-out", TIME])
@given(seed=st.integers(0, 10_000))
def test_the_first_held_out_event_is_asked_for_given_all_that_came_before(split, seed):
    dataset = random_data(seed)
    table = dataset.interactions
    part = prepared(dataset, split)
    cut = None
    if split == TIME:
        cut = part.view.validation.timestamps.max()

    queries = part.view.asked()

    for row, user in enumerate(part.view.ask_users):
        events = events_of(table, user)
        if cut is None:
            place = len(events) - 1
        else:
            place = next(i for i, r in enumerate(events) if table.timestamps[r] > cut)
        low, high = queries.offsets[row], queries.offsets[row + 1]
        assert queries.items[low:high].tolist() == table.items[events[:place]].tolist()
        assert queries.times[row] == table.timestamps[events[place]]
        mine = part.test.users == user
        assert part.test.items[mine].tolist() == [table.items[events[place]]]
    assert len(part.test) == len(part.view.ask_users)
    if cut is None:
        wanted = [u for u in range(20) if len(events_of(table, u)) >= 3]
    else:
        wanted = np.unique(table.users[table.timestamps > cut]).tolist()
    assert part.view.ask_users.tolist() == wanted


@given(seed=st.integers(0, 10_000))
def test_no_history_holds_an_event_after_the_moment_of_prediction(seed):
    part = prepared(random_data(seed), TIME)

    queries = part.view.asked()

    owners = np.repeat(np.arange(len(queries)), np.diff(queries.offsets))
    assert (queries.timestamps < queries.times[owners]).all()
    assert part.view.train.timestamps.max() < queries.times.min()


def test_users_who_come_after_the_moment_are_queries_without_a_past():
    dataset = data([0] * 8 + [1, 1], [0, 1] * 5, [*range(8), 20, 21])

    part = prepared(dataset, TIME, test=0.2, validation=0.1)

    assert part.view.ask_users.tolist() == [1]
    assert part.view.asked().users.tolist() == [-1]
    assert histories(part.view.asked()) == [[]]
    assert part.view.asked().times.tolist() == [20]


def test_validation_is_asked_given_training_events_only():
    part = prepared(chain())
    wanted = asked("next-item", part.view.validation, None)

    queries = part.view.queries(wanted.users, wanted.times, final=False)

    assert histories(queries) == [[(u + s) % 10 for s in range(4)] for u in range(12)]
    assert queries.times.tolist() == [4] * 12


def test_the_final_history_ends_with_the_validation_event(tmp_path):
    part = prepared(chain())

    assert figure_of(NextInChain(), part, tmp_path) == 1.0


def test_the_same_model_is_right_on_validation_too():
    part = prepared(chain())
    model = NextInChain()
    model.fit(part.view.train, None)

    validate = asking.validator(part.view, "hit-rate@1", METRICS)

    assert validate(model) == 1.0


def test_score_queries_goes_before_a_score_that_knows_training_only(tmp_path):
    part = prepared(chain())

    assert figure_of(Stale(), part, tmp_path) == 1.0


def test_a_model_with_score_alone_enters_with_what_training_told_it(tmp_path):
    part = prepared(chain())
    model = Stale()
    model.score_queries = None

    assert figure_of(model, part, tmp_path) == 0.0


def test_other_tasks_still_prefer_score():
    part = prepared(chain())
    model = Stale()
    model.fit(part.view.train, None)
    users = part.view.ask_users

    lists, _ = scoring.rank(
        model, users, part.view.rules(final=True), part.view.asked()
    )

    train = part.view.train
    last = [train.items[events_of(train, u)[-1]] for u in users]
    assert lists[:, 0].tolist() == [(item + 1) % 10 for item in last]


def test_repeats_are_found_only_where_the_suite_allows_them(tmp_path):
    dataset = data([0] * 6 + [1] * 6, [0, 1, 2, 3, 4, 0] * 2, [*range(6)] * 2)
    allowed = prepared(dataset, repeats=True)
    assert allowed.view.rules(final=True).seen is None

    class First(NextInChain):
        def score_queries(self, queries):
            scores = np.zeros((len(queries), self.n_items), dtype=np.float32)
            scores[:, 0] = 1
            return scores

    assert figure_of(First(), allowed, tmp_path) == 1.0


def test_without_repeats_a_list_holds_nothing_of_the_history(tmp_path):
    part = prepared(random_data(4, n=120, n_items=30), repeats=False)
    model = NextInChain()
    model.fit(part.view.train, None)

    asking.write_output(tmp_path / "out", model, part.view)

    lists = np.load(tmp_path / "out" / "lists.npy")
    for row, items in enumerate(histories(part.view.asked())):
        assert not set(lists[row].tolist()) & set(items)


def test_without_repeats_every_item_stands_once_in_a_history():
    part = prepared(random_data(5), repeats=False)

    for items, truth in zip(
        histories(part.view.asked()), part.test.items.tolist(), strict=False
    ):
        assert len(items) == len(set(items))
        assert part.test.n_items > truth


@pytest.mark.parametrize("split", ["random", "k-fold"])
def test_a_split_that_hides_the_past_is_refused_by_name(split):
    with pytest.raises(UsageError, match=rf"'{split}' puts \d+ events .* later than"):
        prepared(random_data(1), split)


def test_leakage_is_that_of_the_events_asked_for():
    dataset = random_data(3)
    last_out = prepared(dataset).split["leakage"]
    by_time = prepared(dataset, TIME).split["leakage"]

    assert last_out["train_after_own_test"]["count"] == 0
    assert last_out["train_after_any_test"]["count"] > 0
    assert by_time["train_after_any_test"]["count"] == 0
    assert by_time["cold_events"]["count"] <= len(prepared(dataset, TIME).test)


def test_moments_are_absent_where_there_are_no_timestamps():
    table = replace(random_data(0).interactions, timestamps=None)

    wanted = asked("next-item", table, None)

    first = [np.flatnonzero(table.users == u)[0] for u in wanted.users]
    assert len(wanted.times) == 0
    assert wanted.truth.items.tolist() == table.items[np.sort(first)].tolist()
