"""One way to write data as JSON, so that equal data has equal bytes and equal hash."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import msgspec

from recbench.errors import RecbenchError


def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return ``value`` with sorted keys, lists for tuples, and 1.0 written as 1.0.

    Raises:
        RecbenchError: For NaN or infinity, which JSON cannot hold.
    """
    if isinstance(value, Mapping):
        return {str(k): plain(value[k]) for k in sorted(value, key=str)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        msg = f"{value} cannot be stored: JSON has no such number"
        raise RecbenchError(msg)
    return value


def encode(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return the canonical JSON bytes of plain data or of a struct."""
    data = msgspec.to_builtins(value)
    return msgspec.json.encode(plain(data))


def digest(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return the SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(encode(value)).hexdigest()
