"""Parameters of the sequential models, with the defaults the leaderboard uses."""

from dataclasses import dataclass
from typing import Literal

from recbench import param


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentPopularParams:
    """Parameters of ``recent-popular``."""

    half_life: float = param(
        0.03,
        low=1e-6,
        tune=(0.002, 1.0),
        log=True,
        help="share of all events after which an event counts half",
    )
    moments: int = param(200, low=1, help="moments at which popularity is kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkovChainParams:
    """Parameters of ``markov-chain``."""

    reach: int = param(
        10, low=1, tune=(1, 20), help="steps over which one item leads to another"
    )
    history: int = param(5, low=1, tune=(1, 20), help="latest items that vote")
    decay: float = param(
        0.7, low=0, high=1, tune=(0.1, 1.0), help="weight of a vote, by age"
    )
    shrink: float = param(
        10.0, low=0, tune=(0.1, 100), log=True, help="events added to an item's count"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LastItemKNNParams:
    """Parameters of ``last-item-knn``."""

    history: int = param(3, low=1, tune=(1, 20), help="latest items that vote")
    decay: float = param(
        0.5, low=0, high=1, tune=(0.1, 1.0), help="weight of a vote, by age"
    )
    shrink: float = param(
        20.0, low=0, tune=(1, 200), log=True, help="added to the denominator"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKNNParams:
    """Parameters of ``session-knn``."""

    k: int = param(100, low=1, tune=(20, 1000), log=True, help="neighbours that vote")
    recency: float = param(
        5.0,
        low=0.1,
        tune=(1.0, 50.0),
        log=True,
        help="events by which an item of the query loses 1/e of its weight",
    )
    nearness: float = param(
        5.0,
        low=0.1,
        tune=(1.0, 50.0),
        log=True,
        help="events by which an item of a neighbour loses it, around the match",
    )
    back: float = param(
        0.5,
        low=0,
        high=1,
        tune=(0.0, 1.0),
        help="weight of what the neighbour did before the match",
    )
    idf: float = param(
        1.0, low=0, tune=(0.0, 2.0), help="power of the items' rarity in the match"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TALEParams:
    """Parameters of ``tale``."""

    fade: float = param(
        5.0,
        low=0.1,
        tune=(1.0, 20.0),
        log=True,
        help="events by which a source loses 1/e of its weight in training",
    )
    fade_served: float = param(
        6.0,
        low=0.1,
        tune=(1.0, 50.0),
        log=True,
        help="events by which an item of a query loses it",
    )
    hours: float = param(
        0.25,
        low=0,
        tune=(0.05, 500.0),
        log=True,
        help="hours by which a source loses it, too; 0 ignores the clock",
    )
    floor: float = param(
        0.2, low=0, high=1, tune=(0.0, 0.8), help="least weight the clock leaves"
    )
    popularity: float = param(
        0.0,
        low=0,
        high=1,
        tune=(0.0, 0.5),
        help="power of its popularity that a source is divided by",
    )
    reg: float = param(
        200.0, low=1e-6, tune=(10.0, 3000.0), log=True, help="ridge penalty"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GRU4RecParams:
    """Parameters of ``gru4rec``."""

    loss: Literal["cross-entropy", "bpr-max"] = param("cross-entropy")
    negatives: int = param(
        512,
        low=0,
        tune=(128, 4096),
        log=True,
        help="items a target competes with, shared by a batch; 0: the whole catalogue",
    )
    power: float = param(
        0.5,
        low=0,
        high=1,
        tune=(0.0, 1.0),
        help="power of the popularity by which negatives are drawn",
    )
    log_q: float = param(
        1.0, low=0, high=1, tune=(0.0, 1.0), help="share of the correction for that"
    )
    penalty: float = param(
        1.0, low=0, tune=(0.0, 2.0), help="bpr-max: of the negatives' scores"
    )
    embedding_dim: int = param(64, low=1, tune=(32, 256), log=True)
    layers: int = param(1, low=1, high=4)
    max_length: int = param(50, low=2, help="events of a training window")
    dropout_items: float = param(0.2, low=0, high=0.95, tune=(0.0, 0.5))
    dropout_states: float = param(0.2, low=0, high=0.95, tune=(0.0, 0.5))
    learning_rate: float = param(8e-3, low=0, tune=(5e-4, 2e-2), log=True)
    weight_decay: float = param(0.0, low=0, tune=(1e-6, 1e-1), log=True)
    batch_size: int = param(16, low=1, tune=(16, 256), log=True, help="windows")
    epochs: int = param(10, low=1, tune=(5, 100))
    patience: int = param(4, low=0, help="0: run all epochs, keep the last state")
    precision: Literal["float32", "bfloat16", "float16"] = param(
        "float32", help="of products while training; weights stay float32"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SASRecParams:
    """Parameters of ``sasrec``."""

    loss: Literal["cross-entropy", "gbce"] = param("cross-entropy")
    negatives: int = param(
        512,
        low=0,
        tune=(128, 4096),
        log=True,
        help="items a target competes with, shared by a batch; 0: the whole catalogue",
    )
    power: float = param(
        0.5,
        low=0,
        high=1,
        tune=(0.0, 1.0),
        help="power of the popularity by which negatives are drawn",
    )
    calibration: float = param(
        0.75, low=0, high=1, tune=(0.0, 1.0), help="gbce: 0 is plain binary"
    )
    embedding_dim: int = param(64, low=1, tune=(32, 256), log=True)
    blocks: int = param(1, low=1, tune=(1, 3))
    heads: int = param(2, low=1, help="they divide embedding_dim")
    max_length: int = param(50, low=2, tune=(20, 200), log=True, help="events seen")
    dropout: float = param(0.2, low=0, high=0.95, tune=(0.0, 0.6))
    learning_rate: float = param(4e-3, low=0, tune=(5e-4, 1e-2), log=True)
    weight_decay: float = param(0.0, low=0, tune=(1e-6, 1e-1), log=True)
    batch_size: int = param(16, low=1, tune=(16, 256), log=True, help="windows")
    epochs: int = param(12, low=1, tune=(10, 100))
    patience: int = param(4, low=0, help="0: run all epochs, keep the last state")
    precision: Literal["float32", "bfloat16", "float16"] = param(
        "float32", help="of products while training; weights stay float32"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BERT4RecParams:
    """Parameters of ``bert4rec``."""

    masked: float = param(
        0.3, low=0.01, high=0.9, tune=(0.1, 0.6), help="share of items to guess"
    )
    last: float = param(
        0.5, low=0, high=1, help="share of windows whose last item is one of them"
    )
    negatives: int = param(
        0,
        low=0,
        tune=(128, 4096),
        log=True,
        help="items a target competes with, shared by a batch; 0: the whole catalogue",
    )
    power: float = param(
        0.5,
        low=0,
        high=1,
        tune=(0.0, 1.0),
        help="power of the popularity by which negatives are drawn",
    )
    embedding_dim: int = param(64, low=1, tune=(32, 256), log=True)
    blocks: int = param(1, low=1, tune=(1, 3))
    heads: int = param(2, low=1, help="they divide embedding_dim")
    max_length: int = param(50, low=2, tune=(20, 200), log=True, help="events seen")
    dropout: float = param(0.1, low=0, high=0.95, tune=(0.0, 0.6))
    learning_rate: float = param(4e-3, low=0, tune=(5e-4, 1e-2), log=True)
    weight_decay: float = param(0.0, low=0, tune=(1e-6, 1e-1), log=True)
    batch_size: int = param(16, low=1, tune=(16, 256), log=True, help="windows")
    epochs: int = param(16, low=1, tune=(10, 200))
    patience: int = param(5, low=0, help="0: run all epochs, keep the last state")
    precision: Literal["float32", "bfloat16", "float16"] = param(
        "float32", help="of products while training; weights stay float32"
    )
