"""Simulated lists, tests and vectors of the shape of known data sets.

Run by interpreters without recbench, so it imports NumPy alone.
"""

import numpy as np

SHAPES = {  # users, items, test pairs
    "ml-100k": (943, 1_682, 20_000),
    "ml-1m": (6_040, 3_706, 200_000),
    "ml-20m": (138_493, 26_744, 4_000_000),
}
DIMENSIONS, K = 64, 20


def pairs(rng, n_users, n_items, n):
    """Return about ``n`` distinct pairs, popular items more often, sorted by user."""
    users = np.concatenate((np.arange(n_users), rng.integers(0, n_users, n - n_users)))
    items = (n_items * rng.random(n) ** 3).astype(np.int64)
    keys = np.unique(users * n_items + items)
    return (keys // n_items).astype(np.int32), (keys % n_items).astype(np.int32)


def metrics_input(shape, share=1.0, seed=0):
    """Return lists of distinct items ``(n_users, K)`` and the relevant pairs."""
    n_users, n_items, n = SHAPES[shape]
    n_users, n = int(n_users * share), int(n * share)
    rng = np.random.default_rng(seed)
    users, items = pairs(rng, n_users, n_items, n)
    first = (n_items * rng.random(n_users) ** 3).astype(np.int64)
    steps = rng.integers(1, n_items // K, (n_users, K)).cumsum(axis=1)
    return ((first[:, None] + steps) % n_items).astype(np.int32), users, items


def ranking_input(shape, share=1.0, seed=0):
    """Return user and item vectors, what was seen, and the relevant pairs."""
    n_users, n_items, n = SHAPES[shape]
    n_users, n = int(n_users * share), int(n * share)
    rng = np.random.default_rng(seed)
    u = rng.normal(size=(n_users, DIMENSIONS)).astype(np.float32)
    v = rng.normal(size=(n_items, DIMENSIONS)).astype(np.float32)
    return u, v, pairs(rng, n_users, n_items, 4 * n), pairs(rng, n_users, n_items, n)
