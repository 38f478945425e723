"""From what a model raised to a status, a message and a traceback."""

import contextlib
import errno
import traceback
from collections.abc import Iterator
from typing import Any

from recbench import plugins
from recbench.errors import ContractError, RecbenchError
from recbench.plugins.sources import source_hash

TRACEBACK_LINES = 30
LENGTH = 8000
MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE)


class NotOfferedError(RecbenchError):
    """The model cannot do what the suite asks; its cell is skipped."""


class TroubleError(RecbenchError):
    """The machine or the harness failed, not the model."""


class SourceChangedError(TroubleError):
    """The plugin is no longer what the plan, and so the key of the cell, says."""


@contextlib.contextmanager
def same_source(plugin: plugins.Plugin, planned: str) -> Iterator[None]:
    """Refuse to go on with a plugin whose source is no longer the planned one.

    Raises:
        SourceChangedError: If it changed or went away; also when that is why what
            was done inside failed.
    """
    try:
        yield
    finally:
        if planned and _hash(plugin) != planned:
            msg = (
                f"the source of plugin {plugin.name} changed after the run was "
                "planned: run again"
            )
            raise SourceChangedError(msg)


def _hash(plugin: plugins.Plugin) -> str:
    """Return the hash of a plugin's source, empty where it is gone."""
    try:
        return source_hash(plugin)
    except (OSError, ImportError):
        return ""


def failure(error: BaseException) -> dict[str, Any]:
    """Return what goes into ``result.json`` when the model raised."""
    name, text = type(error).__name__, _text(error)
    found = {"status": "failed", "message": f"{name}: {text}"[:LENGTH]}
    if isinstance(error, SystemExit):
        found["message"] = f"the model ended its process: {name}: {text}"[:LENGTH]
    elif isinstance(error, ContractError):
        found = {"status": "invalid", "message": text}
    elif isinstance(error, NotOfferedError):
        found = {"status": "skipped", "message": text}
    elif isinstance(error, TroubleError):
        found = {"status": "trouble", "message": text}
    elif isinstance(error, OSError) and error.errno in MACHINE:
        found["status"] = "trouble"
    elif isinstance(error, MemoryError) or "out of memory" in text[:LENGTH].lower():
        found["status"] = "out-of-memory"
    found["traceback"] = _traceback(error)
    return {**found, "retry": not isinstance(error, SourceChangedError)}


def _text(error: BaseException) -> str:
    """Return the text of an error, even of one whose ``__str__`` raises."""
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - the model's own error class is broken
        return "(its message cannot be shown)"


def _traceback(error: BaseException) -> str:
    """Return the last lines of the traceback; they too may depend on the model."""
    try:
        lines = traceback.format_exception(error)
    except BaseException:  # noqa: BLE001 - a cause or a frame of its own making
        lines = traceback.format_tb(error.__traceback__)
    text = "".join(line[-LENGTH:] for line in lines[-TRACEBACK_LINES:])
    return "\n".join(text.splitlines()[-TRACEBACK_LINES:])[-LENGTH:]
