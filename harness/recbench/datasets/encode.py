"""Storing a data set as a folder: one ``.npy`` file per column and ``dataset.json``.

Nothing is pickled. The folder is built under another name, flushed and renamed, so it
is there as a whole or not at all; every file's size and SHA-256 stand in the JSON.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from recbench.datasets.dataset import Dataset
from recbench.datasets.decode import CARD, SCHEMA, Array, card_hash, file_hash
from recbench.datasets.part import sync_folder, unwritable
from recbench.features import Categories, Features


def write_folder(folder: Path, dataset: Dataset) -> None:
    """Store a data set, replacing what is there.

    Args:
        folder: Where; its parent is made.
        dataset: What.

    Raises:
        DataError: If the folder cannot be written to.
    """
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        card = _card(dataset)
        card["arrays"] = {
            key: _save(temporary, f"{number:02d}-{_plain(key)}.npy", array)
            for number, (key, array) in enumerate(_arrays(dataset))
        }
        # once through JSON first, so that tuples are the lists they will be read as
        card = json.loads(json.dumps(card))
        text = json.dumps({**card, "sha256": card_hash(card)}, indent=1)
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
    _write(
        path, lambda file: np.lib.format.write_array(file, array, allow_pickle=False)
    )
    return {"file": name, "bytes": path.stat().st_size, "sha256": file_hash(path)}


def _card(dataset: Dataset) -> dict[str, Any]:
    table = dataset.interactions
    return {
        "schema": SCHEMA,
        "name": dataset.name,
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
            side: _kinds(getattr(table, f"{side}_features"))
            for side in ("user", "item")
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
