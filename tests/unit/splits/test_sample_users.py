"""The filter behind quick runs: some users, always the same ones."""

import numpy as np

from recbench import Interactions
from recbench.splits.filters import sample_users


def table(n_users: int) -> Interactions:
    users = np.repeat(np.arange(n_users, dtype=np.int32), 3)
    items = np.tile(np.arange(3, dtype=np.int32), n_users)
    return Interactions(users=users, items=items, n_users=n_users, n_items=3)


def test_it_keeps_all_interactions_of_as_many_users_as_asked() -> None:
    big = table(40)
    kept = sample_users(big, n=7)
    users = big.users[kept.rows]

    assert len(np.unique(users)) == 7
    assert len(users) == 21
    assert (np.diff(kept.rows) > 0).all()
    assert "removed 99 of 120 interactions, 33 users and 0 items" in kept.note


def test_the_users_are_not_simply_the_first_ones_and_always_the_same() -> None:
    first = sample_users(table(40), n=7).rows

    assert first.tolist() == sample_users(table(40), n=7).rows.tolist()
    assert first.tolist() != list(range(21))


def test_a_small_data_set_stays_whole() -> None:
    assert len(sample_users(table(5), n=150).rows) == 15
