"""What the towers read: encoded features, and histories of queries."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from recbench import FeatureEncoder, Features, Queries
from recbench.neural import Rows

Codes = NDArray[np.int32]


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


def matrix_of(rows: Rows) -> csr_array:
    """Return the matrix that rows were read from."""
    columns = np.asarray(rows.columns.cpu())
    indptr = np.append(np.asarray(rows.starts.cpu()), len(columns))
    values = np.asarray(rows.values.cpu())
    return csr_array((values, columns, indptr), shape=rows.shape)


def histories(queries: Queries, threshold: float | None, n_items: int) -> csr_array:
    """Return 1 for each positive item of each query, shape ``(n, n_items)``."""
    owners = np.repeat(np.arange(len(queries)), np.diff(queries.offsets))
    items = queries.items
    if threshold is not None and queries.ratings is not None:
        liked = queries.ratings >= np.float32(threshold)
        owners, items = owners[liked], items[liked]
    ones = np.ones(len(items), dtype=np.float32)
    rows = csr_array((ones, (owners, items)), (len(queries), n_items))
    rows.sum_duplicates()
    rows.data[:] = 1
    return rows
