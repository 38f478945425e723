"""Reading a stored data set: every byte is checked, every column memory-mapped."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.dataset import Dataset
from recbench.errors import DataError
from recbench.features import Categories, Column, Features, Numbers, Text
from recbench.interactions import Interactions

SCHEMA = 1
CARD = "dataset.json"
Array = NDArray[Any]


class DamagedError(DataError):
    """A stored data set that is incomplete or was changed."""


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
    if card.get("schema") != SCHEMA:
        return None
    if card.pop("sha256", None) != card_hash(card):
        msg = f"{folder / CARD} was changed"
        raise DamagedError(msg)
    return card


def card_hash(card: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a card says, itself left out."""
    text = json.dumps(card, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_folder(folder: Path) -> Dataset | None:
    """Return the data set in a folder, or None if there is none of this schema.

    Its arrays are memory-mapped and read-only.

    Raises:
        DamagedError: If a file is missing, short or changed.
    """
    card = read_card(folder)
    if card is None:
        return None
    try:
        arrays = {k: _load(folder, entry) for k, entry in card["arrays"].items()}
        return _dataset(card, arrays)
    except DamagedError:
        raise
    except (
        LookupError,
        TypeError,
        ValueError,
        OSError,
        AttributeError,
        DataError,
    ) as error:
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
