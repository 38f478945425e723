"""The memory of this process, as the kernel counts it."""

import sys
from pathlib import Path


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
