"""Reading members of a zip archive without ever extracting it.

Nothing in the archive chooses a path: the caller names the members, and their bytes
are streamed. An archive with any entry that a publisher would not write (a link, a path
that climbs, two entries of one name) is refused as a whole.
"""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

from recbench.datasets.part import page_title
from recbench.errors import DataError

MAX_ENTRIES = 10_000
MAX_RATIO = 200
RATIO_FREE = 1 << 20  # below this size no ratio is suspicious
ENCRYPTED = 0x1
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    struct.error,
    ValueError,
    NotImplementedError,
    RuntimeError,
    UnicodeError,
    IndexError,
    OverflowError,
)


class Archive:
    """An open zip archive whose entries have been looked over."""

    def __init__(self, path: Path, *, url: str = "") -> None:
        """Open the archive.

        Args:
            path: The file.
            url: Where it came from, for messages.

        Raises:
            DataError: If it is no zip archive, or a hostile one.
        """
        self._path = path
        self._label = f"{path}" + (f" (from {url})" if url else "")
        try:
            self._zip = zipfile.ZipFile(path)
        except BROKEN as error:
            raise self._unreadable(error) from error
        try:
            self._look_over()
        except DataError:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    def _unreadable(self, error: Exception) -> DataError:
        try:
            with self._path.open("rb") as file:
                head = file.read(4096)
        except OSError as failed:
            return DataError(f"cannot read {self._label}: {failed.strerror}")
        title = page_title(head)
        if title is not None:
            what = f"is an HTML page (title {title!r}), not a zip archive"
        elif not head:
            what = "is empty"
        elif head[:2] != b"PK":
            what = "is not a zip archive"
        else:
            what = f"is a damaged zip archive ({error})"
        return DataError(f"{self._label} {what}: delete it and fetch it again")

    def _refuse(self, why: str) -> DataError:
        return DataError(f"{self._label} is refused: {why}")

    def _look_over(self) -> None:
        entries = self._zip.infolist()
        if len(entries) > MAX_ENTRIES:
            raise self._refuse(f"it has {len(entries):,} entries")
        seen: set[str] = set()
        for entry in entries:
            name = entry.orig_filename
            parts = name.split("/")
            if name.startswith("/") or ".." in parts or set(name) & set("\\\0:"):
                raise self._refuse(f"the entry {name!r} would leave its folder")
            key = name.casefold()
            if key in seen:
                raise self._refuse(f"it has two entries named {name!r}")
            seen.add(key)
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise self._refuse(f"the entry {name!r} is a link or a device")

    def names(self) -> tuple[str, ...]:
        """Return the names of the entries."""
        return tuple(self._zip.namelist())

    @contextmanager
    def open(self, name: str, *, max_bytes: int) -> Iterator[IO[bytes]]:
        """Open one member for reading.

        Args:
            name: Its full name inside the archive.
            max_bytes: Largest uncompressed size accepted.

        Yields:
            A stream that checks size and CRC while it is read.

        Raises:
            DataError: If the member is missing, suspicious or damaged.
        """
        entry = self._find(name, max_bytes)
        try:
            raw = self._zip.open(entry)
        except BROKEN as error:
            raise self.damaged(name, error) from error
        with raw:
            yield io.BufferedReader(_Member(raw, self, entry, max_bytes), 1 << 16)

    def read(self, name: str, *, max_bytes: int) -> bytes:
        """Return all bytes of a member; see :meth:`open`."""
        with self.open(name, max_bytes=max_bytes) as stream:
            return stream.read()

    def damaged(self, name: str, error: Exception) -> DataError:
        """Return the error for a member that does not decompress."""
        return DataError(
            f"{self._label} is damaged at {name!r} ({error}): "
            "delete it and fetch it again"
        )

    def _find(self, name: str, max_bytes: int) -> zipfile.ZipInfo:
        try:
            entry = self._zip.getinfo(name)
        except KeyError:
            shown = ", ".join(self._zip.namelist()[:8]) or "nothing"
            msg = f"{self._label} has no member {name!r}; it has {shown}"
            raise DataError(msg) from None
        if entry.flag_bits & ENCRYPTED:
            raise self._refuse(f"{name!r} is encrypted")
        if entry.compress_type not in METHODS:
            raise self._refuse(f"{name!r} uses compression {entry.compress_type}")
        if entry.file_size > max_bytes:
            size = f"{entry.file_size:,} bytes, more than the {max_bytes:,} expected"
            raise self._refuse(f"{name!r} would unpack to {size}")
        packed = max(entry.compress_size, 1)
        if entry.file_size > max(RATIO_FREE, MAX_RATIO * packed):
            ratio = entry.file_size // packed
            raise self._refuse(f"{name!r} would grow {ratio:,} times when unpacked")
        return entry


class _Member(io.RawIOBase):
    """Counts what comes out of a member and speaks of damage in our words."""

    def __init__(
        self, raw: IO[bytes], archive: Archive, entry: zipfile.ZipInfo, max_bytes: int
    ) -> None:
        super().__init__()
        self._raw, self._archive, self._entry = raw, archive, entry
        self._left = max_bytes
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # a writable buffer
        name = self._entry.filename
        try:
            chunk = self._raw.read(len(view))
        except BROKEN as error:
            raise self._archive.damaged(name, error) from error
        self._size += len(chunk)
        if self._size > self._left or (
            not chunk and self._size < self._entry.file_size
        ):
            short = EOFError(f"{self._size:,} bytes of {self._entry.file_size:,}")
            raise self._archive.damaged(name, short)
        view[: len(chunk)] = chunk
        return len(chunk)
