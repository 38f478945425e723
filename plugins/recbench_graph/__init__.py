"""LightGCN: factors smoothed over the graph of users and items (He et al., 2020)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recbench import ModelSpec, hookimpl, param, with_tuned


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Hyper-parameters, with the defaults the leaderboard uses."""

    embedding_dim: int = param(64, low=1, tune=(16, 256), log=True)
    layers: int = param(2, low=0, tune=(1, 4), help="steps of smoothing; 0: plain BPR")
    sampling: Literal["users", "pairs"] = param(
        "users",
        help="an epoch draws as many users as there are positives, evenly, and a "
        "positive of each, or passes over all positives",
    )
    init_std: float = param(0.1, low=0, tune=(0.01, 0.3), log=True)
    learning_rate: float = param(2e-2, low=0, tune=(5e-4, 5e-2), log=True)
    decay: float = param(
        3e-3, low=0, tune=(1e-6, 3e-2), log=True, help="L2 of the drawn embeddings"
    )
    batch_size: int = param(4096, low=1, tune=(512, 8192), log=True, help="triples")
    epochs: int = param(60, low=1)
    every: int = param(5, low=1, help="epochs between validations")
    patience: int = param(3, low=0, help="0: run all epochs, keep the last state")


PAPER = {
    "layers": 3,
    "sampling": "users",
    "learning_rate": 1e-3,
    "decay": 1e-4,
    "batch_size": 2048,
    "epochs": 1000,
    "patience": 0,
}


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    """Offer LightGCN."""
    yield from with_tuned(__file__, _models())


def _models() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="lightgcn",
        summary="factors smoothed over the graph of users and items",
        paper="He, Deng, Wang, Li, Zhang, Wang, 2020, LightGCN: Simplifying and "
        "Powering Graph Convolution Network for Recommendation",
        tasks=("top-n",),
        params=Params,
        presets={"paper": PAPER},
        devices=("cuda", "mps", "cpu"),
        factory="recbench_graph.lightgcn:LightGCN",
    )
