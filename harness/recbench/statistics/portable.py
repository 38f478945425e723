"""Random numbers that are the same on every machine and in every NumPy version.

NumPy promises that the raw output of a bit generator never changes, but not that
``Generator.normal`` and its like do not. A board must be the same byte for byte
wherever it is built, so only raw output is used.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special


def uniform(seed: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return numbers in the open interval (0, 1), float64 of ``shape``."""
    raw = np.random.Philox(seed).random_raw(int(np.prod(shape)))
    return np.asarray(((raw >> np.uint64(11)) + 0.5) * 2.0**-53).reshape(shape)


def exponential(seed: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return standard exponential numbers, float64 of ``shape``."""
    return -np.log(uniform(seed, shape))


def normal(seed: int, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return standard normal numbers, float64 of ``shape``."""
    return np.asarray(special.ndtri(uniform(seed, shape)))


def chi_square(seed: int, shape: tuple[int, ...], df: int) -> NDArray[np.float64]:
    """Return chi-square numbers with ``df`` degrees of freedom, float64."""
    return np.asarray(2 * special.gammaincinv(df / 2, uniform(seed, shape)))


def signs(seed: int, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return -1 and 1 with equal chance, float64 of ``shape``."""
    return np.where(uniform(seed, shape) < 0.5, -1.0, 1.0)
