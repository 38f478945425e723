"""The memory of this process, as the kernel counts it, and how it is given back."""

import contextlib
import ctypes
import sys
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
HEAP_BYTES = 64 * 2**20  # of an array; glibc goes up to 32 MiB by itself
KEPT_BYTES = 2**30


def keep_freed() -> None:
    """Have glibc keep freed memory, up to 1 GiB, for what is allocated next.

    By default it returns the matrices of a training step to the kernel, which hands
    them out anew, page by page and zeroed, at the next step: up to a tenth of the time
    of a model of small matrices. Arrays above 64 MiB go back as ever, so that no hole
    is left where they were. Elsewhere than with glibc nothing is done.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, HEAP_BYTES)
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


def memory_mib(field: str) -> float | None:
    """Return a memory figure of this process from the kernel, MiB."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    for line in status.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return round(int(line.split()[1]) / 1024, 1)
    return None


def peak_mib() -> float | None:
    """Return the peak resident memory of this process, MiB.

    ``ru_maxrss`` will not do where there is better: it holds the memory of the process
    that started this one.
    """
    peak = memory_mib("VmHWM")
    if peak is None:
        import resource  # the fallback where there is no /proc

        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak = round(used / (2**20 if sys.platform == "darwin" else 2**10), 1)
    return peak
