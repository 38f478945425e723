"""Two-tower retrieval: a network for users, one for items, and their dot product."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recbench import ModelSpec, hookimpl, param, with_tuned


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Hyper-parameters; the defaults are those of the task ``rating``."""

    loss: Literal["squared", "softmax"] = param(
        "squared", help="squared error of ratings, or softmax over items in the batch"
    )
    offsets: bool = param(
        default=True, help="squared: fit what user and item offsets leave over"
    )
    embedding_dim: int = param(32, low=1, tune=(16, 256), log=True)
    hidden: tuple[int, ...] = param((64,), low=1, help="layers of each tower")
    residual: bool = param(
        default=True, help="add the embedding to what the network makes of it"
    )
    dropout: float = param(0.2, low=0, high=0.95, tune=(0.0, 0.6))
    normalize: bool = param(
        default=False, help="softmax: compare directions, not lengths"
    )
    temperature: float = param(
        1.0, low=0.01, tune=(0.05, 2.0), log=True, help="softmax: divides the scores"
    )
    correction: float = param(
        1.0, low=0, high=1, help="softmax: share of the popularity that is corrected"
    )
    learning_rate: float = param(2e-3, low=0, tune=(3e-4, 1e-2), log=True)
    weight_decay: float = param(5e-4, low=0, tune=(1e-7, 1e-3), log=True)
    anneal: bool = param(default=True, help="let the learning rate fall to 0, linearly")
    batch_size: int = param(512, low=1, tune=(128, 4096), log=True)
    epochs: int = param(20, low=1)
    patience: int = param(3, low=0, help="0: run all epochs, keep the last state")
    precision: Literal["float32", "bfloat16", "float16"] = param(
        "float32", help="of products while training; weights stay float32"
    )


TOP_N = {
    "loss": "softmax",
    "offsets": False,
    "embedding_dim": 48,
    "normalize": True,
    "temperature": 0.2,
    "learning_rate": 4e-3,
    "weight_decay": 1e-5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureParams:
    """Hyper-parameters of the towers on features, for the task ``top-n``."""

    features: Literal["all", "items", "users", "none"] = param(
        "all", help="whose features are read; none: the same model by codes alone"
    )
    history: bool = param(
        default=True, help="the user's other items are an input of the user's tower"
    )
    code_dropout: float = param(
        0.2,
        low=0,
        high=1,
        tune=(0.0, 1.0),
        help="chance that a user or item is known without its code",
    )
    embedding_dim: int = param(48, low=1, tune=(16, 256), log=True)
    hidden: tuple[int, ...] = param((64,), low=1, help="layers of each tower")
    residual: bool = param(
        default=True, help="add the input to what the network makes of it"
    )
    dropout: float = param(0.2, low=0, high=0.95, tune=(0.0, 0.6))
    normalize: bool = param(default=True, help="compare directions, not lengths")
    temperature: float = param(
        0.2, low=0.01, tune=(0.05, 2.0), log=True, help="divides the scores"
    )
    correction: float = param(
        1.0, low=0, high=1, help="share of the popularity that is corrected"
    )
    learning_rate: float = param(4e-3, low=0, tune=(3e-4, 1e-2), log=True)
    weight_decay: float = param(1e-5, low=0, tune=(1e-7, 1e-3), log=True)
    anneal: bool = param(default=True, help="let the learning rate fall to 0, linearly")
    batch_size: int = param(512, low=1, tune=(128, 4096), log=True)
    epochs: int = param(20, low=1)
    patience: int = param(3, low=0, help="0: run all epochs, keep the last state")


NOTEBOOK = {
    "loss": "squared",
    "offsets": False,
    "embedding_dim": 64,
    "hidden": (128,),
    "residual": False,
    "dropout": 0.2,
    "learning_rate": 1e-3,
    "weight_decay": 1e-5,
    "anneal": False,
    "batch_size": 512,
    "epochs": 15,
    "patience": 0,
}


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    """Offer the two-tower models."""
    yield from with_tuned(__file__, _models())


def _models() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="two-tower",
        summary="a network for users and one for items, compared by a dot product",
        paper="Yi, Yang, Hong, Cheng, Heldt, Kumthekar, Zhao, Wei, Chi, 2019, "
        "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations",
        tasks=("rating", "top-n"),
        params=Params,
        task_defaults={"top-n": TOP_N},
        presets={"notebook": NOTEBOOK},
        devices=("cuda", "mps", "cpu"),
        factory="recbench_two_tower.model:TwoTower",
    )
    yield ModelSpec(
        name="feature-two-tower",
        summary="two towers on features and histories beside codes",
        paper="Yi, Yang, Hong, Cheng, Heldt, Kumthekar, Zhao, Wei, Chi, 2019, "
        "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations",
        tasks=("top-n",),
        params=FeatureParams,
        devices=("cuda", "mps", "cpu"),
        factory="recbench_two_tower.featured:FeatureTwoTower",
    )
