"""Checksums that a publisher serves beside its files."""

import http.client
import re

from recbench.datasets.download import Limits
from recbench.datasets.http import TransientError, open_url
from recbench.errors import DataError


def read_small(
    url: str,
    *,
    limits: Limits | None = None,
    loopback: bool = False,
    max_bytes: int = 4096,
) -> str:
    """Return the text at an address, at most ``max_bytes`` of it.

    Raises:
        DataError: If it cannot be had.
    """
    limits = limits or Limits()
    try:
        with open_url(
            url,
            connect_seconds=limits.connect_seconds,
            stall_seconds=limits.stall_seconds,
            loopback=loopback,
        ) as response:
            return response.read(max_bytes).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException, TransientError) as error:
        msg = f"{url} cannot be read: {error}"
        raise DataError(msg) from error


def published_md5(
    url: str, *, limits: Limits | None = None, loopback: bool = False
) -> str | None:
    """Return the MD5 that the publisher serves beside an archive, if it does."""
    try:
        text = read_small(url + ".md5", limits=limits, loopback=loopback)
    except DataError:
        return None
    found = re.search(r"\b[0-9a-f]{32}\b", text.lower())
    return found[0] if found else None
