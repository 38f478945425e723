"""Where text comes from: a file on disk, perhaps compressed, or a member of an archive.

A source can be opened again and again, so that a reader may first look and then read,
and an error can be traced back to its line.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from recbench.errors import DataError

MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
)
HEAD = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSource:
    """Something to read text from.

    Attributes:
        label: How errors call it.
        open: Returns a fresh binary stream, already decompressed.
    """

    label: str
    open: Callable[[], IO[bytes]]

    def head(self) -> bytes:
        """Return the first bytes, at most 64 KiB.

        Raises:
            DataError: If they cannot be read.
        """
        try:
            with self.open() as stream:
                return bytes(stream.read(HEAD))
        except OSError as error:
            msg = f"cannot read {self.label}: {error.strerror or error}"
            raise DataError(msg) from error


def file_source(path: Path) -> TextSource:
    """Return the source for a file; gzip, bz2, zstd and lz4 are seen by their content.

    Raises:
        DataError: If there is no such file or it cannot be read.
    """
    raw = raw_head(path)
    coding = next((name for magic, name in MAGIC if raw.startswith(magic)), None)

    def open_file() -> Any:  # noqa: ANN401 - a pyarrow stream, which is file-like
        import pyarrow as pa

        plain = pa.OSFile(str(path))
        return plain if coding is None else pa.CompressedInputStream(plain, coding)

    return TextSource(label=str(path), open=open_file)


def raw_head(path: Path) -> bytes:
    """Return the first 64 KiB of a file as they lie on disk.

    Raises:
        DataError: If there is no such file or it cannot be read.
    """
    try:
        if path.is_dir():
            msg = f"{path} is a folder: name the file of interactions in it"
            raise DataError(msg)
        with path.open("rb") as file:
            return file.read(HEAD)
    except FileNotFoundError as error:
        msg = (
            f"there is no file {path}: check the path (it is relative to {Path.cwd()})"
        )
        raise DataError(msg) from error
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise DataError(msg) from error
