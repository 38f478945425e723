"""Looking around the process: files, environment, other processes, memory, clocks."""

import contextlib
import gc
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.audit.canaries.guess import Guess, by_item
from recbench.audit.canaries.harvest import Harvest
from recbench.interactions import Interactions
from recbench.protocols import FitContext

ABOVE = 2  # folders above the working folder that are searched
TEMPORARY = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108 - to look into
MINE = "recbench"  # what folders of the harness are called


def files(train: Interactions, context: FitContext) -> Guess:
    """Search the working folder, folders of mapped files, caches, temporary ones."""
    found = Harvest(train, context)
    for root in dict.fromkeys(_folders()):
        found.folder(root)
    return found.guess()


def _folders() -> Iterator[Path]:
    """Yield folders in which labels may lie, the likeliest first."""
    here = Path.cwd()
    yield here
    yield from list(here.parents)[:ABOVE]
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/maps").read_text().splitlines():
            path = Path(line.split(maxsplit=5)[-1])
            if path.suffix == ".npy":
                yield from (path.parent, path.parent.parent)
    for root in TEMPORARY:
        with contextlib.suppress(OSError):
            yield from sorted(root.glob(f"{MINE}*"))
    cache = os.environ.get("RECBENCH_CACHE")
    home = Path.home() / ".cache"
    places = [cache, os.environ.get("XDG_CACHE_HOME"), str(home)]
    for place in filter(None, places):
        yield Path(place) / MINE
        if place == cache:
            yield Path(place)


def environment(train: Interactions, context: FitContext) -> Guess:
    """Read the environment, the arguments and every file that they name."""
    found = Harvest(train, context)
    for text in (*os.environ.values(), *sys.argv, *sys.orig_argv):
        found.text(text)
        for part in text.split(os.pathsep):
            if os.sep in part:
                found.arrays(found.file(Path(part)))
    return found.guess()


def process(train: Interactions, context: FitContext) -> Guess:
    """Read what /proc tells of this process and of those above it."""
    found = Harvest(train, context)
    for pid in _ancestors():
        folder = Path("/proc") / str(pid)
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                found.text((folder / name).read_bytes().decode(errors="replace"))
        with contextlib.suppress(OSError):
            opened = [found.file(path) for path in sorted((folder / "fd").iterdir())]
            found.arrays([array for arrays in opened for array in arrays])
    return found.guess()


def _ancestors() -> Iterator[int]:
    """Yield this process, its parent, and so on."""
    pid = os.getpid()
    while pid > 0:
        yield pid
        try:
            text = Path(f"/proc/{pid}/stat").read_text(
                encoding="ascii", errors="replace"
            )
        except OSError:
            return
        pid = int(text.rpartition(")")[2].split()[1])


def memory(train: Interactions, context: FitContext) -> Guess:
    """Search frames, modules and every object that the collector knows."""
    found = Harvest(train, context)
    frame = sys._getframe()  # noqa: SLF001 - a cheater's way
    while frame is not None:
        found.arrays(_arrays_of(list(frame.f_locals.values())))
        frame = frame.f_back  # type: ignore[assignment]  # None at the top
    for module in list(sys.modules.values()):
        if found.over():
            break
        found.arrays(_direct(list(vars(module).values())))
    for thing in gc.get_objects():
        if found.over():
            break
        # type(), not isinstance(): proxies of libraries answer __class__ with warnings
        kind = type(thing)
        if issubclass(kind, (Interactions, dict)) or kind.__name__ == "View":
            found.arrays(_direct(gc.get_referents(thing)))
    return found.guess()


def _direct(values: list[Any]) -> list[NDArray[Any]]:
    return [v for v in values if type(v) is np.ndarray]


def _arrays_of(values: list[Any]) -> list[NDArray[Any]]:
    """Return the arrays among values, and those that the values hold."""
    inner = (_direct(gc.get_referents(v)) for v in values if not isinstance(v, type))
    return [*_direct(values), *(array for arrays in inner for array in arrays)]


class _Probe:
    """A model that puts one item on top of every list."""

    def __init__(self, item: int, n_items: int) -> None:
        self.row = np.zeros(n_items, dtype=np.float32)
        self.row[item] = 1

    def score(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        return np.broadcast_to(self.row, (len(users), len(self.row)))


def timing(train: Interactions, context: FitContext) -> Guess:
    """Measure how long the harness takes to validate a list led by each item."""
    seconds = np.zeros(train.n_items)
    for item in range(train.n_items):
        probe = _Probe(item, train.n_items)
        started = time.perf_counter()
        context.validate(probe)
        seconds[item] = time.perf_counter() - started
    return by_item(np.argsort(np.argsort(seconds)), train.n_items)
