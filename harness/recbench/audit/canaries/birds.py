"""The plugin card of the canary: one model, one channel per parameter."""

from collections.abc import Iterator
from dataclasses import dataclass

from recbench.hookspecs import hookimpl
from recbench.specs import ModelSpec, param

RANKING = (
    "ties",
    "codes",
    "codes-near",
    "item-features",
    "user-features",
    "row-order",
    "row-neighbours",
    "timestamps",
    "time-gaps",
    "questions",
    "seed",
    "files",
    "environment",
    "process",
    "memory",
    "timing",
)
RATING = ("pair-order", "files", "environment", "process", "memory")
CHANNELS = tuple(dict.fromkeys((*RANKING, *RATING)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Where the canary looks for labels."""

    channel: str = param("ties", choices=CHANNELS)


SPEC = ModelSpec(
    name="canary",
    factory="recbench.audit.canaries.bird:Canary",
    tasks=("top-n", "rating"),
    params=Params,
    summary="reads what it is handed and must not beat chance",
    default=False,
)


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    """Offer the canary."""
    yield SPEC
