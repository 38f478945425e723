"""The fixed calculation that everything is timed beside."""

import time

import numpy as np

VERSION = 1  # ratios to different calculations cannot be compared
TERMS = 40_000


class Reference:
    """Products, sorting, scattered sums and plain Python: what a benchmark spends.

    It uses nothing of recbench, so that no change of recbench changes it.
    """

    def __init__(self) -> None:
        """Draw its input."""
        rng = np.random.default_rng(20_261_124)
        self.left = rng.normal(size=(256, 64)).astype(np.float32)
        self.right = rng.normal(size=(64, 4096)).astype(np.float32)
        self.values = rng.normal(size=2**18).astype(np.float32)
        self.codes = rng.integers(0, 4096, 2**18)
        self.once()

    def once(self) -> float:
        """Calculate; return something of all parts, so that none is left out."""
        product = self.left @ self.right
        largest = product.max(axis=1)
        ordered = np.sort(self.values)
        sums = np.bincount(self.codes, weights=self.values, minlength=4096)
        total = 0
        for number in range(TERMS):
            total += number % 7
        return float(largest[0] + ordered[0] + sums[0] + total)

    def seconds(self) -> float:
        """Return how many seconds of the processor it takes once."""
        start = time.process_time()
        self.once()
        return time.process_time() - start
