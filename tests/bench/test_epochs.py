"""An epoch of ours beside a DataLoader's, beside the bare steps, beside RecBole's.

The first two compare the notebook's architectures at its batch of 512 on one thread,
in seconds of the processor, without validation.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from recbench.neural import adam
from recbench.testing.threads import one_thread

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "peers"))
import test_dataloader_loop as loops
from peer_seconds import answer, elsewhere

NETWORKS = {"ncf": loops.NCF, "two-tower": loops.TwoTower}
TURNS = 2
SCRIPT = Path(__file__).parent / "peers" / "epochs.py"


def spent(work, rounds: int = 3) -> float:
    """Return the fewest seconds of the processor that a call took."""
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def epoch_of_ours(bench, model: str) -> float:
    """Return an epoch: five minus one, divided by four."""
    spec = bench.catalogue.models[model]
    seconds = {}
    for epochs in (1, 5):
        params = dict(spec.presets["notebook"]) | {"epochs": epochs}

        def fit(params=params) -> None:
            untrained, train, context = bench.ready(model, "rating", params=params)
            untrained.fit(train, replace(context, validation=None, validator=None))

        seconds[epochs] = spent(fit)
    return (seconds[5] - seconds[1]) / 4


def step(net, optimizer, users, items, ratings) -> None:
    loss = nn.functional.mse_loss(net(users, items), ratings)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@pytest.mark.parametrize("model", NETWORKS)
@pytest.mark.benchmark(group="an epoch")
@pytest.mark.timeout(900)
def test_an_epoch_beside_a_dataloaders(benchmark, recbench_bench, model) -> None:
    train = recbench_bench.split("rating").view.train
    rows = loops.RatingDataset(train)
    torch.manual_seed(0)
    net = NETWORKS[model](train.n_users, train.n_items)
    plain = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-5)
    loader = DataLoader(rows, batch_size=512, shuffle=True)

    def loop() -> None:
        for batch in loader:
            step(net, plain, *batch)

    bare_net = NETWORKS[model](train.n_users, train.n_items)
    bare = adam((bare_net.parameters(), 1e-5), learning_rate=1e-3)
    parts = (rows.users, rows.items, rows.ratings)
    given = list(zip(*(part.split(512) for part in parts), strict=True))

    def steps() -> None:
        for batch in given:
            step(bare_net, bare, *batch)

    with one_thread():
        seconds_loop, seconds_steps = spent(loop), spent(steps)
        ours = benchmark.pedantic(epoch_of_ours, args=(recbench_bench, model), rounds=1)
    benchmark.extra_info.update(
        model=model,
        cpu_seconds=ours,
        times_loop=seconds_loop / ours,
        of_bare_steps=ours / seconds_steps,
    )
    assert ours > 0


@pytest.mark.benchmark(group="an epoch")
@pytest.mark.timeout(900)
def test_epochs_beside_recbole(benchmark, tmp_path) -> None:
    def in_turn() -> list[dict[str, float]]:
        """Return each side's fastest of some rounds, as the machine changes pace."""
        turns = []
        for _ in range(TURNS):
            theirs = elsewhere(SCRIPT, "recbole", folder=tmp_path)
            if theirs is None:
                pytest.skip("recbole is not installed here")
            own = (
                answer(sys.executable, SCRIPT, what, folder=tmp_path)
                for what in ("recbench", "products")
            )
            turns.append((theirs, *own))
        return [
            {key: min(one[key] for one in side) for key in side[0]}
            for side in zip(*turns, strict=True)
        ]

    theirs, ours, bare = benchmark.pedantic(in_turn, rounds=1)

    assert theirs.keys() == ours.keys()
    benchmark.extra_info.update(
        {f"times_{name}": theirs[name] / ours[name] for name in ours},
        multivae_seconds=ours["multivae"],
        multivae_products=bare["multivae"],
        multivae_recbole=theirs["multivae"],
    )
