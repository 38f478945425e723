"""``ials`` compiled, against its direct solver, over threads and without numba."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from recbench import FitContext, Interactions
from recbench_baselines import ials, params

CHOSEN = params.IALSParams(embedding_dim=12, unobserved_weight=0.1, reg=0.02, nu=0.9)
FINE = (200, 1e-6)


def positives(n_users=70, n_items=45, seed=0):
    """Random positives; user 7 and item 9 have none, user 0 has almost all."""
    rng = np.random.default_rng(seed)
    taken = rng.random((n_users, n_items)) < 0.15
    taken[0] = True
    taken[7], taken[:, 9] = False, False
    users, items = (part.astype(np.int32) for part in np.nonzero(taken))
    return Interactions(users=users, items=items, n_users=n_users, n_items=n_items)


def stepped(rows, fixed, start, effort):
    with ThreadPoolExecutor(2) as pool:
        return ials.Stepper(CHOSEN, FitContext(), pool)(rows, fixed, start, effort)


def fitted(train, threads=1, **values):
    model = ials.IALS(params.IALSParams(embedding_dim=8, **values))
    model.fit(train, FitContext(seed=3, threads=threads))
    return model


@pytest.mark.parametrize("near", [0.0, 0.3], ids=["from zero", "from elsewhere"])
def test_conjugate_gradients_end_where_the_direct_solver_does(near):
    rows = positives().csr()
    rng = np.random.default_rng(1)
    fixed = rng.normal(0, 0.4, (45, 12)).astype(np.float32)
    fixed[9] = 0
    start = (near * rng.normal(size=(70, 12))).astype(np.float32)

    found = stepped(rows, fixed, start, FINE)

    expected = ials.half_step(rows, fixed, CHOSEN)
    np.testing.assert_allclose(found, expected, atol=3e-5)
    assert not found[7].any()


def test_a_step_within_a_round_leaves_the_residual_it_may():
    rows = positives().csr()
    fixed = np.random.default_rng(1).normal(0, 0.4, (45, 12)).astype(np.float32)
    fixed[9] = 0
    start = np.zeros((70, 12), dtype=np.float32)

    found = stepped(rows, fixed, start, ials.ROUND)

    expected = ials.half_step(rows, fixed, CHOSEN)
    error = np.linalg.norm(found - expected) / np.linalg.norm(expected)
    assert error < 0.005


def test_vectors_do_not_depend_on_the_number_of_threads():
    one, two, five = (fitted(positives(), threads=n) for n in (1, 2, 5))

    for other in (two, five):
        np.testing.assert_array_equal(one.users, other.users)
        np.testing.assert_array_equal(one.items, other.items)


def test_without_numba_the_direct_solver_gives_about_the_same_model(monkeypatch):
    compiled = fitted(positives())
    monkeypatch.setattr("recbench_baselines.ials.available", lambda: False)

    direct = fitted(positives())

    ours, theirs = (m.users @ m.items.T for m in (compiled, direct))
    np.testing.assert_allclose(ours, theirs, atol=0.01)


def test_a_model_without_factors_to_fix_stays_finite():
    train = positives()
    model = ials.IALS(params.IALSParams(embedding_dim=8, init_std=0.0, epochs=2))

    model.fit(train, FitContext())

    assert np.isfinite(model.users @ model.items.T).all()
