"""Vectors with raw ids and a manifest: what a service loads, and how it is read back.

A folder holds ``manifest.json`` and the files of one format. The manifest names every
file with its SHA-256, so a damaged or mixed-up folder is refused.
"""

import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.dataset import Ids
from recbench.errors import DataError, UsageError
from recbench.evaluation.products import rank_products
from recbench.evaluation.rules import RankingRules
from recbench.evaluation.topk import tie_keys
from recbench.interactions import Interactions
from recbench.serving import formats

MANIFEST = "manifest.json"
SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Artefact:
    """Vectors of users and items; the score of a pair is their inner product.

    Attributes:
        user_ids: Raw ids, int64 or str, shape ``(n_users,)``.
        user_vectors: float32, shape ``(n_users, d)``.
        item_ids: Raw ids of the items that may be recommended, ``(n_items,)``.
        item_vectors: float32, shape ``(n_items, d)``.
        manifest: Where they come from; plain data.
    """

    user_ids: Ids
    user_vectors: NDArray[np.float32]
    item_ids: Ids
    item_vectors: NDArray[np.float32]
    manifest: dict[str, Any]

    def recommend(
        self,
        users: Sequence[int] | Sequence[str] | Ids,
        k: int = 10,
        *,
        seen: tuple[Sequence[Any] | Ids, Sequence[Any] | Ids] | None = None,
    ) -> tuple[list[Ids], list[NDArray[np.float64]]]:
        """Return the exact top-k of users, by the harness's own ranking.

        Args:
            users: Raw user ids.
            k: Length of the lists.
            seen: Raw ids of users and items, aligned: pairs that are never listed.
                Pairs with an unknown user or item are passed over.

        Returns:
            For each user the raw item ids, best first, and their scores.

        Raises:
            UsageError: If a user is unknown.
        """
        rows = _places(self.user_ids, np.asarray(users))
        if (rows < 0).any():
            unknown = np.asarray(users)[rows < 0][0]
            msg = f"there is no vector of user {unknown!r}: it had no training row"
            raise UsageError(msg)
        n = len(self.item_ids)
        rules = RankingRules(
            candidates=np.ones(n, dtype=np.bool_),
            seen=None if seen is None else self._pairs(*seen),
            keys=tie_keys(self.item_ids, int(self.manifest["split"]["seed"])),
            k=k,
        )
        lists, scores = rank_products(_Held(self), rows.astype(np.int32), rules)
        kept = lists >= 0
        return (
            [self.item_ids[row[real]] for row, real in zip(lists, kept, strict=True)],
            [row[real] for row, real in zip(scores, kept, strict=True)],
        )

    def _pairs(self, users: Sequence[Any] | Ids, items: Sequence[Any] | Ids) -> Any:  # noqa: ANN401 - a table
        """Return known pairs as interactions over the rows of this artefact."""
        u = _places(self.user_ids, np.asarray(users))
        i = _places(self.item_ids, np.asarray(items))
        known = (u >= 0) & (i >= 0)
        return Interactions(
            users=u[known].astype(np.int32),
            items=i[known].astype(np.int32),
            n_users=len(self.user_ids),
            n_items=len(self.item_ids),
        )


class _Held:
    """An artefact as a model with vectors."""

    def __init__(self, artefact: Artefact) -> None:
        self.artefact = artefact

    def user_vectors(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        return self.artefact.user_vectors[users]

    def item_vectors(self) -> NDArray[np.float32]:
        return self.artefact.item_vectors


def _places(ids: Ids, wanted: NDArray[Any]) -> NDArray[np.int64]:
    """Return the row of each wanted id; -1 where it is unknown."""
    if wanted.dtype.kind != ids.dtype.kind:
        wanted = wanted.astype(ids.dtype.kind if ids.dtype.kind == "U" else np.int64)
    order = np.argsort(ids, kind="stable")
    at = np.minimum(np.searchsorted(ids[order], wanted), len(ids) - 1)
    found = order[at]
    return np.where(ids[found] == wanted, found, -1).astype(np.int64)


def require_free(folder: Path) -> None:
    """Refuse a folder that holds something.

    Raises:
        DataError: If it does, or is no folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f"{folder} exists already: name another folder with --path, or remove it"
        raise DataError(msg)


def write(artefact: Artefact, form: str, folder: Path) -> Artefact:
    """Write an artefact into a folder that is new or empty, all of it or nothing.

    Args:
        artefact: What to write.
        form: ``faiss``, ``safetensors`` or ``parquet``.
        folder: The folder; those above it are made.

    Returns:
        The artefact with the manifest as written.

    Raises:
        UsageError: If the format needs a package that is not installed.
        DataError: If the folder holds something, or cannot be written.
    """
    module = formats.load(form)
    require_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            manifest = {"schema": SCHEMA, "format": form, **artefact.manifest}
            module.write(artefact, made)
            manifest["files"] = _hashes(made)
            text = json.dumps(manifest, indent=1, allow_nan=False) + "\n"
            (made / MANIFEST).write_text(text, encoding="utf-8")
            made.chmod(0o755)  # a temporary folder is for its owner only
            if folder.exists():
                folder.rmdir()
            made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    except OSError as error:
        msg = f"cannot write {folder}: {error.strerror or error}"
        raise DataError(msg) from error
    return dataclasses.replace(artefact, manifest=manifest)


def load_vectors(folder: str | Path) -> Artefact:
    """Read an artefact back, whatever its format.

    Raises:
        DataError: If the folder holds none, or a file is not what was written.
        UsageError: If the format needs a package that is not installed.
    """
    folder = Path(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        form, schema, files = (manifest[k] for k in ("format", "schema", "files"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"{folder} holds no exported vectors: {MANIFEST} cannot be read ({error})"
        raise DataError(msg) from error
    if schema != SCHEMA:
        msg = f"{folder} was written in schema {schema}, this recbench reads {SCHEMA}"
        raise DataError(msg)
    module = formats.load(form)
    for name, digest in files.items():
        path = folder / name
        if not path.is_file() or _sha256(path) != digest:
            msg = f"{path} is missing or no longer what was exported: export it again"
            raise DataError(msg)
    return Artefact(manifest=manifest, **module.read(folder))


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file."""
    return {path.name: _sha256(path) for path in sorted(folder.iterdir())}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
