"""A file in the making: it gets its name only when it is complete and checked."""

import errno
import hashlib
import html
import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from recbench.errors import DataError

HEAD = 4096
STALE_SECONDS = 24 * 3600
PAGE = re.compile(
    rb"^(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype html|html)\b", re.IGNORECASE
)
TITLE = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


def page_title(head: bytes) -> str | None:
    """Return the title of the page that the bytes begin, or None if they do not."""
    if not PAGE.match(head):
        return None
    found = TITLE.search(head)
    text = found[1].decode("utf-8", "replace") if found else ""
    return " ".join(html.unescape(text).split())[:80]


def unwritable(folder: Path, error: OSError) -> DataError:
    """Return the error for a folder that cannot be written to."""
    why = error.strerror or type(error).__name__
    return DataError(
        f"cannot write to {folder}: {why}; make it writable, or set RECBENCH_CACHE "
        "to a folder that is"
    )


def sync_folder(folder: Path) -> None:
    """Flush a folder, so that a rename in it survives a power cut."""
    with suppress(OSError):  # not every system can open or flush a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Part:
    """A temporary file beside its target, with running checksums.

    Attributes:
        path: The name that the file will get.
        size: Bytes so far.
        validator: What the server says to tell versions of the file apart.
    """

    def __init__(self, path: Path) -> None:
        """Open nothing yet."""
        self.path = path
        self.size = 0
        self.validator: str | None = None

    def __enter__(self) -> Self:
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            handle, name = tempfile.mkstemp(
                dir=folder, prefix=f".{self.path.name}.", suffix=".part"
            )
        except OSError as error:
            raise unwritable(folder, error) from error
        self._temporary = Path(name)
        self._file = os.fdopen(handle, "wb")
        self._forget()
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(OSError):  # closing flushes, and the disk may be full
            self._file.close()
        self._temporary.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what killed downloads of this file left behind a day ago."""
        for left in self.path.parent.glob(f".{self.path.name}.*.part"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > STALE_SECONDS:
                    left.unlink()

    def _forget(self) -> None:
        self.size = 0
        self._head = b""
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)

    def restart(self) -> None:
        """Drop all bytes."""
        self._file.seek(0)
        self._file.truncate()
        self.validator = None
        self._forget()

    def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises:
            DataError: If the disk is full or fails.
        """
        try:
            self._file.write(chunk)
        except OSError as error:
            raise self._failed(error, len(chunk)) from error
        if len(self._head) < HEAD:
            self._head += chunk[: HEAD - len(self._head)]
        self._sha256.update(chunk)
        self._md5.update(chunk)
        self.size += len(chunk)

    def _failed(self, error: OSError, needed: int) -> DataError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(self.path.parent).free
            return self.full(needed=needed, free=free)
        return unwritable(self.path.parent, error)

    def full(self, *, needed: int, free: int) -> DataError:
        """Return the error for a disk that cannot hold the file."""
        return DataError(
            f"the disk is full: {self.path} needs {needed:,} bytes more and "
            f"{self.path.parent} has {free:,}; free some, or set RECBENCH_CACHE to a "
            "folder on another disk"
        )

    def refuse_page(self, url: str) -> None:
        """Refuse an HTML page where a file was expected (a captive portal, a notice).

        Raises:
            DataError: If the bytes so far begin a page.
        """
        if self.size > HEAD:
            return
        title = page_title(self._head)
        if title is not None and (title or self.size >= HEAD):
            msg = (
                f"{url} yields an HTML page (title {title!r}) instead of the file: "
                "is there a log-in or a proxy between?"
            )
            raise DataError(msg)

    def matches(self, sha256: str | None, md5: str | None) -> bool:
        """Return whether the bytes have these checksums, as far as they are known."""
        return (sha256 is None or self._sha256.hexdigest() == sha256) and (
            md5 is None or self._md5.hexdigest() == md5
        )

    def check(self, url: str, *, sha256: str | None, md5: str | None) -> None:
        """Refuse a file that is not the one expected.

        Raises:
            DataError: With both checksums, or the title of a page.
        """
        if page_title(self._head) is not None:
            msg = f"{url} yields an HTML page instead of the file"
            raise DataError(msg)
        for kind, want, digest in (
            ("SHA-256", sha256, self._sha256),
            ("MD5", md5, self._md5),
        ):
            got = digest.hexdigest()
            if want is not None and got != want:
                msg = (
                    f"{url} is not the file expected: its {kind} is {got}, not {want} "
                    f"({self.size:,} bytes); the publisher changed it, or something "
                    "between changed it. Nothing was kept"
                )
                raise DataError(msg)

    def commit(self) -> None:
        """Flush the bytes and give the file its name.

        Raises:
            DataError: If the disk is full or fails.
        """
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._temporary.chmod(0o644)
            os.replace(self._temporary, self.path)  # noqa: PTH105 - says what it does
        except OSError as error:
            raise self._failed(error, 1) from error
        sync_folder(self.path.parent)
