"""The views on disk, which many cells map at once, and their guard.

A file that a model may read it may also write, whatever its mode says. So every view
is compared with its fingerprint when a cell ends. Where it changed, all cells that ran
on it run again, each on a copy of its own; the one whose own copy changes did it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recbench.runner import view as views


@dataclass(slots=True, kw_only=True)
class Shelved:
    """A view on the shelf.

    Attributes:
        fingerprint: What its files hash to.
        questions: What is asked of a fitted model; not among the files.
        restore: Writes the view anew into a folder, or None.
        damaged: Whether its files have changed.
    """

    fingerprint: str
    questions: bytes
    restore: Callable[[Path], None] | None
    damaged: bool = False


class Shelf:
    """The views of an engine; safe to use from many threads."""

    def __init__(self) -> None:
        """Start empty."""
        self.held: dict[str, Shelved] = {}
        self.lock = threading.Lock()

    def put(self, folder: Path, restore: Callable[[Path], None] | None) -> None:
        """Take a view in; what is asked of models leaves its folder."""
        with self.lock:
            if str(folder) not in self.held:
                questions = views.take_questions(folder)
                self.held[str(folder)] = Shelved(
                    fingerprint=views.fingerprint(folder),
                    questions=questions,
                    restore=restore,
                )

    def questions(self, folder: Path) -> bytes:
        """Return what is asked of a model that was fitted on a view."""
        return self.held[str(folder)].questions

    def damaged(self, folder: str) -> bool:
        """Return whether a view was found changed."""
        return self.held[folder].damaged

    def intact(self, folder: Path, used: Path) -> bool:
        """Return whether the files that a cell used are what they were.

        Args:
            folder: The view on the shelf.
            used: The same, or a copy of it.
        """
        held = self.held[str(folder)]
        try:
            same = views.fingerprint(used) == held.fingerprint
        except OSError:
            same = False
        if used == folder and not same:
            held.damaged = True
        return same

    def copy(self, folder: Path, target: Path) -> Path:
        """Write a view anew for one cell.

        Raises:
            OSError: If it cannot be had.
        """
        restore = self.held[str(folder)].restore
        if restore is None:
            msg = f"the view {folder.name} changed on disk and cannot be made again"
            raise OSError(msg)
        restore(target)
        views.take_questions(target)
        return target
