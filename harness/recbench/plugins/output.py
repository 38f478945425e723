"""Where what plugins print goes: to stderr, so that stdout stays ours."""

import contextlib
import sys
import threading
from collections.abc import Iterator

_one = threading.RLock()  # a plugin may load another


@contextlib.contextmanager
def to_stderr() -> Iterator[None]:
    """Send what is printed inside to stderr; one thread at a time.

    Two at once would each put back the other's stdout, and one that imports a plugin
    would find the half module of another.
    """
    with _one, contextlib.redirect_stdout(sys.stderr):
        yield
