"""The desk of a run on a cluster: a small actor on the machine of the run.

Nodes bring it what happens in their cells and learn from it whether to stop; a node
that lacks a file of the run reads it here, a piece at a time, named by its hash.
"""

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PIECE_BYTES = 4 * 2**20
KEPT_EVENTS = 100_000

News = tuple[int, int, dict[str, Any]]  # number of the cell, its try, the event


class Desk:
    """Holds events until the run takes them, and files until a node wants them."""

    def __init__(self) -> None:
        """Start with nothing on it."""
        self.events: deque[News] = deque(maxlen=KEPT_EVENTS)
        self.halted = False
        self.folders: dict[str, Path] = {}
        self.held: dict[str, dict[str, bytes]] = {}

    def offer_folder(self, digest: str, folder: str) -> None:
        """Offer the files of a folder on this machine."""
        self.folders[digest] = Path(folder)

    def offer(self, digest: str, name: str, data: bytes) -> None:
        """Offer one file that is on no disk, or need not be."""
        self.held[digest] = {name: data}

    def names(self, digest: str) -> list[str]:
        """Return the names of the files offered under a hash; empty if it is none."""
        if digest in self.folders:
            return sorted(path.name for path in self.folders[digest].iterdir())
        return sorted(self.held.get(digest, ()))

    def read(self, digest: str, name: str, offset: int) -> bytes:
        """Return the next piece of a file, empty at its end.

        Raises:
            FileNotFoundError: If it is not offered.
        """
        if name not in self.names(digest):
            raise FileNotFoundError(name)
        if digest not in self.folders:
            return self.held[digest][name][offset : offset + PIECE_BYTES]
        with (self.folders[digest] / name).open("rb") as file:
            file.seek(offset)
            return file.read(PIECE_BYTES)

    def tell(self, number: int, attempt: int, events: Sequence[dict[str, Any]]) -> bool:
        """Take the events of a cell; return whether it has to stop."""
        self.events.extend((number, attempt, event) for event in events)
        return self.halted

    def take(self, *, halted: bool) -> list[News]:
        """Hand over all events; learn whether the run is being stopped."""
        self.halted = halted
        news = list(self.events)
        self.events.clear()
        return news
