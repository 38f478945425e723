"""The child's end of what passes to the parent while it works."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recbench.errors import ContractError

EVENT_BYTES = 16 * 2**20
APPEND = os.O_WRONLY | os.O_APPEND


class Events:
    """Lines of JSON that the parent reads while the child works."""

    def __init__(self, folder: Path) -> None:
        """Open the file for appending, one write per line, and find the bell."""
        self.path, self.bell = folder / "events.jsonl", folder / "bell"
        self.handle = os.open(self.path, APPEND | os.O_CREAT)
        self.file = _identity(self.handle)
        self.written = 0

    def phase(self, name: str) -> None:
        """Announce a phase, and wake the parent to hear of it.

        Raises:
            ContractError: If the model cut every way to the parent.
        """
        if not self.write({"phase": name}):
            msg = "the model closed or removed the files that the harness works with"
            raise ContractError(msg)
        with contextlib.suppress(OSError):
            bell = os.open(self.bell, os.O_WRONLY | os.O_NONBLOCK)
            os.write(bell, b"!")
            os.close(bell)

    def report(self, values: Mapping[str, Any]) -> None:
        """Pass on the numbers that a model reports; what is no number is left out."""
        numbers = {}
        for name, value in values.items():
            with contextlib.suppress(
                TypeError, ValueError, ArithmeticError, RuntimeError
            ):
                numbers[str(name)] = float(value)
        numbers.pop("phase", None)
        if self.written < EVENT_BYTES:
            self.write(numbers)

    def write(self, event: Mapping[str, Any]) -> bool:
        """Append one event; return whether that was possible."""
        line = json.dumps(event).encode() + b"\n"
        self.written += len(line)
        if _identity(self.handle) != self.file:
            # the model closed it, and the number may be that of a file of its own
            try:
                self.handle = os.open(self.path, APPEND)
            except OSError:
                return False
            self.file = _identity(self.handle)
        try:
            os.write(self.handle, line)
        except OSError:
            return False
        return True


def _identity(handle: int) -> tuple[int, int]:
    """Return what tells a file from others, whatever its number is."""
    try:
        found = os.fstat(handle)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino
