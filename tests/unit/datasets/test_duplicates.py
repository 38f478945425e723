"""One interaction per pair, against a slow loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recbench.datasets.duplicates import count_repeats, deduplicate
from recbench.errors import UsageError
from recbench.interactions import Interactions


def table(rows, *, timed=True, rated=True):
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Interactions(
        users=columns[:, 0].astype(np.int32),
        items=columns[:, 1].astype(np.int32),
        ratings=columns[:, 2].astype(np.float32) if rated else None,
        timestamps=columns[:, 3] if timed else None,
        n_users=4,
        n_items=4,
    )


def slow(rows, rule, *, timed):
    """Return the rows kept, and their ratings, the plain way."""
    groups = {}
    for number, (user, item, _, _) in enumerate(rows):
        groups.setdefault((user, item), []).append(number)
    kept = {}
    for numbers in groups.values():
        ordered = sorted(numbers, key=lambda n: (rows[n][3] if timed else 0, n))
        ratings = [rows[n][2] for n in ordered]
        chosen = ordered[0] if rule == "first" else ordered[-1]
        mean = sum(ratings) / len(ratings)
        kept[chosen] = mean if rule == "mean" else rows[chosen][2]
    return sorted(kept.items())


rows = st.lists(
    st.tuples(*(st.integers(0, n) for n in (3, 3, 5, 2))), min_size=0, max_size=30
)


@given(rows, st.sampled_from(["first", "last", "mean"]), st.booleans(), st.booleans())
def test_the_rules_are_those_of_a_slow_loop(found, rule, timed, rated):
    before = table(found, timed=timed, rated=rated)
    after, kept = deduplicate(before, rule)
    expected = slow(found, rule, timed=timed)

    assert kept.dtype == np.int64
    assert kept.tolist() == [number for number, _ in expected]
    assert after.users.tolist() == [found[n][0] for n in kept]
    assert after.items.tolist() == [found[n][1] for n in kept]
    if rated:
        assert after.ratings.dtype == np.float32
        np.testing.assert_allclose(after.ratings, [r for _, r in expected], rtol=1e-6)
    repeats = count_repeats(before.users, before.items, 4)
    assert repeats == len(found) - len(kept)


@given(rows)
def test_keep_keeps_everything(found):
    before = table(found)
    after, kept = deduplicate(before, "keep")

    assert after is before
    assert kept.tolist() == list(range(len(found)))


def test_the_given_table_is_not_changed():
    before = table([(0, 0, 1, 0), (0, 0, 5, 1)])
    after, _ = deduplicate(before, "mean")

    assert after.ratings.tolist() == [3.0]
    assert before.ratings.tolist() == [1.0, 5.0]


def test_an_unknown_rule():
    with pytest.raises(UsageError, match="unknown duplicate rule 'newest': use last"):
        deduplicate(table([]), "newest")
