"""Metrics over a few candidates, against a slow loop."""

import math
from decimal import Decimal

import numpy as np

from recbench import plugins
from recbench.claims.claim import Claim, Figure, Setting, Source
from recbench.claims.measuring import Bench
from recbench.claims.sampled import Candidates, Only, run
from recbench.specs import Protocol

ZERO = Decimal(0)
N_USERS, N_ITEMS, SAMPLE = 30, 40, 8
RNG = np.random.default_rng(4)
TRAIN = np.array([RNG.permutation(N_ITEMS)[:6] for _ in range(N_USERS)])
TEST = TRAIN[:, 0]  # the first of each row is held out
SAMPLED = np.array(
    [[TEST[u], *RNG.permutation(N_ITEMS)[:SAMPLE]] for u in range(N_USERS)]
)

PLUGIN = """
import sys
from recbench import Dataset, DatasetSpec, Interactions, hookimpl
import numpy as np

world = sys.modules["candidates_world"]


def load(context):
    users = np.repeat(np.arange(world.N_USERS), 6)
    return Dataset(
        name="toy-sampled",
        interactions=Interactions(
            users=users.astype(np.int32),
            items=world.TRAIN.ravel().astype(np.int32),
            n_users=world.N_USERS,
            n_items=world.N_ITEMS,
        ),
        user_ids=np.arange(world.N_USERS),
        item_ids=np.arange(world.N_ITEMS),
        values="none",
        folds={"test": np.arange(world.N_USERS) * 6},
    )


@hookimpl
def recbench_datasets():
    yield DatasetSpec(name="toy-sampled", load=load, values="none", has=("folds",))
"""


def candidates(_dataset):
    users = np.arange(N_USERS, dtype=np.int32)
    return Candidates(users=users, items=SAMPLED.astype(np.int32))


def slow_loop(counts, k):
    """Hit rate and NDCG, or None where a tie decides."""
    hits, gains = [], []
    for user in range(N_USERS):
        mine = counts[TEST[user]]
        others = {i for i in SAMPLED[user] if i != TEST[user]}
        above = sum(counts[i] > mine for i in others)
        assert all(counts[i] != mine for i in others)
        hits.append(above < k)
        gains.append(1 / math.log2(above + 2) if above < k else 0.0)
    return np.mean(hits), np.mean(gains)


class Fixed:
    """Scores that no two items share."""

    scores = np.random.default_rng(7).permutation(N_ITEMS).astype(np.float32)

    def fit(self, train, context):
        del train, context

    def score(self, users):
        return np.broadcast_to(self.scores, (len(users), N_ITEMS))


def test_hit_rate_and_ndcg_over_candidates_agree_with_a_slow_loop(
    tmp_path, monkeypatch
):
    import sys

    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, "candidates_world", sys.modules[__name__])
    path = tmp_path / "sampled_toy.py"
    path.write_text(PLUGIN)
    catalogue = plugins.load([str(path)])
    from recbench import ModelSpec

    catalogue.models["fixed"] = ModelSpec(name="fixed", factory=Fixed, tasks=("top-n",))
    names = ("hit-rate@3", "ndcg@3", "hit-rate@1")
    setting = Setting(
        name="few",
        words="few candidates",
        protocol=Protocol(
            task="top-n",
            split="fixed",
            split_params={"fold": "test", "validation": 0.0},
            candidates="all",
            k=3,
        ),
        candidates="candidates_world:candidates",
    )
    claim = Claim(
        name="few",
        file=path,
        plugin="few",
        source=Source(name="few", title="few"),
        dataset="toy-sampled",
        setting=setting,
        model="fixed",
        figures=tuple(Figure(metric=n, published=ZERO, tolerance=ZERO) for n in names),
    )

    found = run(claim, setting, Bench(catalogue=catalogue, records=tmp_path))

    hit3, ndcg3 = slow_loop(Fixed.scores, 3)
    assert found.values["hit-rate@3"] == np.float64(hit3)
    np.testing.assert_allclose(found.values["ndcg@3"], ndcg3)
    assert found.values["hit-rate@1"] == slow_loop(Fixed.scores, 1)[0]


def test_vectors_score_like_scores():
    class Vectors:
        def user_vectors(self, users):
            return np.ones((len(users), 1), dtype=np.float32)

        def item_vectors(self):
            return Fixed.scores[:, None]

    users = np.array([4, 1], dtype=np.int32)
    row_of = np.arange(N_USERS)
    one = Only(model=Fixed(), candidates=candidates(None), row_of=row_of)
    other = Only(model=Vectors(), candidates=candidates(None), row_of=row_of)

    np.testing.assert_array_equal(one.score(users), other.score(users))
    assert (one.score(users) > -1).sum() == sum(
        len(set(SAMPLED[u].tolist())) for u in users
    )
