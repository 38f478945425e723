"""The child's end of what passes to the parent while it works."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

EVENT_BYTES = 16 * 2**20


class Events:
    """Lines of JSON that the parent reads while the child works."""

    def __init__(self, folder: Path) -> None:
        """Open the file for appending, one write per line, and find the bell."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.handle = os.open(folder / "events.jsonl", flags)
        self.bell = -1
        with contextlib.suppress(OSError):
            self.bell = os.open(folder / "bell", os.O_WRONLY | os.O_NONBLOCK)
        self.written = 0

    def phase(self, name: str) -> None:
        """Announce a phase, and wake the parent to hear of it."""
        self.write({"phase": name})
        with contextlib.suppress(OSError):
            os.write(self.bell, b"!")

    def report(self, values: Mapping[str, Any]) -> None:
        """Pass on the numbers that a model reports; what is no number is left out."""
        numbers = {}
        for name, value in values.items():
            with contextlib.suppress(TypeError, ValueError, RuntimeError):
                numbers[str(name)] = float(value)
        numbers.pop("phase", None)
        if self.written < EVENT_BYTES:
            self.write(numbers)

    def write(self, event: Mapping[str, Any]) -> None:
        """Append one event; a model that closed all files harms its curves only."""
        line = json.dumps(event).encode() + b"\n"
        self.written += len(line)
        with contextlib.suppress(OSError):
            os.write(self.handle, line)
