"""The arithmetic of the baselines against slow loops and other libraries."""

import numpy as np
import pandas as pd
import pytest
import surprise
from scipy.sparse import csr_array
from sklearn.linear_model import ElasticNet

from recbench import FitContext, Interactions
from recbench_baselines import params
from recbench_baselines.bayesian_mf import (
    conditional,
    sample_prior,
    sample_side,
    sample_wishart,
)
from recbench_baselines.bias import Bias, solve
from recbench_baselines.ials import IALS, half_step
from recbench_baselines.linear import EASE, inverse
from recbench_baselines.neighbours import ItemKNN, UserKNN
from recbench_baselines.pure_svd import PureSVD
from recbench_baselines.rp3beta import RP3Beta
from recbench_baselines.similarity import Weighting, neighbours, strongest
from recbench_baselines.slim import SLIM


def implicit(n_users=14, n_items=9, seed=0, density=0.4):
    """Random positives; user 3 and item 2 have none."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((n_users, n_items)) < density
    matrix[3], matrix[:, 2] = False, False
    users, items = (part.astype(np.int32) for part in np.nonzero(matrix))
    train = Interactions(users=users, items=items, n_users=n_users, n_items=n_items)
    return train, matrix.astype(np.float64)


def rated(n_users=15, n_items=10, seed=0):
    rng = np.random.default_rng(seed)
    mask = rng.random((n_users, n_items)) < 0.5
    mask[3], mask[:, 2] = False, False
    users, items = (part.astype(np.int32) for part in np.nonzero(mask))
    return Interactions(
        users=users,
        items=items,
        ratings=rng.integers(1, 6, len(users)).astype(np.float32),
        n_users=n_users,
        n_items=n_items,
    )


def fit(model, train, task="top-n", seed=0):
    model.fit(train, FitContext(task=task, seed=seed))
    return model


def everybody(train):
    return np.arange(train.n_users, dtype=np.int32)


def test_biases_solve_the_penalised_least_squares_problem():
    train = rated()
    chosen = params.BiasParams(reg_user=2.0, reg_item=0.5)
    n_users, n_items = train.n_users, train.n_items
    design = np.zeros((len(train), n_users + n_items))
    design[np.arange(len(train)), train.users] = 1
    design[np.arange(len(train)), n_users + train.items] = 1
    ridge = np.diag(np.sqrt([2.0] * n_users + [0.5] * n_items))
    mean = train.ratings.astype(np.float64).mean()
    target = np.concatenate((train.ratings - mean, np.zeros(n_users + n_items)))
    expected = np.linalg.lstsq(np.vstack((design, ridge)), target, rcond=None)[0]

    biases = solve(train, chosen)

    np.testing.assert_allclose(biases.user, expected[:n_users], atol=1e-9)
    np.testing.assert_allclose(biases.item, expected[n_users:], atol=1e-9)


def test_biases_agree_with_those_of_surprise_at_convergence():
    train = rated(40, 30)
    frame = pd.DataFrame(
        {"u": train.users, "i": train.items, "r": train.ratings.astype(float)}
    )
    data = surprise.Dataset.load_from_df(frame, surprise.Reader(rating_scale=(1, 5)))
    options = {"reg_u": 4, "reg_i": 3, "n_epochs": 300}
    theirs = surprise.BaselineOnly(bsl_options=options, verbose=False)
    theirs.fit(data.build_full_trainset())
    users, items = (a.ravel() for a in np.indices((40, 30), dtype=np.int32))

    ours = fit(Bias(params.BiasParams(reg_user=4, reg_item=3)), train, "rating")

    expected = [
        theirs.predict(u, i, clip=False).est
        for u, i in zip(users.tolist(), items.tolist(), strict=True)
    ]
    np.testing.assert_allclose(ours.biases.of(users, items), expected, atol=1e-9)


def test_unpenalised_biases_of_codes_without_rows_stay_at_zero():
    biases = solve(rated(), params.BiasParams(reg_user=0, reg_item=0))

    assert biases.user[3] == 0
    assert biases.item[2] == 0
    assert np.isfinite(biases.user).all()


def test_ease_is_its_closed_form():
    train, x = implicit()
    reg = 3.0
    p = np.linalg.inv(x.T @ x + reg * np.eye(9))
    b = np.zeros((9, 9))
    for i in range(9):
        for j in range(9):
            if i != j:
                b[i, j] = -p[i, j] / p[j, j]

    scores = fit(EASE(params.EASEParams(reg=reg)), train).score(everybody(train))

    np.testing.assert_allclose(scores, x @ b, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_inverse_in_place_is_the_inverse(dtype, monkeypatch):
    monkeypatch.setattr("recbench_baselines.linear.BLOCK", 3)
    a = np.random.default_rng(0).normal(size=(10, 10))
    matrix = (a @ a.T + np.eye(10)).astype(dtype)
    expected = np.linalg.inv(matrix.astype(np.float64))

    actual = inverse(matrix)

    np.testing.assert_allclose(
        actual, expected, atol=1e-10 if dtype is np.float64 else 1e-4
    )
    assert np.shares_memory(actual, matrix)  # 6.4 GB at 40,000 items: no copy


def test_ease_in_single_precision_agrees(monkeypatch):
    train, _ = implicit(200, 40)
    double = fit(EASE(params.EASEParams(reg=5.0)), train).weights
    monkeypatch.setattr("recbench_baselines.linear.DOUBLE_UP_TO", 0)

    single = fit(EASE(params.EASEParams(reg=5.0)), train).weights

    np.testing.assert_allclose(single, double, atol=1e-5)


@pytest.mark.parametrize("similarity", ["cosine", "jaccard"])
def test_item_knn_against_loops(similarity):
    train, x = implicit()
    k, shrink = 3, 1.5
    n = x.shape[1]
    near = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            common = x[:, i] @ x[:, j]
            sizes = x[:, i].sum(), x[:, j].sum()
            if i == j or not common:
                continue
            whole = (
                np.sqrt(sizes[0] * sizes[1])
                if similarity == "cosine"
                else sizes[0] + sizes[1] - common
            )
            near[i, j] = common / (whole + shrink)
        cut = np.sort(near[i])[-k]
        near[i][near[i] < cut] = 0  # ties with the k-th stay
    expected = np.zeros_like(x)
    for u in range(len(x)):
        for i in range(n):
            expected[u, i] = sum(near[i, j] for j in range(n) if x[u, j])
    chosen = params.ItemKNNParams(
        k=k, shrink=shrink, similarity=similarity, weighting="none"
    )

    scores = fit(ItemKNN(chosen), train).score(everybody(train))

    np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_user_knn_against_loops():
    train, x = implicit()
    k, shrink = 4, 0.5
    n = len(x)
    expected = np.zeros_like(x)
    for u in range(n):
        near = np.zeros(n)
        for v in range(n):
            common = x[u] @ x[v]
            if u != v and common:
                near[v] = common / (np.sqrt(x[u].sum() * x[v].sum()) + shrink)
        near[near < np.sort(near)[-k]] = 0
        expected[u] = near @ x
    chosen = params.UserKNNParams(k=k, shrink=shrink, weighting="none")

    scores = fit(UserKNN(chosen), train).score(everybody(train))

    np.testing.assert_allclose(scores, expected, atol=1e-6)


@pytest.mark.parametrize("model", [ItemKNN, UserKNN])
def test_neighbourhood_predictions_against_loops(model):
    train = rated()
    k, shrink, damping = 3, 1.0, 0.7
    biases = solve(train, params.BiasParams(reg_user=5, reg_item=2))
    known = np.zeros((train.n_users, train.n_items), dtype=bool)
    errors = np.zeros(known.shape)
    for u, i, r in zip(train.users, train.items, train.ratings, strict=True):
        known[u, i] = True
        errors[u, i] = r - (biases.mean + biases.user[u] + biases.item[i])
    e, o = (errors, known) if model is ItemKNN else (errors.T, known.T)
    m = e.shape[1]
    near = np.zeros((m, m))
    for i in range(m):
        for j in range(m):
            if i != j and (product := e[:, i] @ e[:, j]):
                size = np.linalg.norm(e[:, i]) * np.linalg.norm(e[:, j])
                near[i, j] = product / (size + shrink)
        near[i][np.abs(near[i]) < np.sort(np.abs(near[i]))[-k]] = 0
    expected = np.zeros(e.shape)
    for u in range(len(e)):
        for i in range(m):
            votes = [j for j in range(m) if o[u, j]]
            total = sum(near[i, j] * e[u, j] for j in votes)
            expected[u, i] = total / (damping + sum(abs(near[i, j]) for j in votes))
    expected = expected if model is ItemKNN else expected.T
    expected += biases.mean + biases.user[:, None] + biases.item
    card = params.ItemKNNParams if model is ItemKNN else params.UserKNNParams
    users, items = (a.ravel() for a in np.indices(known.shape, dtype=np.int32))

    fitted = fit(model(card(k=k, shrink=shrink, damping=damping)), train, "rating")

    np.testing.assert_allclose(
        fitted.predict(users, items), expected.ravel(), atol=1e-5
    )


def test_neighbours_do_not_depend_on_the_size_of_blocks(monkeypatch):
    _, x = implicit(30, 20)
    rows = csr_array(x.astype(np.float32))
    whole = neighbours(rows, k=5, similarity="cosine", shrink=1).toarray()
    monkeypatch.setattr("recbench_baselines.similarity.BLOCK_BYTES", 4 * 30 * 7)

    parts = neighbours(rows, k=5, similarity="cosine", shrink=1).toarray()

    np.testing.assert_array_equal(parts, whole)


def test_ties_with_the_kth_are_all_kept_and_zeros_never():
    block = np.array([[3, 1, 1, 0, 1], [0, 0, 2, 0, -5]], dtype=np.float32)

    kept = strongest(block, 2).toarray()

    assert kept.tolist() == [[3, 1, 1, 0, 1], [0, 0, 2, 0, -5]]


def test_weights_by_hand():
    rows = csr_array(np.array([[1, 1, 0], [1, 0, 0]], dtype=np.float32))

    tf_idf = Weighting.of(rows, "tf-idf")(rows).toarray()
    bm25 = Weighting.of(rows, "bm25")(rows).toarray()

    np.testing.assert_allclose(tf_idf, [[1, np.log(1.5) + 1, 0], [1, 0, 0]], rtol=1e-6)
    rare, common = np.log(1 + 1.5 / 1.5), np.log(1 + 0.5 / 2.5)
    long = 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 1.5))
    short = 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1 / 1.5))
    expected = [[common * long, rare * long, 0], [common * short, 0, 0]]
    np.testing.assert_allclose(bm25, expected, rtol=1e-6)


@pytest.mark.parametrize("scheme", ["none", "tf-idf", "bm25"])
def test_a_row_is_weighted_alike_whatever_stands_beside_it(scheme):
    _, x = implicit()
    rows = csr_array(x.astype(np.float32))
    weighting = Weighting.of(rows, scheme)

    alone = weighting(rows[[4]]).toarray()

    np.testing.assert_array_equal(alone[0], weighting(rows).toarray()[4])


def test_slim_agrees_with_the_elastic_net_of_scikit_learn():
    train, x = implicit(40, 12, density=0.35)
    l1, l2, n = 0.6, 2.0, len(x)
    chosen = params.SLIMParams(l1=l1, l2=l2, k=50, sweeps=500)

    weights = fit(SLIM(chosen), train).weights.toarray()

    for t in range(12):
        others = np.delete(np.arange(12), t)
        theirs = ElasticNet(
            alpha=(l1 + l2) / n,
            l1_ratio=l1 / (l1 + l2),
            positive=True,
            fit_intercept=False,
            tol=1e-10,
            max_iter=10_000,
        )
        if x[:, t].any():
            theirs.fit(x[:, others], x[:, t])
            np.testing.assert_allclose(weights[others, t], theirs.coef_, atol=1e-3)
    assert (np.diag(weights) == 0).all()


def test_slim_meets_the_optimality_conditions_over_its_candidates():
    train, x = implicit(60, 25, density=0.3)
    l1, l2, k = 1.5, 3.0, 6
    chosen = params.SLIMParams(l1=l1, l2=l2, k=k, sweeps=500)

    weights = fit(SLIM(chosen), train).weights.toarray().astype(np.float64)

    gram = x.T @ x
    gradient = gram @ weights - gram + l2 * weights + l1
    active = weights > 0
    assert active.any()
    np.testing.assert_allclose(gradient[active], 0, atol=2e-2)
    size = np.sqrt(np.maximum(np.diag(gram), 1))
    cosine = gram / size / size[:, None]
    np.fill_diagonal(cosine, -1)
    cut = np.sort(cosine, axis=0)[-k]
    surely_candidates = (cosine > cut) & ~active
    assert gradient[surely_candidates].min() > -2e-2


def test_slim_blocks_of_items_are_solved_alike(monkeypatch):
    train, _ = implicit(40, 12)
    chosen = params.SLIMParams(l1=0.5, l2=2.0, k=4)
    whole = fit(SLIM(chosen), train).weights.toarray()
    monkeypatch.setattr("recbench_baselines.slim.BLOCK_BYTES", 5 * 4 * 16)
    monkeypatch.setattr("recbench_baselines.slim.BLOCK", 5)

    parts = fit(SLIM(chosen), train).weights.toarray()

    # a block ends its descent by itself, so blocks agree only to the tolerance
    np.testing.assert_allclose(parts, whole, atol=1e-3)


def test_rp3beta_is_the_dense_product_of_its_transitions():
    train, x = implicit()
    alpha, beta, k = 0.7, 0.4, 4
    lengths, counts = x.sum(axis=1), x.sum(axis=0)
    onward = (x / np.maximum(lengths, 1)[:, None]) ** alpha
    back = (x / np.maximum(counts, 1)).T ** alpha
    walks = back @ onward / np.maximum(counts, 1) ** beta
    np.fill_diagonal(walks, 0)
    for row in walks:
        row[row < np.sort(row)[-k] - 1e-12] = 0
    chosen = params.RP3BetaParams(alpha=alpha, beta=beta, k=k)

    scores = fit(RP3Beta(chosen), train).score(everybody(train))

    np.testing.assert_allclose(scores, x @ walks, atol=1e-6)


@pytest.mark.parametrize("d", [2, 5, 9, 20])
def test_pure_svd_is_the_dense_truncation(d):
    train, x = implicit()
    _, _, right = np.linalg.svd(x, full_matrices=False)
    expected = x @ right[:d].T @ right[:d]
    chosen = params.PureSVDParams(embedding_dim=d, item_power=0.0)

    model = fit(PureSVD(chosen), train)

    scores = model.user_vectors(everybody(train)) @ model.item_vectors().T
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_pure_svd_scales_items_there_and_back():
    train, x = implicit()
    scale = np.maximum(x.sum(axis=0), 1) ** (-0.6 / 2)
    _, _, right = np.linalg.svd(x * scale, full_matrices=False)
    expected = (x * scale) @ right[:3].T @ right[:3] / scale
    chosen = params.PureSVDParams(embedding_dim=3, item_power=-0.6)

    model = fit(PureSVD(chosen), train)

    scores = model.user_vectors(everybody(train)) @ model.item_vectors().T
    np.testing.assert_allclose(scores, expected, atol=1e-5)


@pytest.mark.parametrize("padded", [4_000_000, 40], ids=["one batch", "many batches"])
def test_a_half_step_of_ials_solves_every_user(padded, monkeypatch):
    monkeypatch.setattr("recbench_baselines.ials.PADDED", padded)
    train, x = implicit()
    chosen = params.IALSParams(embedding_dim=4, unobserved_weight=0.2, reg=0.1, nu=0.8)
    items = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    items[x.sum(axis=0) == 0] = 0

    users = half_step(train.csr(), items, chosen)

    h = items.astype(np.float64)
    alive = (x.sum(axis=0) > 0).sum()
    for u in range(len(x)):
        mine = x[u] > 0
        penalty = 0.1 * (mine.sum() + 0.2 * alive) ** 0.8
        left = h[mine].T @ h[mine] + 0.2 * h.T @ h + penalty * np.eye(4)
        expected = np.linalg.solve(left, h[mine].sum(axis=0))
        np.testing.assert_allclose(users[u], expected, atol=1e-5)


def test_every_round_of_ials_lowers_its_objective():
    train, x = implicit(60, 30)
    w, reg = 0.1, 0.05
    counts, lengths = x.sum(axis=0), x.sum(axis=1)
    alive_items, alive_users = (counts > 0).sum(), (lengths > 0).sum()

    def objective(epochs):
        chosen = params.IALSParams(
            embedding_dim=4, unobserved_weight=w, reg=reg, epochs=epochs
        )
        model = fit(IALS(chosen), train)
        u, v = model.users.astype(np.float64), model.items.astype(np.float64)
        fitted = u @ v.T
        penalty = (lengths + w * alive_items) @ (u**2).sum(axis=1)
        penalty += (counts + w * alive_users) @ (v**2).sum(axis=1)
        loss = (x * (fitted - 1) ** 2).sum() + w * (fitted**2).sum()
        return loss + reg * penalty

    values = [objective(epochs) for epochs in (1, 2, 4, 8)]

    assert (np.diff(values) < 0).all()


def test_vectors_given_the_other_side_are_ridge_regressions():
    rng = np.random.default_rng(0)
    dense = np.where(rng.random((7, 5)) < 0.6, rng.normal(size=(7, 5)), 0)
    dense[3] = 0
    other, noise = rng.normal(size=(5, 3)), 1.7
    mean, precision = rng.normal(size=3), np.diag([1.0, 2.0, 3.0])

    precisions, weighed = conditional(csr_array(dense), other, noise, mean, precision)

    for u in range(7):
        rated_items = np.flatnonzero(dense[u])
        z = np.column_stack((other[rated_items, :2], np.ones(len(rated_items))))
        target = dense[u, rated_items] - other[rated_items, 2]
        expected = precision + noise * z.T @ z
        np.testing.assert_allclose(precisions[u], expected, atol=1e-10)
        centre = np.linalg.solve(expected, precision @ mean + noise * z.T @ target)
        np.testing.assert_allclose(weighed[u], expected @ centre, atol=1e-10)


def test_vectors_are_drawn_around_their_means_with_their_spread():
    rng = np.random.default_rng(0)
    dense = np.tile(np.where(rng.random(6) < 0.7, rng.normal(size=6), 0), (20_000, 1))
    other, own = rng.normal(size=(6, 3)), rng.normal(size=(20_000, 3))
    draws = np.random.default_rng(1)

    drawn = sample_side(csr_array(dense), own, other, 2.0, draws)

    mean, precision = sample_prior(own, np.random.default_rng(1))  # drawn first
    [expected], [weighed] = conditional(
        csr_array(dense[:1]), other, 2.0, mean, precision
    )
    np.testing.assert_allclose(
        drawn.mean(axis=0), np.linalg.solve(expected, weighed), atol=0.02
    )
    np.testing.assert_allclose(np.cov(drawn.T), np.linalg.inv(expected), atol=0.02)


def test_wishart_draws_have_the_mean_and_spread_of_the_distribution():
    rng = np.random.default_rng(0)
    scale = np.array([[2.0, 0.5], [0.5, 1.0]])
    freedom = 7

    drawn = np.array([sample_wishart(freedom, scale, rng) for _ in range(4_000)])

    np.testing.assert_allclose(drawn.mean(axis=0), freedom * scale, rtol=0.06)
    variance = freedom * (scale**2 + np.outer(np.diag(scale), np.diag(scale)))
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=0.12)


def test_the_prior_of_many_vectors_is_close_to_what_they_were_drawn_from():
    rng = np.random.default_rng(0)
    covariance = np.array([[1.0, 0.3], [0.3, 0.5]])
    vectors = rng.multivariate_normal([1.0, -2.0], covariance, size=20_000)

    mean, precision = sample_prior(vectors, rng)

    np.testing.assert_allclose(mean, [1.0, -2.0], atol=0.05)
    np.testing.assert_allclose(np.linalg.inv(precision), covariance, atol=0.05)
