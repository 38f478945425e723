"""The parts of the sequential models against plain loops and other people's code."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import cosine_similarity

from recbench import FitContext, Interactions, Queries, plugins
from recbench_sequential import recbench_models
from recbench_sequential.bert4rec import MaskedEncoder, hide
from recbench_sequential.losses import (
    Competitors,
    Objective,
    bpr_max,
    gbce,
    sampled_softmax,
)
from recbench_sequential.params import BERT4RecParams, SASRecParams
from recbench_sequential.sasrec import CausalEncoder
from recbench_sequential.sequences import Sequences
from recbench_sequential.windows import Windows, latest

SPECS = {spec.name: spec for spec in recbench_models()}
HISTORIES = st.lists(st.lists(st.integers(0, 9), max_size=12), min_size=1, max_size=8)


def sequences(histories):
    lengths = [len(h) for h in histories]
    return Sequences(
        offsets=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        items=np.array([i for h in histories for i in h], dtype=np.int64),
        times=None,
    )


def table(histories, times=None, n_items=10):
    users = [u for u, h in enumerate(histories) for _ in h]
    flat = [i for h in histories for i in h]
    stamps = [t for h in histories for t in range(len(h))] if times is None else times
    return Interactions(
        users=np.array(users, dtype=np.int32),
        items=np.array(flat, dtype=np.int32),
        timestamps=np.array(stamps, dtype=np.int64),
        n_users=len(histories),
        n_items=n_items,
    )


def queries(histories):
    past = sequences(histories)
    return Queries(
        users=np.full(len(past), -1, dtype=np.int32),
        offsets=past.offsets,
        items=past.items.astype(np.int32),
    )


def random_histories(seed, n=15, longest=9, n_items=10):
    rng = np.random.default_rng(seed)
    return [
        rng.permutation(n_items)[: rng.integers(1, longest)].tolist() for _ in range(n)
    ]


def fitted(name, train, **params):
    model = plugins.make(SPECS[name], "next-item", params)
    model.fit(train, FitContext(task="next-item"))
    return model


@given(histories=HISTORIES, count=st.integers(1, 6))
def test_sequences_are_cut_padded_and_paired_as_by_hand(histories, count):
    past = sequences(histories)

    owners, items, ages = past.latest(count)
    rows, kept = past.padded(count, -7)
    first, then = past.pairs(count)

    assert list(zip(owners, items, ages, strict=True)) == [
        (s, h[-a - 1], a)
        for s, h in enumerate(histories)
        for a in range(min(count, len(h)) - 1, -1, -1)
    ]
    for row, size, history in zip(rows, kept, histories, strict=True):
        assert row[:size].tolist() == history[-count:][: len(history)]
        assert (row[size:] == -7).all()
    pairs = [(a, b) for h in histories for a, b in zip(h, h[count:], strict=False)]
    assert list(zip(past.items[first], past.items[then], strict=True)) == pairs


@given(histories=HISTORIES, start=st.integers(0, 7), size=st.integers(1, 8))
def test_a_part_of_the_sequences_is_those_sequences(histories, start, size):
    part = sequences(histories).part(min(start, len(histories)), start + size)

    bounds = zip(part.offsets[:-1], part.offsets[1:], strict=True)
    assert [part.items[a:b].tolist() for a, b in bounds] == histories[
        start : start + size
    ]


@given(histories=HISTORIES, width=st.integers(1, 5), seed=st.integers(0, 99))
def test_windows_ask_for_every_item_once_and_show_what_came_before(
    histories, width, seed
):
    windows = Windows.of(sequences(histories), 10, width)
    told = [[10, *history] for history in histories]
    asked = []

    for batch in windows.batches(3, np.random.default_rng(seed)):
        for tokens, targets, n in zip(
            batch.tokens.tolist(),
            batch.targets.tolist(),
            batch.lengths.tolist(),
            strict=True,
        ):
            assert 1 <= n <= width
            assert targets[n:] == [-1] * (len(targets) - n)
            run = [*tokens[:n], targets[n - 1]]
            assert tokens[1:n] == targets[: n - 1]
            assert any(
                run == whole[at : at + n + 1]
                for whole in told
                for at in range(len(whole) - n)
            )
            asked += targets[:n]

    assert sorted(asked) == sorted(i for h in histories for i in h)


@given(histories=HISTORIES, width=st.integers(1, 6))
def test_served_rows_are_the_latest_tokens(histories, width):
    rows, kept = latest(sequences(histories), 10, width)

    for row, size, history in zip(rows.tolist(), kept.tolist(), histories, strict=True):
        assert row[:size] == [10, *history][-width:]
        assert row[size:] == [10] * (len(row) - size)


@given(seed=st.integers(0, 200), half_life=st.floats(0.05, 2))
def test_recent_popularity_is_the_decayed_sum_of_earlier_events(seed, half_life):
    rng = np.random.default_rng(seed)
    n = 40
    times = rng.integers(0, 30, n)
    train = Interactions(
        users=rng.integers(0, 6, n).astype(np.int32),
        items=rng.integers(0, 5, n).astype(np.int32),
        timestamps=times,
        n_users=6,
        n_items=5,
    )
    model = fitted("recent-popular", train, half_life=half_life, moments=n)
    order = np.argsort(times, kind="stable")
    moment = int(rng.integers(times.min(), 32))
    known = [int(train.items[r]) for r in order if times[r] <= moment]
    expected = np.zeros(5)
    for age, item in enumerate(reversed(known)):
        expected[item] += 0.5 ** (age / (half_life * n))

    asked = Queries(
        users=np.array([-1], dtype=np.int32),
        offsets=np.zeros(2, dtype=np.int64),
        items=np.zeros(0, dtype=np.int32),
        times=np.array([moment]),
    )
    found = model.score_queries(asked)[0]

    np.testing.assert_allclose(found, expected / expected.max(), rtol=1e-5)


@given(seed=st.integers(0, 200))
def test_the_markov_chain_counts_steps(seed):
    histories = random_histories(seed)
    reach, shrink, decay = 3, 2.0, 0.6
    model = fitted(
        "markov-chain",
        table(histories),
        reach=reach,
        history=2,
        decay=decay,
        shrink=shrink,
    )
    steps = np.zeros((10, 10))
    for history in histories:
        for at, item in enumerate(history):
            for gap in range(1, reach + 1):
                if at + gap < len(history):
                    steps[item, history[at + gap]] += 1 / gap
    steps /= steps.sum(axis=1, keepdims=True) + shrink

    found = model.score_queries(queries([[1, 2, 3], [4]]))

    expected = np.stack((steps[3] + decay * steps[2], steps[4]))
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_the_neighbours_of_items_are_those_of_scikit_learn():
    histories = random_histories(3, n=30)
    model = fitted("last-item-knn", table(histories), history=1, shrink=0.0)
    matrix = np.zeros((30, 10))
    for user, history in enumerate(histories):
        matrix[user, history] = 1
    expected = cosine_similarity(matrix.T)
    np.fill_diagonal(expected, 0)

    found = model.score_queries(queries([[i] for i in range(10)]))

    np.testing.assert_allclose(found, expected, atol=1e-6)


def votes_by_hand(histories, query, params):
    """The formula of the module, neighbour by neighbour."""
    users = len(histories)
    counts = np.array([sum(i in h for h in histories) for i in range(10)])
    rarity = np.log((1 + users) / (1 + counts)) ** params["idf"]
    similar = []
    for history in histories:
        shared = [a for a, i in enumerate(reversed(query)) if i in history]
        total = sum(
            np.exp(-a / params["recency"]) * rarity[query[-a - 1]] for a in shared
        )
        similar.append((total / np.sqrt(len(history)), shared[0] if shared else -1))
    cut = sorted((s for s, _ in similar), reverse=True)[params["k"] - 1]
    votes = np.zeros(10)
    for history, (weight, age) in zip(histories, similar, strict=True):
        if age < 0 or weight < cut or weight == 0:
            continue
        match = history.index(query[-age - 1])
        for place, item in enumerate(history):
            fade = np.exp(-abs(place - match) / params["nearness"])
            votes[item] += weight * fade * (1 if place > match else params["back"])
    return votes


@given(seed=st.integers(0, 300))
def test_session_neighbours_vote_as_the_formula_says(seed):
    histories = random_histories(seed)
    params = {"k": 4, "recency": 3.0, "nearness": 4.0, "back": 0.3, "idf": 1.0}
    model = fitted("session-knn", table(histories), **params)
    asked = random_histories(seed + 1, n=4)

    found = model.score_queries(queries(asked))

    for row, query in zip(found, asked, strict=True):
        expected = votes_by_hand(histories, query, params)
        np.testing.assert_allclose(row, expected, rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("hours", [0.0, 0.01])
def test_the_linear_model_is_ridge_regression(hours):
    histories = random_histories(1, n=40)
    train = table(histories)
    fade, reg, floor = 2.5, 3.0, 0.2
    model = fitted(
        "tale", train, fade=fade, fade_served=2.0, hours=hours, floor=floor, reg=reg
    )
    sources, targets = [], []
    for history in histories:
        for at, item in enumerate(history):
            source, target = np.zeros(10), np.zeros(10)
            for gap in range(1, min(at, round(4 * fade)) + 1):
                clock = 1.0
                if hours:  # events of a history are one second apart
                    clock = max(np.exp(-gap / 3600 / hours), floor)
                source[history[at - gap]] += np.exp(-(gap - 1) / fade) * clock
            target[item] = 1
            sources.append(source)
            targets.append(target)
    ridge = Ridge(alpha=reg, fit_intercept=False, solver="cholesky")
    ridge.fit(np.array(sources), np.array(targets))
    query = np.zeros((1, 10))
    query[0, [4, 2]] = [np.exp(-1 / 2.0), 1]

    found = model.score_queries(queries([[4, 2]]))

    np.testing.assert_allclose(found, query @ ridge.coef_.T, atol=1e-5)


def drawn(seed, rows=5, dim=4, items=9):
    torch.manual_seed(seed)
    return (
        torch.randn(rows, dim),
        torch.randint(items, (rows,)),
        torch.randn(items, dim),
        torch.nn.Parameter(torch.randn(items)),
    )


def objective(kind, counts, *, negatives=0, power=0.0, **settings):
    competitors = Competitors(
        np.asarray(counts),
        negatives=negatives,
        power=power,
        device=torch.device("cpu"),
    )
    return Objective(kind=kind, competitors=competitors, **settings)


def test_the_corrected_sample_estimates_the_sum_over_the_catalogue():
    counts = np.array([1, 2, 3, 4, 50, 6, 7, 8, 9])
    competitors = objective("cross-entropy", counts, negatives=4, power=0.5).competitors
    scores = torch.linspace(-1, 1, 9)
    torch.manual_seed(0)
    sums = []
    for _ in range(4000):
        sample = competitors.draw()
        sums.append(torch.exp(scores[sample] - competitors.log_expected[sample]).sum())

    estimate, exact = torch.stack(sums).mean(), torch.exp(scores).sum()

    assert abs(estimate - exact) < 0.02 * exact


def test_the_whole_catalogue_is_plain_cross_entropy():
    states, targets, vectors, bias = drawn(0)

    found = objective("cross-entropy", np.ones(9))(states, targets, vectors, bias)

    logits = states @ vectors.T + bias
    expected = torch.nn.functional.cross_entropy(logits, targets)
    torch.testing.assert_close(found, expected)


def test_softmax_of_right_and_wrong_is_cross_entropy_of_both():
    torch.manual_seed(1)
    right, wrong = torch.randn(6), torch.randn(6, 5)

    found = sampled_softmax(right, wrong)

    both = torch.cat((right[:, None], wrong), dim=1)
    target = torch.zeros(6, dtype=torch.int64)
    torch.testing.assert_close(found, torch.nn.functional.cross_entropy(both, target))


def test_bpr_max_term_by_term():
    torch.manual_seed(2)
    right, wrong = torch.randn(3), torch.randn(3, 4)
    same = torch.zeros(3, 4, dtype=torch.bool)
    same[1, 2] = True

    found = bpr_max(right, wrong, same, 0.5)

    total = 0.0
    for r in range(3):
        others = [c for c in range(4) if not same[r, c]]
        e = np.exp([float(wrong[r, c]) for c in others])
        s = e / e.sum()
        beats = [1 / (1 + np.exp(float(wrong[r, c] - right[r]))) for c in others]
        total -= np.log(sum(a * b for a, b in zip(s, beats, strict=True)))
        total += 0.5 * sum(
            a * float(wrong[r, c]) ** 2 for a, c in zip(s, others, strict=True)
        )
    assert float(found) == pytest.approx(total / 3, rel=1e-5)


def test_uncalibrated_gbce_is_binary_cross_entropy():
    torch.manual_seed(3)
    right, wrong = torch.randn(4), torch.randn(4, 3)
    same = torch.zeros(4, 3, dtype=torch.bool)

    plain = gbce(right, wrong, same, 0.1, 0.0)
    calibrated = gbce(right, wrong, same, 0.1, 1.0)

    binary = torch.nn.functional.binary_cross_entropy_with_logits
    both = torch.cat((right[:, None], wrong), dim=1)
    target = torch.zeros(4, 4)
    target[:, 0] = 1
    expected = binary(both, target, reduction="none").sum(dim=1).mean()
    torch.testing.assert_close(plain, expected)
    against = -torch.nn.functional.logsigmoid(-wrong).sum(dim=1).mean()
    weak = -0.1 * torch.nn.functional.logsigmoid(right).mean()
    torch.testing.assert_close(calibrated, against + weak)


def test_a_target_is_never_its_own_competitor():
    states, targets, vectors, bias = drawn(4)
    bias = bias.detach()
    for kind in ("cross-entropy", "bpr-max"):
        some = objective(kind, np.ones(9), negatives=8)
        some.competitors.draw = lambda: torch.arange(8)  # a sample without item 8
        targets = torch.full_like(targets, 3)
        with_target = float(some(states, targets, vectors, bias))
        some.competitors.draw = lambda: torch.tensor([0, 1, 2, 4, 5, 6, 7])
        without = float(some(states, targets, vectors, bias))
        assert with_target == pytest.approx(without, rel=1e-5)


def test_a_causal_encoder_does_not_look_ahead_nor_at_the_filling():
    torch.manual_seed(0)
    net = CausalEncoder.sized(
        SASRecParams(embedding_dim=8, max_length=6, blocks=2), 10
    ).eval()
    tokens = torch.tensor([[10, 1, 2, 3, 4, 5]])
    other = torch.tensor([[10, 1, 2, 7, 7, 7]])

    one = net(tokens, torch.tensor([6]))[0]
    two = net(other, torch.tensor([3]))[0]

    torch.testing.assert_close(one[:3], two[:3])
    assert not torch.allclose(one[3:], two[3:])


def test_a_masked_encoder_looks_at_both_sides_but_not_at_the_filling():
    torch.manual_seed(0)
    net = MaskedEncoder.sized(
        BERT4RecParams(embedding_dim=8, max_length=6, blocks=2), 10
    ).eval()
    short = net(torch.tensor([[1, 2, 3]]), torch.tensor([3]))[0]
    filled = net(torch.tensor([[1, 2, 3, 7, 8]]), torch.tensor([3]))[0, :3]
    changed = net(torch.tensor([[1, 2, 4]]), torch.tensor([3]))[0]

    torch.testing.assert_close(short, filled)
    assert not torch.allclose(short[0], changed[0])


@given(seed=st.integers(0, 200), last=st.sampled_from([0.0, 1.0]))
def test_every_window_hides_something_it_has(seed, last):
    torch.manual_seed(seed)
    lengths = torch.randint(1, 6, (7,))
    items = torch.arange(5).expand(7, 5).clone()
    items[torch.arange(5) >= lengths[:, None]] = -1

    hidden = hide(items, lengths, SimpleNamespace(masked=0.2, last=last))

    assert hidden.any(dim=1).all()
    assert not hidden[items < 0].any()
    if last:
        assert hidden[torch.arange(7), lengths - 1].all()
