"""Libraries that several cells need and that take long to load."""

import contextlib
import importlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

REQUEST = "request.json"


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
