"""Fitted models on disk: plain arrays in one ``.npz``. No pickle, no torch.

A model names what ``fit`` learns, with its type, and takes two functions as methods::

    class EASE:
        histories: Histories  # a dataclass
        weights: NDArray[np.float32]

        save, load = save_fitted, load_fitted

Arrays, numbers, text, None, ``csr_array``, mappings of arrays, objects with ``to_json``
and ``from_json``, and dataclasses of these are kept, to the bit.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from recbench.errors import DataError

FORMAT = 1
HEADER = "recbench"  # name of the array that says who wrote the file

Arrays = dict[str, NDArray[Any]]
Kept = TypeVar("Kept")


def save_arrays(path: Path | str, **arrays: NDArray[Any]) -> None:
    """Write named arrays to exactly ``path``."""
    _write(path, arrays, {})


def read_arrays(path: Path | str, *names: str) -> Arrays:
    """Read what :func:`save_arrays` wrote.

    Args:
        path: The file.
        *names: Arrays that must be there; empty for whatever is.

    Raises:
        DataError: If the file is missing, cut short or damaged, lacks a name, holds
            anything but arrays, or was not written by recbench.
    """
    return _read(path, names)[0]


def save_fitted(fitted: object, path: Path | str) -> None:
    """Write the attributes that the class of ``fitted`` annotates, where they are set.

    Raises:
        TypeError: If one is nothing that can be kept.
    """
    names = [name for name in get_type_hints(type(fitted)) if hasattr(fitted, name)]
    arrays: Arrays = {}
    for name in names:
        arrays |= _arrays_of(getattr(fitted, name), name)
    _write(path, arrays, {"kind": type(fitted).__qualname__, "names": names})


def load_fitted(model: object, path: Path | str) -> None:
    """Set the attributes of ``model`` that :func:`save_fitted` wrote.

    Raises:
        DataError: See :func:`read_arrays`; also if it is another kind of model.
    """
    for name, value in _values(type(model), path).items():
        setattr(model, name, value)


def load_state(kind: type[Kept], path: Path | str) -> Kept:
    """Return the dataclass that :func:`save_fitted` wrote.

    Raises:
        DataError: See :func:`load_fitted`.
    """
    return kind(**_values(kind, path))


def _write(path: Path | str, arrays: Arrays, more: Mapping[str, Any]) -> None:
    header = np.array(json.dumps({"format": FORMAT, **more}))
    with Path(path).open("wb") as file:  # np.savez would append .npz to a bare path
        np.savez(file, allow_pickle=False, **{HEADER: header}, **arrays)


def _read(path: Path | str, names: tuple[str, ...]) -> tuple[Arrays, dict[str, Any]]:
    """Return arrays, all without names, and the header."""
    try:
        # opened here, because NumPy leaves a broken archive open
        with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            header = json.loads(str(file[HEADER]))
            wanted = names or [name for name in file.files if name != HEADER]
            arrays = {name: file[name] for name in wanted}  # checks the CRC of each
            written = header["format"]
    # TypeError: a file that is one bare array is no context manager
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise _refused(path, error) from error
    if written != FORMAT:
        reason = f"it is written in format {written}, this recbench reads {FORMAT}"
        raise _refused(path, reason)
    return arrays, header


def _values(kind: type, path: Path | str) -> dict[str, Any]:
    """Return the annotated attributes of a class that are in a file."""
    arrays, header = _read(path, ())
    if header.get("kind") != kind.__qualname__:
        reason = f"it holds {header.get('kind', 'arrays')}, not {kind.__qualname__}"
        raise _refused(path, reason)
    hints = get_type_hints(kind)
    try:
        names = header["names"]
        return {name: _value_of(hints[name], name, arrays) for name in names}
    except (KeyError, ValueError, TypeError, DataError) as error:
        raise _refused(path, error) from error


def _refused(path: Path | str, reason: object) -> DataError:
    return DataError(f"{path} does not hold the weights of this model: {reason}")


def _arrays_of(value: object, name: str) -> Arrays:
    """Take a value apart into arrays whose names begin with ``name``."""
    from scipy.sparse import csr_array

    parts: dict[str, Any] = {}
    if value is None:
        return {}
    if isinstance(value, csr_array):
        parts = {part: getattr(value, part) for part in ("data", "indices", "indptr")}
        parts["shape"] = np.array(value.shape, dtype=np.int64)
    elif dataclasses.is_dataclass(value) and not hasattr(value, "to_json"):
        parts = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    elif isinstance(value, Mapping):
        parts = dict(value)
    else:
        return {name: _plain(value, name)}
    arrays: Arrays = {}
    for part, inner in parts.items():
        arrays |= _arrays_of(inner, f"{name}.{part}")
    return arrays


def _plain(value: Any, name: str) -> NDArray[Any]:  # noqa: ANN401 - whatever a model holds
    array = np.asarray(value.to_json() if hasattr(value, "to_json") else value)
    if array.dtype.hasobject:
        msg = f"{name} is a {type(value).__name__}, which cannot be kept as arrays"
        raise TypeError(msg)
    return array


def _value_of(kind: Any, name: str, arrays: Arrays) -> Any:  # noqa: ANN401 - a type, its value
    """Put together what :func:`_arrays_of` took apart."""
    from scipy.sparse import csr_array

    inner = {n.removeprefix(f"{name}."): n for n in arrays if n.startswith(f"{name}.")}
    if type(None) in get_args(kind):
        if name not in arrays and not inner:
            return None
        (kind,) = (choice for choice in get_args(kind) if choice is not type(None))
    if kind is csr_array:
        parts = [arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr")]
        return csr_array(tuple(parts), shape=tuple(arrays[f"{name}.shape"].tolist()))
    if get_origin(kind) is dict:
        return {part: arrays[full] for part, full in inner.items()}
    if dataclasses.is_dataclass(kind) and not hasattr(kind, "from_json"):
        hints, make = get_type_hints(kind), cast("Any", kind)
        names = [field.name for field in dataclasses.fields(kind)]
        return make(**{n: _value_of(hints[n], f"{name}.{n}", arrays) for n in names})
    return _leaf_of(kind, arrays[name])


def _leaf_of(kind: Any, array: NDArray[Any]) -> Any:  # noqa: ANN401 - likewise
    """Return an array as the number, text or object that it was."""
    if hasattr(kind, "from_json"):
        return kind.from_json(str(array))
    if kind in {int, float, bool, str}:
        return array.item()
    scalar = isinstance(kind, type) and issubclass(kind, np.generic)
    return array[()] if scalar else array
