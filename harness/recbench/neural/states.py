"""Weights on disk: one ``.npz`` of plain arrays, no pickle."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from recbench.errors import DataError


def save_arrays(path: Path | str, **arrays: NDArray[np.generic]) -> None:
    """Write named arrays to exactly ``path``."""
    with Path(path).open("wb") as file:  # np.savez would append .npz to a bare path
        np.savez(file, allow_pickle=False, **arrays)


def read_arrays(path: Path | str, *names: str) -> dict[str, NDArray[np.generic]]:
    """Read what :func:`save_arrays` wrote.

    Args:
        path: The file.
        *names: Arrays that must be there; empty for whatever is.

    Raises:
        DataError: If the file is missing, lacks a name or holds anything but arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in names or file.files}
    # TypeError: a file that is one bare array is no context manager
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
        msg = f"{path} does not hold the weights of this model: {error}"
        raise DataError(msg) from error
    return arrays


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
