"""Weights on disk: one ``.npz`` of plain arrays, no pickle."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from recbench.errors import DataError


def save_module(path: Path | str, module: nn.Module) -> None:
    """Write the module's parameters and buffers to exactly ``path``."""
    arrays = {name: np.asarray(t.cpu()) for name, t in module.state_dict().items()}
    with Path(path).open("wb") as file:  # np.savez would append .npz to a bare path
        np.savez(file, allow_pickle=False, **arrays)


def read_state(path: Path | str) -> dict[str, Tensor]:
    """Read what :func:`save_module` wrote, by name, on the CPU.

    The shapes say how large a module to build before :func:`load_module`.

    Raises:
        DataError: If the file is missing or holds anything but plain arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        msg = f"{path} does not hold saved weights: {error}"
        raise DataError(msg) from error


def load_module(path: Path | str, module: nn.Module) -> None:
    """Fill ``module`` with the weights at ``path``.

    Raises:
        DataError: If names or shapes differ from the module's.
    """
    try:
        module.load_state_dict(read_state(path))
    except RuntimeError as error:
        msg = f"{path} holds the weights of another model: {error}"
        raise DataError(msg) from error
