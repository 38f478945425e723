"""Fitted models on disk: one ``.npz`` of plain arrays, no pickle, no torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import DataError

Arrays = dict[str, NDArray[Any]]


def write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays to exactly ``path``."""
    with path.open("wb") as file:  # np.savez would append .npz to a bare path
        np.savez(file, allow_pickle=False, **arrays)


def read(path: Path, *names: str) -> Arrays:
    """Read what :func:`write` wrote.

    Args:
        path: The file.
        *names: Arrays that must be there.

    Raises:
        DataError: If the file is missing, lacks a name or holds anything but arrays.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    # TypeError: a file that is one bare array is no context manager
    except (OSError, EOFError, ValueError, TypeError, BadZipFile) as error:
        msg = f"{path} does not hold the weights of this model: {error}"
        raise DataError(msg) from error
    missing = [name for name in names if name not in arrays]
    if missing:
        msg = f"{path} does not hold the weights of this model: no {missing[0]!r}"
        raise DataError(msg)
    return arrays


def sparse(name: str, matrix: csr_array) -> Arrays:
    """Return the arrays of a sparse matrix, named after it."""
    return {
        f"{name}.data": matrix.data,
        f"{name}.indices": matrix.indices,
        f"{name}.indptr": matrix.indptr,
        f"{name}.shape": np.array(matrix.shape, dtype=np.int64),
    }


def sparse_of(name: str, arrays: Mapping[str, NDArray[Any]]) -> csr_array:
    """Return the matrix that :func:`sparse` took apart.

    Raises:
        DataError: If it is not there.
    """
    try:
        parts = [arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr")]
        n, width = arrays[f"{name}.shape"].tolist()
        return csr_array(tuple(parts), shape=(n, width))
    except (KeyError, ValueError) as error:
        msg = f"what was saved holds no matrix {name!r}: {error}"
        raise DataError(msg) from error
