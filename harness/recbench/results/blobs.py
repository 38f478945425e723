"""Blobs: named arrays in one compressed file, written the same way every time."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recbench.errors import DataError
from recbench.results import atomic

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE_BYTES = 2**32
ARRAY_BYTES = 2**33  # of all arrays of a blob together; more is no blob but a bomb
MEMBERS = 1000
LEVEL = 4  # a quarter of the time of zlib's default, for files 4 % larger


def encode(arrays: Mapping[str, "NDArray[Any]"]) -> bytes:
    """Return the arrays as a compressed archive.

    Equal arrays give equal bytes, as far as the same zlib packs them.
    """
    import numpy as np

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.lib.format.write_array(
                buffer, np.asarray(arrays[name]), allow_pickle=False
            )
            # a fixed date: np.savez would write the time of day into the bytes
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(info, buffer.getvalue(), zipfile.ZIP_DEFLATED, LEVEL)
    return out.getvalue()


def same(
    first: Mapping[str, "NDArray[Any]"], second: Mapping[str, "NDArray[Any]"]
) -> bool:
    """Return whether two blobs hold the same arrays, bit for bit."""
    return first.keys() == second.keys() and all(
        (array.dtype, array.shape) == (second[name].dtype, second[name].shape)
        and array.tobytes() == second[name].tobytes()
        for name, array in first.items()
    )


def fault(folder: Path, name: str) -> str:
    """Return what is wrong with a blob, empty if nothing is."""
    path = folder / name
    if path.name != name:
        return "its name is a path"
    try:
        with atomic.open_regular(path) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return "it is missing"
    except (OSError, ValueError) as error:
        return f"it cannot be read: {error}"
    return "" if digest == path.stem else "its content does not match its name"


def read(path: Path) -> dict[str, "NDArray[Any]"]:
    """Return the arrays of a blob whose hash was checked.

    Raises:
        DataError: If it is no archive of arrays, or one that unpacks without end.
    """
    import numpy as np

    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            # reading stops at the declared size, so the sum of those is a bound
            if (
                sum(m.file_size for m in members) > ARRAY_BYTES
                or len(members) > MEMBERS
            ):
                msg = f"{path}: it unpacks to more than any result needs"
                raise DataError(msg)
            return {
                m.filename.removesuffix(".npy"): np.lib.format.read_array(
                    io.BytesIO(archive.read(m)), allow_pickle=False
                )
                for m in members
            }
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        msg = f"{path}: it is no archive of arrays: {error}"
        raise DataError(msg) from error
    except (NotImplementedError, RuntimeError, MemoryError) as error:
        msg = f"{path}: it cannot be unpacked: {error}"
        raise DataError(msg) from error
