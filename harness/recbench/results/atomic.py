"""Writing files so that a reader sees the old one or the new one, never half of one."""

import contextlib
import errno
import io
import os
import stat
import time
from pathlib import Path

LEFTOVER_SECONDS = 86_400.0
LOST = (errno.EIO, errno.ENOSPC, errno.EDQUOT)


def write(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write ``data`` to ``path`` through a temporary file in the same folder.

    Args:
        path: The file; folders on the way are made.
        data: All of its content.
        durable: Whether the file and its folder are synced before the call returns,
            so that what was acknowledged survives a crash of the machine.

    Raises:
        OSError: Where the disk is full or the folder cannot be written; ``path`` is
            then as it was, or complete.
    """
    made = make_folders(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            if durable:
                # a sync that failed is never repeated: the kernel has marked the
                # pages clean by then, and a second one would falsely succeed
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        for folder in (path.parent, *made):
            sync_folder(folder)


def open_regular(path: Path) -> io.BufferedReader:
    """Open a file for reading unless it is a link, a pipe or a device.

    Raises:
        OSError: If it is none of the regular files, or cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        msg = "it is not a regular file"
        raise OSError(msg)
    return os.fdopen(handle, "rb")


def make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the parents that got a new name."""
    missing = [folder, *folder.parents]
    parents = [p.parent for p in missing if not p.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return parents


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system lets a folder be opened.

    Raises:
        OSError: If the disk says that it did not keep them.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows and some network file systems
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno in LOST:
            raise
    finally:
        os.close(handle)


def sweep(folder: Path) -> int:
    """Remove temporary files that a killed writer left; return how many.

    Only what is a day old goes: a younger one may belong to a run that goes on.
    """
    removed = 0
    for path in folder.rglob(".*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > LEFTOVER_SECONDS:
                path.unlink()
                removed += 1
    return removed
