"""AutoRec: an autoencoder of rating vectors (Sedhain et al., 2015)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recbench import ModelSpec, hookimpl, param, with_tuned

ACTIVATIONS = ("sigmoid", "tanh", "relu", "identity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Hyper-parameters; the defaults are those of the task ``rating``."""

    axis: Literal["item", "user"] = param(
        "item", help="whose rating vectors are rebuilt"
    )
    loss: Literal["observed", "all"] = param(
        "observed", help="fit observed ratings, or all cells of the positives"
    )
    offsets: bool = param(
        default=True, help="rebuild what user and item offsets leave over"
    )
    hidden: int = param(300, low=1, tune=(100, 600), log=True)
    activation: str = param("sigmoid", choices=ACTIVATIONS)
    input_dropout: float = param(0.0, low=0, high=0.95, tune=(0.0, 0.6))
    dropout: float = param(0.0, low=0, high=0.95, help="of the hidden layer")
    encoder_decay: float = param(1e-4, low=0, tune=(1e-6, 1e-2), log=True)
    decoder_decay: float = param(3e-3, low=0, tune=(1e-5, 3e-2), log=True)
    learning_rate: float = param(1e-3, low=0, tune=(3e-4, 5e-3), log=True)
    anneal: bool = param(default=True, help="let the learning rate fall to 0, linearly")
    batch_size: int = param(
        128, low=0, tune=(32, 512), log=True, help="rows per step; 0 for all"
    )
    epochs: int = param(25, low=1)
    patience: int = param(5, low=0, help="0: run all epochs, keep the last state")
    precision: Literal["float32", "bfloat16", "float16"] = param(
        "float32", help="of products while training; weights stay float32"
    )


TOP_N = {
    "axis": "user",
    "loss": "all",
    "offsets": False,
    "hidden": 200,
    "input_dropout": 0.5,
    "encoder_decay": 3e-6,
    "decoder_decay": 3e-6,
    "learning_rate": 5e-3,
    "batch_size": 64,
    "epochs": 30,
}

# The notebook divides its loss by all cells, observed or not, which on ml-100k (4.4 %
# of the cells hold a training rating) makes its decay of 1e-5 one of 2.3e-4 here.
NOTEBOOK = {
    "axis": "user",
    "loss": "observed",
    "offsets": False,
    "hidden": 256,
    "activation": "relu",
    "dropout": 0.3,
    "input_dropout": 0.0,
    "encoder_decay": 2.3e-4,
    "decoder_decay": 2.3e-4,
    "learning_rate": 1e-3,
    "anneal": False,
    "batch_size": 0,
    "epochs": 50,
    "patience": 0,
}


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    """Offer AutoRec."""
    yield from with_tuned(__file__, _models())


def _models() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="autorec",
        summary="autoencoder of each item's, or each user's, vector of ratings",
        paper="Sedhain, Menon, Sanner, Xie, 2015, "
        "AutoRec: Autoencoders Meet Collaborative Filtering",
        tasks=("rating", "top-n"),
        params=Params,
        task_defaults={"top-n": TOP_N},
        presets={"notebook": NOTEBOOK},
        devices=("cuda", "mps", "cpu"),
        needs=(),
        factory="recbench_autorec.model:AutoRec",
    )
