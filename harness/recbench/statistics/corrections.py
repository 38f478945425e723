"""Corrections for testing many hypotheses at once."""

import numpy as np
from numpy.typing import NDArray


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values adjusted by Holm (1979): family-wise error.

    Args:
        p: P-values, shape ``(m,)``.
    """
    order = np.argsort(p, kind="stable")
    scaled = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(scaled)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted


def benjamini_hochberg(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values adjusted by Benjamini and Hochberg (1995): false discovery rate.

    Args:
        p: P-values, shape ``(m,)``.
    """
    m = len(p)
    order = np.argsort(p, kind="stable")[::-1]
    scaled = p[order] * m / np.arange(m, 0, -1)
    adjusted = np.empty_like(scaled)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return adjusted


CORRECTIONS = {"holm": holm, "bh": benjamini_hochberg}
