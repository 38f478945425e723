"""The store: immutable files, named by their content, one per attempt at a cell.

::

    <root>/<data set>/<protocol>/results/<cell key>/<content hash>.json
    <root>/<data set>/<protocol>/results/<cell key>/<content hash>.npz

Nothing is ever rewritten, so no lock is needed, two runs may share a store, and
stores merge by copying files. A damaged file is reported and left out.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import msgspec

from recbench.errors import DataError, RecbenchError
from recbench.results import atomic, blobs, canonical
from recbench.results.migrations import upgrade
from recbench.results.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from recbench.metrics.views import PerUser


KEY = re.compile(r"[0-9a-f]{64}")
RECORD_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A file of the store that cannot be used, and why."""

    path: Path
    reason: str


class Store:
    """Records and their blobs below one folder."""

    def __init__(self, root: Path) -> None:
        """Open a store; the folder need not exist yet."""
        self.root = Path(root)

    def suites(self) -> list[str]:
        """Return the names of the suites that have records, sorted."""
        found = self.root.glob("*/*/results")
        return sorted(f"{p.parent.parent.name}/{p.parent.name}" for p in found)

    def folder(self, suite: str) -> Path:
        """Return the folder of a suite's page; its records lie in ``results``.

        Raises:
            RecbenchError: If the name would lead outside the store.
        """
        path = self.root / suite
        if not path.resolve().is_relative_to(self.root.resolve()):
            msg = f"suite name {suite!r} leads outside the store"
            raise RecbenchError(msg)
        return path

    def require_writable(self) -> None:
        """Make sure that records can be written, before hours are spent on them.

        Raises:
            DataError: If the folder cannot be made or written.
        """
        try:
            atomic.make_folders(self.root)
            # a name of its own, since another run may be asking the same
            with NamedTemporaryFile(dir=self.root, prefix=".writable.", suffix=".tmp"):
                pass
            atomic.sweep(self.root)
        except OSError as error:
            msg = (
                f"records cannot be written under {self.root}: {error.strerror}; "
                "choose another folder with --out"
            )
            raise DataError(msg) from error

    def add(
        self,
        record: Record,
        arrays: Mapping[str, Mapping[str, "NDArray[Any]"]] | None = None,
    ) -> Record:
        """Store an attempt; when the call returns it is durable.

        Args:
            record: The record, without blob names.
            arrays: Blob name to named arrays.

        Returns:
            The record as stored, with the names of its blobs.

        Raises:
            OSError: If it cannot be written; nothing half-written is left.
        """
        folder = self.folder(record.suite) / "results" / record.key
        names = {}
        for name, held in (arrays or {}).items():
            data = blobs.encode(held)
            names[name] = f"{hashlib.sha256(data).hexdigest()}.npz"
            atomic.write(folder / names[name], data)
        stored = msgspec.structs.replace(record, blobs=names)
        data = canonical.encode(stored)
        atomic.write(folder / f"{hashlib.sha256(data).hexdigest()}.json", data)
        return msgspec.json.decode(data, type=Record)

    def attempts(self, suite: str) -> list[Record]:
        """Return every readable attempt of a suite, oldest first within a cell."""
        return [r for _, r in self._read(suite) if isinstance(r, Record)]

    def damaged(self, suite: str) -> list[Damage]:
        """Return the record files and blobs that cannot be used."""
        damage = []
        for path, found in self._read(suite):
            if isinstance(found, str):
                damage.append(Damage(path=path, reason=found))
                continue
            faults = ((n, blobs.fault(path.parent, n)) for n in found.blobs.values())
            damage += [
                Damage(path=path.parent / name, reason=reason)
                for name, reason in faults
                if reason
            ]
        return damage

    def files(self, suite: str) -> list[tuple[Path, tuple[str, ...]]]:
        """Return the file of every readable attempt and the names of its blobs."""
        return [
            (path, tuple(found.blobs.values()))
            for path, found in self._read(suite)
            if isinstance(found, Record)
        ]

    def records(self, suite: str) -> list[Record]:
        """Return the attempt that counts for each cell, sorted by model and seeds.

        The newest ``ok`` attempt counts; where none is, the newest of any status.
        """
        best: dict[str, Record] = {}
        for record in self.attempts(suite):
            held = best.get(record.key)
            if held is None or _rank(record) >= _rank(held):
                best[record.key] = record
        return sorted(
            best.values(),
            key=lambda r: (r.label, r.split.get("seed", 0), r.seed, r.key),
        )

    def _read(self, suite: str) -> Iterator[tuple[Path, Record | str]]:
        """Yield every record file with its record, or what is wrong with it."""
        folder = self.folder(suite) / "results"
        found = [
            (path, _load(path, suite))
            for path in sorted(folder.glob("*/*.json"))
            if not path.name.startswith(".")
        ]
        found.sort(key=lambda f: (f[0].parent.name, getattr(f[1], "started", "")))
        yield from found

    def arrays(self, record: Record, blob: str) -> dict[str, "NDArray[Any]"]:
        """Return the arrays of a blob.

        Raises:
            DataError: If the record has no such blob, or it is missing or damaged.
        """
        if blob not in record.blobs:
            msg = f"the record of {record.label} (seed {record.seed}) has no {blob}"
            raise DataError(msg)
        folder = self.folder(record.suite) / "results" / record.key
        fault = blobs.fault(folder, record.blobs[blob])
        if fault:
            raise DataError(f"{folder / record.blobs[blob]}: {fault}")
        return blobs.read(folder / record.blobs[blob])

    def per_user(self, record: Record) -> "dict[str, PerUser]":
        """Return the per-user values of each metric that has them."""
        from recbench.metrics.views import PerUser

        arrays = self.arrays(record, "per-user")
        return {
            name: PerUser(
                users=arrays["users"],
                values=arrays[f"value:{name}"],
                weights=arrays[f"weight:{name}"],
                finish=figure.finish,
            )
            for name, figure in record.metrics.items()
            if f"value:{name}" in arrays
        }

    def lists(self, record: Record) -> "tuple[NDArray[np.int32], NDArray[np.int32]]":
        """Return users int32 ``(n,)`` and their lists int32 ``(n, k)``."""
        arrays = self.arrays(record, "lists")
        return arrays["users"], arrays["lists"]

    def predictions(self, record: Record) -> "NDArray[np.float32]":
        """Return the predictions float32 ``(n,)``, in the order of the test rows."""
        return self.arrays(record, "predictions")["predictions"]


def _rank(record: Record) -> tuple[bool, str]:
    """Return what decides which attempt counts: success, then age."""
    return (record.status == "ok", record.started)


def _load(path: Path, suite: str) -> Record | str:
    """Return the record in a file, or what is wrong with it."""
    try:
        with atomic.open_regular(path) as file:
            data = file.read(RECORD_BYTES + 1)
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    if len(data) > RECORD_BYTES:
        return f"it is larger than {RECORD_BYTES // 2**20} MiB"
    if hashlib.sha256(data).hexdigest() != path.stem:
        return "its content does not match its name (edited, merged or damaged)"
    try:
        record = msgspec.convert(upgrade(msgspec.json.decode(data)), Record)
    except (msgspec.MsgspecError, RecbenchError, RecursionError, ValueError) as error:
        return str(error)
    return _misplaced(record, path, suite) or record


def _misplaced(record: Record, path: Path, suite: str) -> str:
    """Return why a record does not belong where it lies, empty if it does."""
    if record.key != path.parent.name or not KEY.fullmatch(record.key):
        return f"it lies in the folder of another cell ({path.parent.name[:12]})"
    if record.suite != suite:
        return f"it belongs to the suite {record.suite[:80]!r}"
    return ""
