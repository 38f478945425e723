"""What a cell needs on a node: its view and its plugins, the same as on the run's."""

import dataclasses
import importlib.util
import io
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recbench import plugins
from recbench.plugins import sources
from recbench.runner import view as views
from recbench.runner.engines.cluster import depot
from recbench.runner.shelf import Shelf, Shelved

QUESTIONS = "questions.npz"

_asked: dict[str, bytes] = {}


class RefusedError(Exception):
    """This node must not run a cell.

    Attributes:
        whole: Whether it may run none at all.
    """

    def __init__(self, reason: str, *, whole: bool) -> None:
        """Say why."""
        super().__init__(reason)
        self.whole = whole


def plugin(
    held: Mapping[str, Any],
    planned: str,
    source: depot.Source,
    halt: threading.Event,
) -> dict[str, Any]:
    """Return a plugin as this node has it, fetched where it is a single file.

    Args:
        held: The plugin as the machine of the run knows it.
        planned: Hash of its source there.
        source: Where files can be read by hash.
        halt: Ends a wait.

    Raises:
        RefusedError: If it is not here, or not the same.
        OSError: If it cannot be fetched.
    """
    known = plugins.Plugin(**held)
    here = source_hash(known)
    if here == planned:
        return dict(held)
    if known.kind == "path" and source.names(planned):
        name = Path(known.value).name

        def agrees(folder: Path) -> bool:
            at = dataclasses.replace(known, value=str(folder / name))
            return source_hash(at) == planned

        folder = depot.obtain(planned, agrees, source=source, halt=halt)
        return {**held, "value": str(folder / name)}
    found = f"has source {here[:12]} there" if here else "is missing there"
    advice = "install the same version on every node"
    if known.kind == "path":
        advice = (
            "only single files are sent along; install the package on every node, or "
            "put it at the same path on all of them"
        )
    reason = f"plugin {known.name} {found} and has source {planned[:12]} here"
    raise RefusedError(f"{reason}: {advice}", whole=False)


def source_hash(known: plugins.Plugin) -> str:
    """Return the hash of a plugin's source, empty where it is not there."""
    module = known.value.partition(":")[0]
    try:
        if known.kind == "module" and importlib.util.find_spec(module) is None:
            return ""
        return sources.source_hash(known)
    except (OSError, ImportError, ValueError):
        return ""


def view(
    wanted: Mapping[str, str], source: depot.Source, halt: threading.Event
) -> tuple[Path, Shelf]:
    """Return the view on this node, and a shelf that holds it.

    Args:
        wanted: ``digest`` of the view, ``folder`` where the run has it, which may be
            shared, and the digest of the ``questions``.
        source: Where files can be read by hash.
        halt: Ends a wait.

    Raises:
        OSError: If it cannot be had.
    """
    digest = wanted["digest"]

    def agrees(folder: Path) -> bool:
        try:
            return views.fingerprint(folder) == digest
        except OSError:
            return False

    def get() -> Path:
        shared = Path(wanted["folder"])
        return depot.obtain(digest, agrees, source=source, halt=halt, shared=shared)

    asked = questions(wanted["questions"], source)

    def restore(target: Path) -> None:
        """Write the view anew, with the questions in it."""
        target.mkdir(parents=True)
        for path in get().iterdir():
            (target / path.name).write_bytes(path.read_bytes())
        with np.load(io.BytesIO(asked), allow_pickle=False) as archive:
            for name in views.QUESTIONS:
                np.save(target / f"{name}.npy", archive[name])

    folder, shelf = get(), Shelf()
    shelf.held[str(folder)] = Shelved(
        fingerprint=digest, questions=asked, restore=restore
    )
    return folder, shelf


def questions(digest: str, source: depot.Source) -> bytes:
    """Return what is asked of fitted models; it stays in memory, out of their reach."""
    if digest not in _asked:
        _asked.clear()  # cells of one suite tend to follow each other
        _asked[digest] = depot.fetch(source, digest, QUESTIONS)
    return _asked[digest]
