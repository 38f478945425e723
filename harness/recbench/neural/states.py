"""Weights of modules on disk, as :mod:`recbench.states` keeps arrays."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from recbench.errors import DataError
from recbench.states import read_arrays, save_arrays


def save_module(path: Path | str, module: nn.Module) -> None:
    """Write the module's parameters and buffers to exactly ``path``."""
    state = module.state_dict().items()
    save_arrays(path, **{name: np.asarray(t.cpu()) for name, t in state})


def load_module(path: Path | str, module: nn.Module) -> None:
    """Fill ``module`` with the weights at ``path``; it keeps its device.

    The module must have the right shapes already: :func:`read_arrays` tells them.

    Raises:
        DataError: If the file cannot be read, or names or shapes differ.
    """
    state = {name: torch.from_numpy(a) for name, a in read_arrays(path).items()}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        msg = f"{path} does not hold the weights of this model: {error}"
        raise DataError(msg) from error
