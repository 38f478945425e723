"""Parameters of the hybrid models, with the defaults that boards use."""

from dataclasses import dataclass
from typing import Literal

from recbench import param

SOURCES = "whose features are read; none: the same model by codes alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class LightFMParams:
    """Parameters of LightFM."""

    features: Literal["all", "items", "users", "none"] = param("all", help=SOURCES)
    loss: Literal["warp", "bpr", "logistic"] = param("warp", help="what is minimised")
    embedding_dim: int = param(64, low=1, tune=(16, 256), log=True)
    negatives: int = param(10, low=1, help="items drawn for each positive")
    code_dropout: float = param(
        0.0,
        low=0,
        high=1,
        tune=(0.0, 1.0),
        help="chance that a user or item is known by its features only",
    )
    learning_rate: float = param(5e-3, low=0, tune=(5e-4, 3e-2), log=True)
    weight_decay: float = param(1e-5, low=0, tune=(1e-8, 1e-3), log=True)
    batch_size: int = param(1024, low=1, tune=(256, 8192), log=True)
    epochs: int = param(30, low=1)
    patience: int = param(4, low=0, help="0: run all epochs, keep the last state")


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineParams:
    """Parameters of the factorization machine; the defaults are those of ``rating``."""

    features: Literal["all", "items", "users", "none"] = param("all", help=SOURCES)
    loss: Literal["squared", "softmax", "bpr"] = param(
        "squared", help="squared error of ratings, or a loss that ranks"
    )
    history: bool = param(
        default=False, help="ranking: the user's other items are features of the user"
    )
    embedding_dim: int = param(32, low=1, tune=(8, 128), log=True)
    negatives: int = param(1000, low=1, help="softmax: items drawn for each batch")
    code_dropout: float = param(
        0.0,
        low=0,
        high=1,
        tune=(0.0, 1.0),
        help="chance that a user or item is known by its features only",
    )
    learning_rate: float = param(1e-3, low=0, tune=(5e-4, 3e-2), log=True)
    weight_decay: float = param(5e-5, low=0, tune=(1e-8, 1e-2), log=True)
    batch_size: int = param(1024, low=1, tune=(256, 8192), log=True)
    epochs: int = param(20, low=1)
    patience: int = param(3, low=0, help="0: run all epochs, keep the last state")


MACHINE_TOP_N = {
    "loss": "softmax",
    "history": True,
    "code_dropout": 0.05,
    "learning_rate": 3e-3,
    "weight_decay": 1e-4,
    "patience": 2,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureEASEParams:
    """Parameters of EASE with features."""

    features: Literal["all", "items", "users", "none"] = param("all", help=SOURCES)
    variant: Literal["collective", "added"] = param(
        "collective", help="one model of both, or two models whose weights are added"
    )
    reg: float = param(200.0, low=1e-9, tune=(10.0, 5000.0), log=True)
    item_weight: float = param(
        1.0,
        low=0,
        tune=(0.1, 100.0),
        log=True,
        help="collective: weight of a feature of items, as if so many users had it",
    )
    user_weight: float = param(
        0.1,
        low=0,
        tune=(0.01, 3.0),
        log=True,
        help="weight of what features of users say, beside the items",
    )
    user_reg: float = param(30.0, low=1e-9, tune=(1.0, 300.0), log=True)
    share: float = param(
        0.5, low=0, high=1, tune=(0.0, 1.0), help="added: share of the features' model"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureKNNParams:
    """Parameters of the nearest neighbours by users and features."""

    features: Literal["all", "items", "users", "none"] = param("all", help=SOURCES)
    k: int = param(100, low=1, tune=(10, 500), log=True)
    shrink: float = param(20.0, low=0, tune=(1.0, 300.0), log=True)
    share: float = param(
        0.1, low=0, high=1, tune=(0.0, 1.0), help="share of the likeness by features"
    )
    user_k: int = param(
        100, low=1, tune=(10, 500), log=True, help="users like one without a past"
    )
