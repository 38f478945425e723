"""What a node keeps of a run: views and plugin files, found by their hashes.

A folder is used only after its hash was computed anew. One that does not agree is
removed and another is made under another name, so that a cell which still maps the old
files notices when it ends.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

PREFIX = "recbench-cache-"
SHOWN = 16  # hex digits of a hash in a folder's name
LEFTOVER_SECONDS = 7 * 86_400.0
WAIT_SECONDS = 0.2
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,150}\.(npy|json|py)")

Agrees = Callable[[Path], bool]


class Source(Protocol):
    """Where files can be read by hash: the desk of the run."""

    def names(self, digest: str) -> list[str]:
        """Return the names of the files under a hash."""
        ...

    def read(self, digest: str, name: str, offset: int) -> bytes:
        """Return the next piece of a file, empty at its end."""
        ...


def obtain(
    digest: str,
    agrees: Agrees,
    *,
    source: Source,
    halt: threading.Event,
    shared: Path | None = None,
) -> Path:
    """Return a folder on this node whose content has a hash.

    Args:
        digest: The hash, hex digits.
        agrees: Computes the hash of a folder anew and compares.
        source: Where its files can be read.
        halt: Ends the wait for another task that fetches the same.
        shared: A folder that may be reachable from here and hold the same.

    Raises:
        OSError: If it cannot be had.
    """
    room = Path(tempfile.gettempdir())
    sweep(room)
    with _alone(room / f"{PREFIX}{digest[:SHOWN]}.lock", halt):
        for made in _made(room, f"{PREFIX}{digest[:SHOWN]}-*"):
            if agrees(made / "files"):
                os.utime(made)
                return made / "files"
            shutil.rmtree(made, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{digest[:SHOWN]}-"))
        try:
            _fill(made / "files", digest, agrees, source=source, shared=shared)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    return made / "files"


def _fill(
    folder: Path, digest: str, agrees: Agrees, *, source: Source, shared: Path | None
) -> None:
    """Copy a folder from where it is shared, or fetch it piece by piece.

    Raises:
        OSError: If neither yields what the hash says.
    """
    if shared is not None and agrees(shared):
        shutil.copytree(shared, folder)
        if agrees(folder):
            return
        shutil.rmtree(folder)
    folder.mkdir()
    for name in source.names(digest):
        if not NAME.fullmatch(name):
            msg = f"refused to write a file named {name!r}"
            raise OSError(msg)
        with (folder / name).open("xb") as file:
            for piece in pieces(source, digest, name):
                file.write(piece)
    if not agrees(folder):
        msg = f"what the run sent is not what its hash {digest[:SHOWN]} says"
        raise OSError(msg)


def pieces(source: Source, digest: str, name: str) -> Iterator[bytes]:
    """Yield a file of the source piece by piece."""
    offset = 0
    while piece := source.read(digest, name, offset):
        offset += len(piece)
        yield piece


def fetch(source: Source, digest: str, name: str) -> bytes:
    """Return a file of the source that is named by its SHA-256.

    Raises:
        OSError: If it is not what its hash says.
    """
    data = b"".join(pieces(source, digest, name))
    if hashlib.sha256(data).hexdigest() != digest:
        msg = f"what the run sent is not what its hash {digest[:SHOWN]} says"
        raise OSError(msg)
    return data


def _made(room: Path, pattern: str) -> list[Path]:
    """Return the folders of a pattern that are this user's own."""
    found = []
    for path in sorted(room.glob(pattern)):
        with contextlib.suppress(OSError):
            if not path.is_symlink() and path.stat().st_uid == os.getuid():
                found.append(path)
    return found


@contextlib.contextmanager
def _alone(path: Path, halt: threading.Event) -> Iterator[None]:
    """Have other tasks of this node wait; only work is saved by it, not correctness.

    Raises:
        OSError: If the run is stopped before it is our turn.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags, 0o600)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if halt.wait(WAIT_SECONDS):
                    msg = "stopped while another task fetched the data"
                    raise OSError(msg) from None
        yield
    finally:
        os.close(handle)


def sweep(room: Path) -> None:
    """Remove what no cell of this node has used for a week."""
    now = time.time()
    digits = "[0-9a-f]" * SHOWN
    for path in _made(room, f"{PREFIX}{digits}-*"):
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime > LEFTOVER_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
