"""Leaks planted into the harness, each heard by the canary that looks there."""

import dataclasses
import json

import numpy as np
import pytest

from recbench import plugins
from recbench.audit.canaries import cheaters, run, shuffled, trials, ways
from recbench.audit.canaries.planted import Order
from recbench.features import Categories, Features, Numbers

pytestmark = pytest.mark.slow


@pytest.fixture
def catalogue():
    return trials.with_canary(plugins.load())


@pytest.fixture
def sent(catalogue, tmp_path):
    """Return a function that sends canaries and returns their verdicts by channel."""

    def send(*ranking, rating=(), **options):
        songs = cheaters.cheaters(
            options.pop("catalogue", catalogue),
            tmp_path / "out",
            entropy=11,
            log=print,
            ranking=ranking,
            rating=rating,
            **options,
        )
        return {(s.task, s.name): s for s in songs}

    return send


def counts_of(part):
    """Return how often each item is tested: what a leak may give away."""
    return np.bincount(part.test.items, minlength=part.test.n_items)


def first_test_item(part):
    """Return one test item of each user, -1 where there is none."""
    items = np.full(part.test.n_users, -1, dtype=np.int64)
    items[part.test.users] = part.test.items
    return items


def with_train(part, **columns):
    view = dataclasses.replace(
        part.view, train=dataclasses.replace(part.view.train, **columns)
    )
    return dataclasses.replace(part, view=view)


def numeric_item_feature(part):
    values = Numbers(values=counts_of(part).astype(np.float32))
    return with_train(part, item_features=Features(columns={"price": values}))


def category_of_items(part):
    counts = counts_of(part)
    codes = np.searchsorted(np.quantile(counts, [0.25, 0.5, 0.75]), counts)
    codes = codes.astype(np.int32)
    column = Categories(
        offsets=np.arange(len(codes) + 1, dtype=np.int64),
        codes=codes,
        names=np.array(["a", "b", "c", "d"]),
    )
    return with_train(part, item_features=Features(columns={"genre": column}))


def numeric_user_feature(part):
    values = Numbers(values=first_test_item(part).astype(np.float32))
    return with_train(part, user_features=Features(columns={"zip": values}))


def order_of_rows(part):
    order = np.argsort(-counts_of(part)[part.view.train.items], kind="stable")
    view = dataclasses.replace(part.view, train=part.view.train.take(order))
    return dataclasses.replace(part, view=view)


def neighbouring_rows(part):
    """Order the rows so that a user's test item stands under the user's last row."""
    train, wanted = part.view.train, first_test_item(part)
    rng = np.random.default_rng(0)
    left = {
        i: list(rng.permutation(np.flatnonzero(train.items == i))) for i in range(120)
    }
    used: set[int] = set()
    order: list[int] = []
    for row in rng.permutation(len(train)).tolist():
        if row in used:
            continue
        used.add(row)
        order.append(row)
        pool = left.get(int(wanted[train.users[row]]), [])
        while pool and pool[-1] in used:
            pool.pop()
        if pool:
            used.add(pool[-1])
            order.append(pool.pop())
    view = dataclasses.replace(part.view, train=train.take(np.array(order)))
    return dataclasses.replace(part, view=view)


def times_of_items(part):
    stamps = 1000 * counts_of(part)[part.view.train.items]
    return with_train(part, timestamps=stamps.astype(np.int64))


def gaps_in_time(part):
    """Give each item a time, and every user a gap where the test item's time is."""
    train, wanted = part.view.train, first_test_item(part)
    stamps = train.items.astype(np.int64) * 1000
    distance = np.abs(train.items - wanted[train.users])
    far = distance > 12
    # events near the gap move away from it
    side = np.where(train.items > wanted[train.users], 1, -1)
    stamps = np.where(far, stamps, stamps + side * 12_000)
    return with_train(part, timestamps=stamps)


def codes_of_items(part):
    """Number items by how often they are tested."""
    new = np.argsort(np.argsort(-counts_of(part), kind="stable")).astype(np.int32)

    def renamed(table):
        return dataclasses.replace(table, items=new[table.items])

    view = dataclasses.replace(
        part.view,
        train=renamed(part.view.train),
        validation=renamed(part.view.validation),
    )
    return dataclasses.replace(part, view=view, test=renamed(part.test))


def tie_keys(part):
    keys = (100 - counts_of(part)).astype(np.uint64)
    return dataclasses.replace(part, view=dataclasses.replace(part.view, keys=keys))


def order_of_users(part):
    users = part.view.ask_users
    asked = users[np.argsort(first_test_item(part)[users], kind="stable")]
    view = dataclasses.replace(part.view, ask_users=asked)
    return dataclasses.replace(part, view=view)


LEAKS = {
    "item-features": numeric_item_feature,
    "user-features": numeric_user_feature,
    "row-order": order_of_rows,
    "row-neighbours": neighbouring_rows,
    "timestamps": times_of_items,
    "time-gaps": gaps_in_time,
    "codes": codes_of_items,
    "ties": tie_keys,
    "questions": order_of_users,
}


@pytest.mark.parametrize("channel", LEAKS)
def test_a_leak_in_what_models_are_handed(sent, channel):
    song = sent(channel, spoil=LEAKS[channel])["top-n", channel]

    assert song.verdict == "sings", song


def test_a_leak_in_a_category_of_items(sent):
    assert sent("item-features", spoil=category_of_items)[
        "top-n", "item-features"
    ].sings


def test_a_leak_that_turns_lists_upside_down(sent):
    def reversed_ties(part):
        keys = counts_of(part).astype(np.uint64)
        return dataclasses.replace(part, view=dataclasses.replace(part.view, keys=keys))

    song = sent("ties", spoil=reversed_ties)["top-n", "ties"]
    assert song.sings
    assert song.z < 0


def test_users_and_items_numbered_alike(sent):
    def alike(part):
        """Move every user's first test item to the place of the user's code."""
        wanted = np.arange(part.test.n_users) * part.test.n_items // part.test.n_users
        items = part.test.items.copy()
        _, first = np.unique(part.test.users, return_index=True)
        items[first] = wanted[part.test.users[first]]
        return dataclasses.replace(
            part, test=dataclasses.replace(part.test, items=items.astype(np.int32))
        )

    assert sent("codes-near", spoil=alike)["top-n", "codes-near"].sings


def test_a_sorted_table_and_a_public_seed(sent):
    """No fault of one run: whoever knows rows, order and seed knows the holes."""
    song = sent("seed", order=Order(sorted_rows=True))["top-n", "seed"]

    assert song.sings


def test_a_view_that_holds_the_test_labels(sent, monkeypatch):
    from recbench.runner import run as runner

    honest = runner.write

    def leaky(view, folder):
        honest(view, folder)
        part = held[0]
        np.save(folder / "x.npy", part.test.users)
        np.save(folder / "y.npy", part.test.items)
        np.save(folder / "z.npy", part.test.ratings)

    held = []

    def remember(part):
        held[:] = [part]
        return part

    monkeypatch.setattr(runner, "write", leaky)
    found = sent("files", "process", spoil=remember)
    assert found["top-n", "files"].sings
    assert not found["top-n", "process"].sings
    assert sent(rating=["files"], spoil=remember)["rating", "files"].sings


def test_a_variable_that_holds_the_test_labels(sent, monkeypatch):
    def export(part):
        pairs = np.stack((part.test.users, part.test.items), axis=1).tolist()
        monkeypatch.setenv("NOTHING_SPECIAL", json.dumps(pairs))
        return part

    assert sent("environment", spoil=export)["top-n", "environment"].sings


def test_an_open_file_of_the_parent_that_holds_the_test_labels(sent, tmp_path):
    held = []

    def keep_open(part):
        path = tmp_path / "open.npz"
        np.savez(path, a=part.test.users, b=part.test.items, c=part.test.ratings)
        held.append(path.open("rb"))
        path.unlink()  # only /proc still leads to it
        return part

    try:
        assert sent("process", spoil=keep_open)["top-n", "process"].sings
        assert sent(rating=["process"], spoil=keep_open)["rating", "process"].sings
    finally:
        for file in held:
            file.close()


METRIC = """
import time
import numpy as np
from recbench import MetricSpec, hookimpl
from recbench.metrics import ranking

LABELS = np.load({path!r})
USERS, ITEMS = LABELS["users"], LABELS["items"]
COUNTS = np.bincount(ITEMS, minlength=120)
SLOW = {slow!r}

def auc(lists, k):
    if SLOW and len(lists.items):
        time.sleep(0.002 * float(COUNTS[lists.items[0, 0]]))
    return ranking.auc(lists, k)

@hookimpl
def recbench_metrics():
    yield MetricSpec(name="auc", compute=auc, kind="ranking")
"""


@pytest.mark.parametrize(("channel", "slow"), [("memory", False), ("timing", True)])
def test_a_metric_that_carries_the_test_labels(
    sent, catalogue, tmp_path, channel, slow
):
    """The metric runs beside the model: what it holds, or how long it takes, tells."""
    path = tmp_path / "labels.npz"
    file = tmp_path / "leaky_metric.py"
    file.write_text(METRIC.format(path=str(path), slow=slow))
    leaky = dataclasses.replace(
        catalogue,
        origin=catalogue.origin
        | {
            ("metrics", "auc"): plugins.Plugin(
                name="leaky", kind="path", value=str(file)
            )
        },
    )

    def save(part):
        np.savez(path, users=part.test.users, items=part.test.items)
        return part

    found = sent(channel, spoil=save, catalogue=leaky)
    assert found["top-n", channel].sings


def test_an_order_of_pairs_that_follows_the_ratings(sent):
    def sorted_pairs(part):
        order = np.argsort(part.test.ratings, kind="stable")
        test = part.test.take(order)
        view = dataclasses.replace(
            part.view, ask_users=test.users, ask_items=test.items
        )
        return dataclasses.replace(part, view=view, test=test)

    assert sent(rating=["pair-order"], spoil=sorted_pairs)["rating", "pair-order"].sings


def test_the_harness_as_it_is_leaves_all_canaries_silent(catalogue):
    songs = run.canaries(plugins.load(), entropy=2024)

    assert [s for s in songs if s.verdict != "silent"] == []
    assert len(songs) == 29
    # what was taken from the models is what they had learnt before
    for song in songs:
        if song.group == "users shuffled":
            before = float(song.message.split()[1])
            assert before > song.figure + 0.03


def test_labels_that_were_not_shuffled(catalogue, tmp_path):
    songs = shuffled.shuffles(
        catalogue,
        tmp_path / "out",
        entropy=1,
        log=print,
        models=["item-knn", "bias"],
        shuffle=lambda part, _way, _seed: part,
    )

    assert {(s.group, s.name) for s in songs if s.sings} == {
        ("users shuffled", "item-knn"),
        ("items shuffled", "item-knn"),
        ("ratings shuffled", "item-knn"),
        ("ratings shuffled", "bias"),
    }


def test_test_labels_that_return_through_a_feature(catalogue, tmp_path):
    """Shuffled as it should be, but each user's features name what is tested."""

    def leaky(part, way, seed):
        new = ways.shuffled(part, way, seed)
        return numeric_user_feature(new)

    songs = shuffled.shuffles(
        catalogue,
        tmp_path / "out",
        entropy=1,
        log=print,
        models=["canary[channel=user-features]", "item-knn"],
        shuffle=leaky,
        ways=ways.WAYS[:2],
    )

    assert {s.name for s in songs if s.sings} == {"canary[channel=user-features]"}


def test_a_canary_whose_cell_fails_is_lost_and_not_silent(sent):
    def broken(part):
        view = dataclasses.replace(part.view, keys=part.view.keys[:3])
        return dataclasses.replace(part, view=view)

    song = sent("ties", spoil=broken)["top-n", "ties"]
    assert song.verdict == "lost"
    assert song.figure is None
