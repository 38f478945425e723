"""What serving one user costs, and how large the model is; asked for after the output.

Whatever goes wrong here is no fault of the result, which is written already: the
figure is then not known.
"""

import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path

CALLS = 20
SECONDS = 0.1  # after which no further call is made
ROOM = 5.0  # seconds that must be left before the deadline, beside the expected time


def latency(
    serve: Callable[[int], object], n: int, *, spent: float, deadline: float | None
) -> float | None:
    """Return the median seconds of serving one question at a time.

    Args:
        serve: Serves the question of a number.
        n: How many questions there are.
        spent: Seconds that all of them took together, which one call should not pass.
        deadline: ``time.monotonic()`` value before which this must end, or None.
    """
    if not n or not _time_left(spent, deadline):
        return None
    found: list[float] = []
    try:
        serve(0)  # the first one pays for what later ones find ready
        begun = time.perf_counter()
        while len(found) < CALLS and time.perf_counter() - begun < SECONDS:
            row = len(found) * n // CALLS
            started = time.perf_counter()
            serve(row)
            found.append(time.perf_counter() - started)
    except Exception:  # noqa: BLE001 - a model may raise anything, also the second time
        return None
    return statistics.median(found)


def saved_mib(model: object, path: Path, *, deadline: float | None) -> float | None:
    """Return the size of what ``save(path)`` writes, MiB; None without it.

    Args:
        model: A fitted model.
        path: Where nothing exists; nothing is left there.
        deadline: As above.
    """
    save = getattr(model, "save", None)
    if not callable(save) or not _time_left(0.0, deadline):
        return None
    try:
        save(path)
        files = (
            [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
        )
        return sum(file.stat().st_size for file in files) / 2**20
    except Exception:  # noqa: BLE001 - see above
        return None
    finally:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _time_left(wanted: float, deadline: float | None) -> bool:
    return deadline is None or time.monotonic() + wanted + ROOM < deadline
