"""Encoded features of the users or of the items, and how they are kept."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from recbench import FeatureEncoder, Features
from recbench.neural import Rows

Codes = NDArray[np.int32]
Arrays = dict[str, NDArray[Any]]
NAMES = ("features.indptr", "features.columns", "features.values")


def encoded(
    features: Features | None, codes: Codes, n: int, device: torch.device
) -> tuple[FeatureEncoder, Rows, Tensor]:
    """Return the encoder, the encoded rows and which codes occur, as 0 or 1."""
    known = np.bincount(codes, minlength=n) > 0
    encoder = FeatureEncoder.fit(features, rows=known)
    rows = csr_array(np.zeros((n, 0), dtype=np.float32))
    matrix = rows if features is None else encoder.matrix(features)
    flags = torch.from_numpy(known.astype(np.float32)[:, None])
    return encoder, Rows(matrix, device), flags.to(device)


def arrays_of(rows: Rows) -> Arrays:
    """Return the arrays of encoded features, under ``NAMES``."""
    starts = np.asarray(rows.starts.cpu())
    columns = np.asarray(rows.columns.cpu())
    values = np.asarray(rows.values.cpu())
    indptr = np.append(starts, len(columns))
    return dict(zip(NAMES, (indptr, columns, values), strict=True))


def rows_of(arrays: Arrays, width: int) -> Rows:
    """Return the encoded features that :func:`arrays_of` took apart, on the CPU."""
    indptr, columns, values = (arrays[name] for name in NAMES)
    shape = (len(indptr) - 1, width)
    return Rows(csr_array((values, columns, indptr), shape=shape))
