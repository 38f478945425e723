"""Neural collaborative filtering: GMF, MLP and NeuMF (He et al., 2017)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recbench import ModelSpec, hookimpl, param, with_tuned


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Hyper-parameters; the defaults are those of the task ``rating``."""

    variant: Literal["neumf", "gmf", "mlp"] = param(
        "neumf", help="product of embeddings, network on both, or their sum"
    )
    loss: Literal["squared", "log"] = param(
        "squared", help="squared error of ratings, or log loss of positives"
    )
    offsets: bool = param(
        default=True, help="squared: fit what user and item offsets leave over"
    )
    embedding_dim: int = param(32, low=1, tune=(8, 128), log=True)
    hidden: tuple[int, ...] = param((64, 32), low=1, help="layers of the network")
    dropout: float = param(0.2, low=0, high=0.95, tune=(0.0, 0.6))
    negatives: int = param(3, low=1, tune=(1, 10), help="log: per positive")
    learning_rate: float = param(2e-3, low=0, tune=(3e-4, 1e-2), log=True)
    weight_decay: float = param(2e-4, low=0, tune=(1e-7, 1e-3), log=True)
    schedule: Literal["linear", "plateau", "none"] = param(
        "linear", help="fall to 0; halve after 3 epochs without improvement; stay"
    )
    batch_size: int = param(1024, low=1, tune=(128, 4096), log=True)
    epochs: int = param(15, low=1)
    patience: int = param(3, low=0, help="0: run all epochs, keep the last state")
    precision: Literal["float32", "bfloat16", "float16"] = param(
        "float32", help="of products while training; weights stay float32"
    )


TOP_N = {
    "loss": "log",
    "offsets": False,
    "hidden": (32, 16),
    "weight_decay": 1e-5,
}

NOTEBOOK = {
    "variant": "mlp",
    "loss": "squared",
    "offsets": False,
    "embedding_dim": 64,
    "hidden": (128, 64, 32),
    "dropout": 0.2,
    "learning_rate": 1e-3,
    "weight_decay": 1e-5,
    "schedule": "plateau",
    "batch_size": 512,
    "epochs": 15,
    "patience": 0,
}


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    """Offer NCF."""
    yield from with_tuned(__file__, _models())


def _models() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="ncf",
        summary="a product of embeddings (GMF), a network on them (MLP), or both",
        paper="He, Liao, Zhang, Nie, Hu, Chua, 2017, Neural Collaborative Filtering",
        tasks=("rating", "top-n"),
        params=Params,
        task_defaults={"top-n": TOP_N},
        presets={"notebook": NOTEBOOK},
        devices=("cuda", "mps", "cpu"),
        factory="recbench_ncf.model:NCF",
    )
