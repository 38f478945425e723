import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from recbench import FitContext, Interactions, plugins
from recbench.testing import checks_for, planted_topn
from recbench_graph import Params, recbench_models
from recbench_graph.graph import Graph, smooth
from recbench_graph.lightgcn import LightGCN, Triples

(SPEC,) = recbench_models()
SMALL = {"embedding_dim": 6, "epochs": 3, "patience": 0}
EDGES = ((0, 0), (0, 2), (1, 2), (3, 0), (3, 1), (3, 2))  # user 2, item 3: none
N_USERS, N_ITEMS = 4, 4


@pytest.mark.parametrize("check", checks_for(SPEC), ids=str)
def test_conformance(check):
    check.run(SPEC)


def matrix():
    users, items = np.array(EDGES).T
    ones = np.ones(len(EDGES), np.float32)
    return csr_array((ones, (users, items)), shape=(N_USERS, N_ITEMS))


def table_of_edges():
    users, items = np.array(EDGES, dtype=np.int32).T
    return Interactions(users=users, items=items, n_users=N_USERS, n_items=N_ITEMS)


def smoothed_by_loops(table, layers):
    """Equations 3 and 4 of the paper, neighbour by neighbour, in float64."""
    neighbours = [[] for _ in range(N_USERS + N_ITEMS)]
    for u, i in EDGES:
        neighbours[u].append(N_USERS + i)
        neighbours[N_USERS + i].append(u)
    steps = [np.array(table, dtype=np.float64)]
    for _ in range(layers):
        fresh = np.zeros_like(steps[0])
        for node, around in enumerate(neighbours):
            for other in around:
                scale = np.sqrt(len(around)) * np.sqrt(len(neighbours[other]))
                fresh[node] += steps[-1][other] / scale
        steps.append(fresh)
    return sum(steps) / len(steps)


@pytest.mark.parametrize("layers", [0, 1, 2, 3])
def test_vectors_are_the_mean_of_the_layers_by_slow_loops(layers):
    torch.manual_seed(0)
    table = torch.randn(N_USERS + N_ITEMS, 3)

    found = Graph(matrix()).mean_of_layers(table, layers).numpy()
    by_hand = smoothed_by_loops(table.numpy(), layers)

    np.testing.assert_allclose(found, by_hand, atol=1e-6)


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_the_gradient_is_that_of_a_dense_product(layers):
    torch.manual_seed(0)
    graph = Graph(matrix())
    dense = torch.zeros(graph.n, graph.n)
    for u, i in EDGES:
        dense[u, N_USERS + i] = dense[N_USERS + i, u] = 1
    scale = dense.sum(dim=1).clamp(min=1).rsqrt()
    dense = scale[:, None] * dense * scale
    ours = torch.randn(graph.n, 3, requires_grad=True)
    theirs = ours.detach().clone().requires_grad_()
    weights = torch.randn(graph.n, 3)

    (smooth(ours, graph, layers) * weights).sum().backward()
    steps = [theirs]
    for _ in range(layers):
        steps.append(dense @ steps[-1])
    (torch.stack(steps).mean(dim=0) * weights).sum().backward()

    torch.testing.assert_close(ours.grad, theirs.grad)


def test_the_objective_by_hand():
    torch.manual_seed(0)
    model = LightGCN(Params(layers=2, decay=0.3))
    table = torch.randn(N_USERS + N_ITEMS, 3)
    nodes = torch.tensor([[0, 3], [N_USERS, N_USERS + 1], [N_USERS + 1, N_USERS + 3]])

    found = model._loss(table, Graph(matrix()), nodes)

    ego = table.numpy().astype(np.float64)
    vectors = smoothed_by_loops(ego, 2)
    total = 0.0
    for u, i, j in nodes.T.tolist():
        margin = vectors[u] @ vectors[i] - vectors[u] @ vectors[j]
        lengths = sum((ego[n] ** 2).sum() for n in (u, i, j))
        total += np.log1p(np.exp(-margin)) + 0.3 / 2 * lengths
    assert float(found) == pytest.approx(total / 2, rel=1e-5)


def triples_of(sampling, epochs=1):
    torch.manual_seed(0)
    triples = Triples(table_of_edges(), sampling, torch.device("cpu"))
    drawn = [nodes for _ in range(epochs) for nodes in triples.epoch(4)]
    users, liked, other = torch.cat(drawn, dim=1).numpy()
    return users, liked - N_USERS, other - N_USERS


def test_an_epoch_passes_over_every_positive_once():
    users, liked, _ = triples_of("pairs")

    assert sorted(zip(users, liked, strict=True)) == sorted(EDGES)


def test_drawing_by_user_gives_each_user_the_same_weight():
    users, liked, _ = triples_of("users", epochs=1000)

    assert set(zip(users, liked, strict=True)) == set(EDGES)
    shares = np.bincount(users, minlength=N_USERS) / len(users)
    np.testing.assert_allclose(shares, [1 / 3, 1 / 3, 0, 1 / 3], atol=0.02)


@pytest.mark.parametrize("sampling", ["pairs", "users"])
def test_negatives_are_items_with_a_positive_that_the_user_lacks(sampling):
    users, _, other = triples_of(sampling, epochs=50)

    assert 3 not in other  # nobody has it
    assert set(other[users == 1]) == {0, 1}


def test_strangers_get_the_mean_vector():
    model = plugins.make(SPEC, "top-n", SMALL)
    model.fit(table_of_edges(), FitContext(seed=0))

    users = model.user_vectors(np.arange(N_USERS, dtype=np.int32))
    items = model.item_vectors()

    np.testing.assert_allclose(users[2], users[[0, 1, 3]].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(items[3], items[:3].mean(axis=0), rtol=1e-5)


def test_smoothing_finds_what_plain_factors_miss():
    """A withheld item two steps away: three epochs suffice only with the graph."""
    planted = planted_topn()
    hits = []
    for layers in (3, 0):
        params = {"layers": layers, "epochs": 3, "patience": 0, "embedding_dim": 16}
        model = plugins.make(SPEC, "top-n", params)
        model.fit(planted.train, FitContext(seed=0))
        users = np.arange(planted.train.n_users, dtype=np.int32)
        scores = model.user_vectors(users) @ model.item_vectors().T
        scores[planted.train.users, planted.train.items] = -np.inf
        lists = np.argsort(-scores, axis=1)[:, :10]
        held = planted.validation
        hits.append((lists[held.users] == held.items[:, None]).any(axis=1).mean())

    assert hits[0] > hits[1] + 0.1


def test_the_paper_is_a_preset():
    params = plugins.make(SPEC, "top-n", {"preset": "paper"}).params

    assert (params.layers, params.embedding_dim, params.batch_size) == (3, 64, 2048)
    assert (params.learning_rate, params.decay, params.sampling) == (
        1e-3,
        1e-4,
        "users",
    )
