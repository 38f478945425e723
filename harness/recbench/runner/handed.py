"""Read what a child left behind, trusting nothing about it.

A file may be missing, huge, a pipe that never ends, a link to elsewhere, or hold any
bytes: none of these may stop the parent or reach a record or a terminal as it is.
"""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recbench.results.atomic import open_regular

__all__ = ["MESSAGE_LENGTH", "clean", "number", "open_regular", "result", "tail"]

RESULT_BYTES = 2**20
MESSAGE_LENGTH, TRACEBACK_LENGTH, LOG_LENGTH = 2000, 8000, 4000
LOG_LINES = 40
TROUBLE = "trouble"  # what a child claims when the harness, not the model, failed
CLAIMS = ("ok", "failed", "invalid", "skipped", "out-of-memory", TROUBLE)
TIMES = ("fit", "score", "latency")
ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?")


def clean(text: str, limit: int, *, end: bool = False) -> str:
    """Return text without escape sequences and control characters, of limited length.

    Args:
        text: Anything.
        limit: Characters to keep.
        end: Whether the end of what is too long is kept, not the start.
    """
    text = text[-4 * limit :] if end else text[: 4 * limit]
    text = text.encode(errors="backslashreplace").decode()
    text = ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(c for c in text if c.isprintable() or c in "\n\t")
    if len(text) <= limit:
        return text
    return "..." + text[3 - limit :] if end else text[: limit - 3] + "..."


def tail(log: bytes) -> str:
    """Return the last lines of a log."""
    text = clean(log.decode(errors="backslashreplace"), LOG_LENGTH, end=True)
    return "\n".join(text.splitlines()[-LOG_LINES:])


def result(folder: Path, token: str) -> dict[str, Any]:
    """Return what the child left in ``result.json``; empty if that is no result.

    Args:
        folder: The folder of the cell.
        token: What the harness in the child was told and writes into its result; a
            file without it was written by somebody else.
    """
    try:
        with open_regular(folder / "result.json") as file:
            data = file.read(RESULT_BYTES + 1)
        found = json.loads(data) if len(data) <= RESULT_BYTES else None
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or found.get("token") != token:
        return {}
    status = found.get("status")
    if status not in CLAIMS:
        return {}
    return {
        "status": status,
        "message": clean(_text(found.get("message")), MESSAGE_LENGTH),
        "traceback": clean(_text(found.get("traceback")), TRACEBACK_LENGTH, end=True),
        "seconds": _seconds(found.get("seconds")),
        "n_parameters": _count(found.get("n_parameters")),
        "size_mib": number(found.get("size_mib")),
        "peak_mib": number(found.get("peak_mib")),
        "base_mib": number(found.get("base_mib")),
        "retry": found.get("retry") is not False,
    }


def number(value: object) -> float | None:
    """Return a finite number as a float, anything else as None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, int) and abs(value) >= 2**63:
        return None
    return float(value) if math.isfinite(value) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    found = number(value)
    return None if found is None or found < 0 else int(found)


def _seconds(value: object) -> dict[str, float]:
    """Return the times that are usable."""
    given: Mapping[str, object] = value if isinstance(value, dict) else {}
    times = {name: number(given.get(name)) for name in TIMES}
    return {name: time for name, time in times.items() if time is not None}
