"""What a server's answer says about waiting and about versions of a file."""

import email.utils
import http.client
import time


def retry_after(value: str | None) -> float | None:
    """Return the seconds that the header asks for, or None."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, when.timestamp() - time.time())


def validator(response: http.client.HTTPResponse) -> str | None:
    """Return what tells two versions of the file apart: a strong ETag or a date."""
    tag: str | None = response.headers.get("ETag")
    if tag and not tag.startswith("W/"):
        return tag
    date: str | None = response.headers.get("Last-Modified")
    return date
