"""Mult-VAE and Mult-DAE: autoencoders of users' items (Liang et al., 2018)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recbench import ModelSpec, hookimpl, param, with_tuned

PAPER = (
    "Liang, Krishnan, Hoffman, Jebara, 2018, "
    "Variational Autoencoders for Collaborative Filtering"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Hyper-parameters of Mult-VAE, with the defaults the leaderboard uses."""

    hidden: tuple[int, ...] = param((), low=1, help="layers of the encoder")
    latent: int = param(200, low=1, tune=(32, 400), log=True)
    dropout: float = param(0.5, low=0, high=0.95, tune=(0.2, 0.8), help="of the input")
    beta: float = param(0.2, low=0, high=1, tune=(0.05, 0.5), help="largest KL weight")
    anneal: float = param(
        1.0, low=0.01, high=1, help="share of the epochs over which beta is reached"
    )
    learning_rate: float = param(3e-3, low=0, tune=(3e-4, 1e-2), log=True)
    weight_decay: float = param(0.0, low=0, tune=(1e-7, 1e-3), log=True)
    batch_size: int = param(128, low=1, tune=(64, 512), log=True, help="users")
    epochs: int = param(40, low=1)
    patience: int = param(8, low=0, help="0: run all epochs, keep the last state")
    precision: Literal["float32", "bfloat16", "float16"] = param(
        "float32", help="of products while training; weights stay float32"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DenoisingParams:
    """Hyper-parameters of Mult-DAE, with the defaults the leaderboard uses."""

    hidden: tuple[int, ...] = param((), low=1, help="layers of the encoder")
    latent: int = param(200, low=1, tune=(32, 400), log=True)
    dropout: float = param(0.5, low=0, high=0.95, tune=(0.2, 0.8), help="of the input")
    learning_rate: float = param(3e-3, low=0, tune=(3e-4, 1e-2), log=True)
    weight_decay: float = param(4e-5, low=0, tune=(1e-7, 1e-3), log=True)
    batch_size: int = param(128, low=1, tune=(64, 512), log=True, help="users")
    epochs: int = param(40, low=1)
    patience: int = param(5, low=0, help="0: run all epochs, keep the last state")
    precision: Literal["float32", "bfloat16", "float16"] = param(
        "float32", help="of products while training; weights stay float32"
    )


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    """Offer Mult-VAE and Mult-DAE."""
    yield from with_tuned(__file__, _models())


def _models() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="mult-vae",
        summary="variational autoencoder of each user's items, multinomial likelihood",
        paper=PAPER,
        tasks=("top-n",),
        params=Params,
        devices=("cuda", "mps", "cpu"),
        factory="recbench_mult_vae.model:Autoencoder",
    )
    yield ModelSpec(
        name="multi-dae",
        summary="denoising autoencoder of each user's items, multinomial likelihood",
        paper=PAPER,
        tasks=("top-n",),
        params=DenoisingParams,
        devices=("cuda", "mps", "cpu"),
        factory="recbench_mult_vae.model:Autoencoder",
    )
