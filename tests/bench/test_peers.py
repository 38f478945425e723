"""Metrics and full ranking beside the libraries that do the same, where installed.

``RECBENCH_PEER_PYTHONS`` (separated like PATH) names interpreters that have them.
Each runs in a fresh process on one thread; its import and its compilation count.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "peers"))
from peer_seconds import seconds

SHAPE = "ml-20m"
SHARES = {"ranx": 0.05, "ir_measures": 0.05, "torchmetrics": 0.01}  # of its users


def beside(benchmark, kind: str, peer: str, *, shape: str, share: float, agree) -> None:
    theirs = seconds(kind, peer, shape, share)
    if theirs is None:
        pytest.skip(f"{peer} is not installed here")
    ours = benchmark.pedantic(seconds, args=(kind, "recbench", shape, share), rounds=1)
    benchmark.extra_info.update(
        peer=peer,
        shape=shape,
        share=share,
        cpu_seconds=ours["cpu"],
        peer_cpu_seconds=theirs["cpu"],
        times_faster=theirs["cpu"] / ours["cpu"],
    )
    for name in agree:
        assert theirs["figures"][name] == pytest.approx(
            ours["figures"][name], rel=1e-6
        ), name


@pytest.mark.parametrize(
    ("peer", "agree"),
    [
        ("pytrec_eval", ("precision", "recall", "ndcg")),
        ("ranx", ("precision", "ndcg", "mrr")),
        ("rectools", ("precision", "recall")),
        ("ir_measures", ("precision", "recall", "ndcg")),
        ("torchmetrics", ("precision",)),
    ],
)
@pytest.mark.benchmark(group="metrics beside peers")
@pytest.mark.timeout(900)
def test_metrics_of_given_lists(benchmark, peer, agree) -> None:
    share = SHARES.get(peer, 1.0)

    beside(benchmark, "metrics", peer, shape=SHAPE, share=share, agree=agree)


@pytest.mark.parametrize(
    ("peer", "agree"),
    [
        ("implicit_own", ("ndcg",)),
        ("implicit_ranx", ("precision", "ndcg", "mrr")),
        ("rectools", ("precision", "recall")),
        ("cornac", ()),
        ("lenskit", ()),
    ],
)
@pytest.mark.benchmark(group="ranking beside peers")
@pytest.mark.timeout(900)
def test_ranking_and_metrics(benchmark, peer, agree) -> None:
    beside(benchmark, "ranking", peer, shape="ml-100k", share=1.0, agree=agree)
