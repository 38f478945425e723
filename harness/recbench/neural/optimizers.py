"""Adam in its fused form wherever torch has one."""

from collections.abc import Iterable, Mapping

import torch
from torch import nn

FUSED = ("cpu", "cuda", "mps")


def adam(
    parameters: Iterable[nn.Parameter] | Mapping[float, Iterable[nn.Parameter]],
    *,
    learning_rate: float,
    weight_decay: float = 0.0,
    decoupled: bool = False,
) -> torch.optim.Optimizer:
    """Return Adam, fused where the device of the parameters allows it.

    One fused kernel per step replaces a dozen operations per tensor: a quarter of an
    epoch of a small network.

    Args:
        parameters: Parameters; or, where some are penalised more than others, a
            mapping from weight decay to parameters.
        learning_rate: Step size.
        weight_decay: Strength of the L2 penalty, where no mapping states it.
        decoupled: Whether the decay acts on the weights themselves (AdamW) instead
            of being added to the gradient.
    """
    if not isinstance(parameters, Mapping):
        parameters = {weight_decay: parameters}
    members = {decay: list(some) for decay, some in parameters.items()}
    groups = [
        {"params": some, "weight_decay": decay} for decay, some in members.items()
    ]
    kinds = {p.device.type for some in members.values() for p in some}
    optimizer = torch.optim.AdamW if decoupled else torch.optim.Adam
    return optimizer(groups, lr=learning_rate, fused=kinds <= set(FUSED))
