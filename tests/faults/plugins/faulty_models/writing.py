"""Models that write into the very files which other cells map."""

import mmap
from pathlib import Path

import numpy as np

from faulty_models.base import Fine


def mapped():
    """Return the files of training data that this process maps."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    paths = {line.split(maxsplit=5)[-1] for line in lines if "train-" in line}
    return sorted(path for path in paths if path.endswith(".npy"))


class WritesToDisk(Fine):
    def spoil(self, train, context):
        for path in mapped():
            with Path(path).open("r+b") as file:
                file.seek(128)
                file.write(np.ones(64, dtype=np.int32).tobytes())


class WritesByMap(Fine):
    def spoil(self, train, context):
        for path in mapped():
            with Path(path).open("r+b") as file, mmap.mmap(file.fileno(), 0) as pages:
                pages[128:384] = np.ones(64, dtype=np.int32).tobytes()
