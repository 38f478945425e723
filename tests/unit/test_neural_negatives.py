import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from recbench import Interactions
from recbench.neural import NegativeSampler


def interactions(pairs, n_users, n_items):
    users, items = np.array(pairs, dtype=np.int32).T
    return Interactions(users=users, items=items, n_users=n_users, n_items=n_items)


def skewed():
    """Item i of 8 has 2 * i + 1 interactions, by users of their own; item 8 none."""
    counts = [2 * i + 1 for i in range(8)]
    items = np.repeat(np.arange(8), counts)
    return interactions(list(enumerate(items)), len(items) + 1, 9), np.array(counts)


@pytest.mark.parametrize(
    ("distribution", "power"),
    [("uniform", 1.0), ("popularity", 1.0), ("popularity", 0.5)],
)
def test_draws_follow_the_distribution(distribution, power):
    train, counts = skewed()
    sampler = NegativeSampler(
        train, distribution=distribution, power=power, avoid_positives=False
    )
    torch.manual_seed(1)

    drawn = sampler.draw(torch.zeros(5000, dtype=torch.int64), 8).flatten()

    share = np.ones(8) if distribution == "uniform" else counts**power
    seen = np.bincount(drawn, minlength=9)
    assert seen[8] == 0  # nobody knows it, so it is no candidate
    expected = share / share.sum() * len(drawn)
    assert chisquare(seen[:8], expected).pvalue > 0.01


def test_avoiding_positives_leaves_the_rest_equally_likely():
    train, _ = skewed()
    user = int(np.flatnonzero(train.items == 3)[0])
    torch.manual_seed(2)

    drawn = NegativeSampler(train).draw(torch.full((4000,), user), 5).flatten()

    seen = np.bincount(drawn, minlength=9)
    assert seen[3] == seen[8] == 0
    assert chisquare(seen[[0, 1, 2, 4, 5, 6, 7]]).pvalue > 0.01


def test_no_positive_is_drawn_for_anyone():
    rng = np.random.default_rng(0)
    table = rng.random((60, 40)) < 0.5
    train = interactions(np.argwhere(table), 60, 40)
    torch.manual_seed(0)
    users = torch.from_numpy(train.users.astype(np.int64))

    drawn = NegativeSampler(train).draw(users, 4)

    wrong = table[train.users[:, None], drawn.numpy()].mean()
    one_draw = table.mean(axis=1)[train.users]
    assert wrong < 2 * (one_draw**9).mean()  # eight more draws each: 0.4 % stay


def test_a_user_who_knows_everything_gets_draws_all_the_same():
    train = interactions([(0, 0), (0, 1), (1, 0)], 2, 2)
    torch.manual_seed(0)

    drawn = NegativeSampler(train).draw(torch.tensor([0, 1, 1]), 3)

    assert drawn.shape == (3, 3)
    assert ((drawn == 0) | (drawn == 1)).all()
    assert (drawn[1:] == 1).float().mean() > 0.9


def test_the_seed_decides_the_draws():
    train, _ = skewed()
    draws = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        draws.append(NegativeSampler(train).draw(torch.arange(30), 2))

    assert draws[0].equal(draws[1])
    assert not draws[0].equal(draws[2])
