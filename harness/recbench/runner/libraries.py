"""The libraries that cells find loaded: those of all, of networks, of a few models."""

import contextlib
import gc
import importlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PRELOAD = (
    "numpy",
    "scipy.sparse.linalg",
    "scipy.linalg",
    "recbench.runner.child",
    "recbench.metrics.builtin",
    "recbench.metrics.compute",
)
NETWORKS = ("torch", "recbench.neural")
REQUEST = "request.json"


def preload(*, torch: bool) -> None:
    """Import what most cells need, and what networks need besides."""
    with uncollected():
        for name in (*PRELOAD, *(NETWORKS if torch else ())):
            importlib.import_module(name)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Import inside without garbage collection, which takes a sixth of torch's import.

    What is there at the end is never looked at again, so that the collector of a child
    does not touch, and copy, these pages.
    """
    gc.disable()
    yield
    gc.freeze()
    gc.enable()


def wanted(folder: Path) -> tuple[str, ...]:
    """Return the libraries that the request in a folder names, sorted."""
    try:
        request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
        return tuple(sorted(request.get("libraries", ())))
    except (OSError, ValueError):
        return ()  # the cell's own process will say what is wrong


def load(names: Iterable[str]) -> None:
    """Import libraries; one that cannot be imported is the business of its cells."""
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
            if name == "numba":
                _know_types()


def _know_types() -> None:
    """Do what numba puts off until it first compiles or reads machine code."""
    registry: Any = importlib.import_module("numba.core.registry")
    target = registry.cpu_target
    target.typing_context.refresh()
    target.target_context.refresh()
