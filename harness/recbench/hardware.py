"""What the machine is: devices, cores, memory, versions."""

import functools
import hashlib
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from recbench.errors import UsageError

LIBRARIES = (
    "recbench-harness",
    "numpy",
    "scipy",
    "pandas",
    "torch",
    "scikit-surprise",
    "numba",
)
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
PROBE = (
    "import torch;"
    "print('cuda', torch.cuda.device_count() if torch.cuda.is_available() else 0);"
    "print('mps', int(torch.backends.mps.is_available()));"
    "[print('name', torch.cuda.get_device_name(i))"
    " for i in range(torch.cuda.device_count())]"
)


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_limits(threads: int) -> dict[str, str]:
    """Return the variables that limit the libraries a process will load."""
    return dict.fromkeys(THREAD_VARIABLES, str(threads))


def memory_bytes() -> int:
    """Return the memory this process may use: the machine's, or its container's."""
    total = 0
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        total = min(total, int(text)) if total else int(text)
    return total


def cpu_name() -> str:
    """Return the processor's own name, as far as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def may_have_accelerator() -> bool:
    """Return whether it is worth asking torch for a GPU, without importing it."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return any(Path("/dev").glob("nvidia[0-9]*")) or Path("/dev/kfd").exists()


@functools.cache
def accelerators() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the devices beside the CPU and their names, asked in another process.

    Returns:
        Devices such as ``("cuda:0", "cuda:1")`` or ``("mps",)``, and names for them.
    """
    if not may_have_accelerator():
        return (), ()
    try:
        answer = subprocess.run(
            [sys.executable, "-c", PROBE],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout
    except (subprocess.SubprocessError, OSError):
        return (), ()
    lines = [line.split(" ", 1) for line in answer.splitlines() if " " in line]
    counts = {key: int(value) for key, value in lines if key in ("cuda", "mps")}
    names = tuple(value for key, value in lines if key == "name")
    if counts.get("cuda"):
        return tuple(f"cuda:{i}" for i in range(counts["cuda"])), names
    if counts.get("mps"):
        return ("mps",), ("Apple GPU",)
    return (), ()


def choose_device(
    wanted: str, supported: tuple[str, ...], present: tuple[str, ...] | None = None
) -> str:
    """Return the device kind a model trains on.

    Args:
        wanted: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        supported: Kinds the model supports, best first.
        present: Kinds there are where it will run; None for this machine's.

    Raises:
        UsageError: If a device is named that is not there.
    """
    if present is None:
        present = ("cpu", *(device.partition(":")[0] for device in accelerators()[0]))
    kinds = set(present)
    if wanted != "auto":
        if wanted not in kinds:
            found = ", ".join(sorted(kinds))
            msg = f"device {wanted!r} was not found: there is {found}"
            raise UsageError(msg)
        return wanted if wanted in supported else "cpu"
    return next((kind for kind in supported if kind in kinds), "cpu")


def versions() -> dict[str, str]:
    """Return the versions that may change a result, from metadata alone."""
    found = {"python": platform.python_version()}
    return found | {name: v for name in LIBRARIES if (v := _version(name))}


@functools.cache
def _version(distribution: str) -> str:
    """Return a version, or nothing where it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def machine() -> dict[str, Any]:
    """Return what identifies the kind of machine; no host name, no user name."""
    facts: dict[str, Any] = {
        "cpu": cpu_name(),
        "cores": cores(),
        "memory_gib": round(memory_bytes() / 2**30, 1),
        "gpus": list(accelerators()[1]),
        "system": f"{platform.system()} {platform.machine()}",
    }
    text = "|".join(f"{key}={facts[key]}" for key in sorted(facts))
    return facts | {"id": hashlib.sha256(text.encode()).hexdigest()[:12]}
