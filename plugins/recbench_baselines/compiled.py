"""``kernels``, compiled by numba when they are first asked for.

Machine code is kept in the user's cache folder, so that only the first cell after an
installation or an upgrade waits for the compiler. The folder is named by all that
decides about the code and that numba does not compare itself: the text of the loops and
of this file, NumPy's version. Where it cannot be written, or holds something broken,
the loops are compiled in memory.
"""

import functools
import hashlib
import importlib.util
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import platformdirs
from numpy.typing import NDArray

from recbench_baselines import kernels

LINE = 64  # bytes
FLAGS = {"reassoc", "contract"}
OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": FLAGS}


def zeros(shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return zeros, float32, whose first row starts where a line of the cache does.

    Vectors that straddle two lines cost a compiled loop a tenth of its speed.
    """
    size = shape[0] * shape[1]
    room = np.zeros(size + LINE // 4, dtype=np.float32)
    start = -room.ctypes.data % LINE // 4
    return room[start : start + size].reshape(shape)


def available() -> bool:
    """Return whether numba is installed."""
    return importlib.util.find_spec("numba") is not None


def cache_folder() -> Path:
    """Return the folder for machine code of these very sources."""
    files = (__file__, kernels.__file__, Path(__file__).with_name("lanes.py"))
    sources = (Path(str(file)).read_bytes() for file in files)
    name = hashlib.sha256(b"".join((*sources, np.__version__.encode()))).hexdigest()
    base = Path(platformdirs.user_cache_dir("recbench", appauthor=False))
    return base / "compiled" / name[:16]


def signatures() -> dict[str, Any]:
    """Return what each loop takes; columns may be read-only, as mapped files are."""
    from numba.core import types as numba_types

    types: Any = numba_types  # made of metaclasses that no checker reads

    code, place, real = types.int32, types.int64, types.float32
    codes, reals = types.Array(code, 1, "C"), types.Array(real, 1, "C")
    places, table = types.Array(place, 1, "C"), types.Array(real, 2, "C")
    in_codes = types.Array(code, 1, "C", readonly=True)
    in_places = types.Array(place, 1, "C", readonly=True)
    in_reals = types.Array(real, 1, "C", readonly=True)
    in_words = types.Array(types.uint64, 1, "C", readonly=True)
    pair = types.Tuple((place, types.boolean))
    columns = (in_codes, in_places, in_codes, in_reals)
    in_table = types.Array(real, 2, "C", readonly=True)
    rows = (in_places, in_codes, in_table, in_reals, in_reals)
    return {
        "others": types.void(
            in_places, in_codes, in_codes, place, in_words, codes, codes
        ),
        "pairs_epoch": types.float64(
            in_places,
            in_codes,
            in_codes,
            in_codes,
            real,
            real,
            real,
            table,
            reals,
            reals,
            reals,
        ),
        "least_squares": types.void(place, place, *rows, place, real, table),
        "seen": pair(in_codes, places, codes),
        "group": types.void(in_codes, in_codes, in_reals, places, codes, reals),
        "sgd_epoch": types.float64(
            *columns, real, real, real, real, reals, reals, table, table
        ),
    }


def kernels_for(names: Sequence[str], log: logging.Logger) -> list[Callable[..., Any]]:
    """Return compiled loops, and log how long that took."""
    start = time.perf_counter()
    made = [kernel(name) for name in names]
    log.info("compiled loops are ready after %.2f s", time.perf_counter() - start)
    return made


@functools.cache
def kernel(name: str) -> Callable[..., Any]:
    """Return a compiled loop.

    Args:
        name: Of a function in ``kernels``.

    Raises:
        ImportError: If numba is missing or does not load.
    """
    import numba

    from recbench_baselines import lanes

    lanes.install(frozenset(FLAGS))
    config: Any = numba.config  # its names come from the environment
    njit: Any = numba.njit
    signature, source = signatures()[name], getattr(kernels, name)
    before = config.CACHE_DIR
    try:
        config.CACHE_DIR = before or str(cache_folder())
        made = njit(signature, cache=True, **OPTIONS)(source)
    except Exception:  # noqa: BLE001 - whatever is wrong with the cache, do without
        made = njit(signature, **OPTIONS)(source)
    finally:
        config.CACHE_DIR = before
    return cast("Callable[..., Any]", made)
