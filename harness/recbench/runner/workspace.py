"""Temporary folders of a run: one for each view and each cell, apart from each other.

A cell that walks up from the folder it works in, or from the files it maps, meets no
other cell's data: the training part of one seed holds test interactions of another.
"""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PREFIX = "recbench-"
LEFTOVER_SECONDS = 86_400.0


class Workspace:
    """Makes folders on demand and removes all of them at the end."""

    def __init__(self) -> None:
        """Remove what killed runs left behind a day ago or earlier."""
        self.folders: dict[str, Path] = {}
        sweep(Path(tempfile.gettempdir()))

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove every folder."""
        for name in list(self.folders):
            self.remove(name)

    def folder(self, name: str) -> Path:
        """Return the folder of a name, not made yet but alone in one that is.

        Raises:
            OSError: If there is no room for it.
        """
        if name not in self.folders:
            made = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
            self.folders[name] = Path(made)
        return self.folders[name] / "files"

    def remove(self, name: str) -> None:
        """Remove the folder of a name, as far as that is possible."""
        if name in self.folders:
            shutil.rmtree(self.folders.pop(name), ignore_errors=True)


def sweep(root: Path) -> None:
    """Remove the folders of runs that ended without removing them."""
    for path in root.glob(f"{PREFIX}[0-9]*-*"):
        pid = path.name.removeprefix(PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            old = time.time() - path.stat().st_mtime > LEFTOVER_SECONDS
            if old and pid.isdigit() and not _alive(int(pid)):
                shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    """Return whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
