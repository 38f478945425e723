"""Which next-item suites there are, by name and by what a data set has."""

from recbench.specs import DatasetSpec
from recbench.suites import choose, recbench_suites, suites_for


def names(spec):
    return [suite.name.partition("/")[2] for suite in suites_for(spec)]


def card(**facts):
    return DatasetSpec(name="mine", load="somewhere:load", **facts)


def test_movielens_has_next_item_suites():
    suites = {suite.name: suite for suite in recbench_suites()}

    last_out, by_time = suites["ml-100k/next-item"], suites["ml-100k/next-item-global"]

    assert last_out.protocol.split == "leave-last-out"
    assert by_time.protocol.split == "global-time"
    assert last_out.primary == "ndcg@10"
    assert {"hit-rate@5", "mrr@10", "hit-rate@20", "coverage@10"} <= set(
        last_out.metrics
    )
    assert "ml-1m/next-item" in suites
    assert not last_out.default


def test_any_data_set_with_timestamps_has_them():
    assert names(card(has=("ratings", "timestamps"), scale=(1, 5))) == [
        "rating",
        "top-n",
        "next-item",
        "next-item-global",
        "new-users",
    ]
    bare = names(card(has=("ratings",), scale=(1, 5)))
    assert bare == ["rating", "top-n", "new-users"]


def test_repeats_are_offered_where_users_may_come_back():
    found = {
        suite.name: suite.protocol
        for suite in suites_for(card(values="none", has=("timestamps",)))
    }

    once, again = found["mine/next-item"], found["mine/next-item-repeats"]
    assert (once.seen, once.duplicates) == ("remove", "last")
    assert (again.seen, again.duplicates) == ("keep", "keep")
    assert "mine/next-item-global-repeats" in found


def test_a_data_set_alone_chooses_no_sequential_suite():
    spec = card(values="none", has=("timestamps",))

    chosen = choose({}, [], {"mine": spec}, "mine")
    named = choose({}, ["next-item"], {"mine": spec}, "mine")

    assert [suite.name for suite in chosen] == ["mine/top-n"]
    assert [suite.name for suite in named] == ["mine/next-item"]
