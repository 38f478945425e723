"""A data set as a folder: one ``.npy`` file per column and ``dataset.json``.

Nothing is pickled. The folder is built under another name, flushed and renamed, so it
is there as a whole or not at all; every file's size and SHA-256 stand in the JSON.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.dataset import Dataset
from recbench.datasets.part import sync_folder, unwritable
from recbench.errors import DataError
from recbench.features import Categories, Column, Features, Numbers, Text
from recbench.interactions import Interactions

SCHEMA = 1
CARD = "dataset.json"
Array = NDArray[Any]


class DamagedError(DataError):
    """A stored data set that is incomplete or was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored data set that was read.

    Attributes:
        dataset: The data set, its arrays memory-mapped and read-only.
        version: What its loader called the version it stored.
    """

    dataset: Dataset
    version: str


def write_folder(
    folder: Path, dataset: Dataset, *, version: str = "", imported: bool = False
) -> None:
    """Store a data set, replacing what is there.

    Args:
        folder: Where; its parent is made.
        dataset: What.
        version: Kept beside it, see :class:`Stored`.
        imported: Whether it came by ``recbench data import``.

    Raises:
        DataError: If the folder cannot be written to.
    """
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(
            tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.")
        )
        card = _card(dataset, version=version, imported=imported)
        card["arrays"] = {
            key: _save(temporary, f"{number:02d}-{_plain(key)}.npy", array)
            for number, (key, array) in enumerate(_arrays(dataset))
        }
        text = json.dumps(card, indent=1, ensure_ascii=False)
        _write(temporary / CARD, lambda file: file.write(text.encode()))
        temporary.chmod(0o755)
        sync_folder(temporary)
        _put(temporary, folder)
    except OSError as error:
        raise unwritable(folder.parent, error) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _put(temporary: Path, folder: Path) -> None:
    """Rename the finished folder into its place; the last writer wins."""
    for _ in range(10):
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.exists():
                raise
            # not empty: move it aside, since a rename cannot replace it
            aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
            with suppress(FileNotFoundError):  # another writer moved it first
                folder.rename(aside / "old")
            shutil.rmtree(aside, ignore_errors=True)
        else:
            sync_folder(folder.parent)
            return


def _plain(key: str) -> str:
    """Return a key fit for a file name; the number before it makes it unique."""
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in key.lower())[:40]


def _write(path: Path, put: Callable[[Any], object]) -> None:
    with path.open("wb") as file:
        put(file)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o444)


def _save(folder: Path, name: str, array: Array) -> dict[str, object]:
    path = folder / name
    _write(path, lambda file: np.lib.format.write_array(file, array, allow_pickle=False))
    return {"file": name, "bytes": path.stat().st_size, "sha256": file_hash(path)}


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _card(dataset: Dataset, *, version: str, imported: bool) -> dict[str, Any]:
    table = dataset.interactions
    return {
        "schema": SCHEMA,
        "name": dataset.name,
        "version": version,
        "imported": imported,
        "values": dataset.values,
        "scale": table.scale,
        "source": dataset.source,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "notes": dataset.notes,
        "interactions": len(table),
        "users": table.n_users,
        "items": table.n_items,
        "fingerprint": dataset.fingerprint(),
        "features": {
            side: _kinds(getattr(table, f"{side}_features")) for side in ("user", "item")
        },
    }


def _kinds(features: Features | None) -> dict[str, str] | None:
    if features is None:
        return None
    return {n: type(c).__name__.lower() for n, c in features.columns.items()}


def _arrays(dataset: Dataset) -> Iterator[tuple[str, Array]]:
    """Yield every array of a data set with its key."""
    table = dataset.interactions
    for key in ("users", "items", "ratings", "timestamps"):
        if getattr(table, key) is not None:
            yield key, getattr(table, key)
    yield "user_ids", dataset.user_ids
    yield "item_ids", dataset.item_ids
    for kind, named in (("fold", dataset.folds), ("truth", dataset.truth)):
        for name, array in named.items():
            yield f"{kind}/{name}", array
    for side in ("user", "item"):
        features: Features | None = getattr(table, f"{side}_features")
        for name, column in (features.columns if features else {}).items():
            if isinstance(column, Categories):
                yield f"{side}/{name}/offsets", column.offsets
                yield f"{side}/{name}/codes", column.codes
                yield f"{side}/{name}/names", column.names
            else:
                yield f"{side}/{name}/values", column.values


def read_card(folder: Path) -> dict[str, Any] | None:
    """Return ``dataset.json``, or None if there is no such folder or schema.

    Raises:
        DamagedError: If it cannot be read.
    """
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        msg = f"{folder / CARD} cannot be read ({error})"
        raise DamagedError(msg) from error
    if not isinstance(card, dict):
        msg = f"{folder / CARD} holds no object"
        raise DamagedError(msg)
    return card if card.get("schema") == SCHEMA else None


def read_folder(folder: Path) -> Stored | None:
    """Return the data set in a folder, or None if there is none of this schema.

    Raises:
        DamagedError: If a file is missing, short or changed.
    """
    card = read_card(folder)
    if card is None:
        return None
    try:
        arrays = {k: _load(folder, entry) for k, entry in card["arrays"].items()}
        return Stored(dataset=_dataset(card, arrays), version=card["version"])
    except DamagedError:
        raise
    except (KeyError, TypeError, ValueError, OSError, AttributeError, DataError) as error:
        msg = f"{folder} is damaged ({type(error).__name__}: {error})"
        raise DamagedError(msg) from error


def _load(folder: Path, entry: Mapping[str, Any]) -> Array:
    """Return a column, memory-mapped and read-only, after checking its bytes."""
    name = str(entry["file"])
    if Path(name).name != name:
        msg = f"{folder} names a file outside of it: {name!r}"
        raise DamagedError(msg)
    path = folder / name
    size = path.stat().st_size if path.exists() else None
    if size != entry["bytes"] or file_hash(path) != entry["sha256"]:
        found = "is missing" if size is None else "was cut or changed"
        msg = f"{path} {found}"
        raise DamagedError(msg)
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:  # an array without elements cannot be mapped
        return np.asarray(np.load(path, allow_pickle=False))
    return np.asarray(mapped)  # a plain view: memmap arithmetic is slower and surprises


def _dataset(card: Mapping[str, Any], arrays: Mapping[str, Array]) -> Dataset:
    def named(kind: str) -> dict[str, Array]:
        start = f"{kind}/"
        found = arrays.items()
        return {key.removeprefix(start): a for key, a in found if key.startswith(start)}

    scale = card["scale"]
    return Dataset(
        name=card["name"],
        interactions=Interactions(
            users=arrays["users"],
            items=arrays["items"],
            ratings=arrays.get("ratings"),
            timestamps=arrays.get("timestamps"),
            n_users=card["users"],
            n_items=card["items"],
            scale=None if scale is None else (scale[0], scale[1]),
            user_features=_features(card["features"]["user"], "user", arrays),
            item_features=_features(card["features"]["item"], "item", arrays),
        ),
        user_ids=arrays["user_ids"],
        item_ids=arrays["item_ids"],
        values=card["values"],
        folds=named("fold"),
        source=card["source"],
        licence=card["licence"],
        citation=card["citation"],
        truth=named("truth"),
        notes=tuple(card["notes"]),
    )


def _features(
    kinds: Mapping[str, str] | None, side: str, arrays: Mapping[str, Array]
) -> Features | None:
    if kinds is None:
        return None
    columns: dict[str, Column] = {}
    for name, kind in kinds.items():
        start = f"{side}/{name}/"
        if kind == "categories":
            columns[name] = Categories(
                offsets=arrays[start + "offsets"],
                codes=arrays[start + "codes"],
                names=arrays[start + "names"],
            )
        else:
            make = Numbers if kind == "numbers" else Text
            columns[name] = make(values=arrays[start + "values"])
    return Features(columns=columns)
