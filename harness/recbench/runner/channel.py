"""What passes between the parent and a child, as files in the folder of the cell.

The parent opens log and events before the child starts and keeps them open: a child
that deletes or replaces them takes nothing away.
"""

import contextlib
import json
import os
import secrets
import select
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from recbench.results import atomic
from recbench.runner import handed

LOG_LIMIT = 64 * 2**20
END_BYTES = 64 * 2**10
QUESTIONS, BELL = "questions.npz", "bell"


class Channel:
    """The parent's end.

    Attributes:
        token: Stands in the request and in the result of the same attempt.
        log_path: Where the child's output goes.
        events: What the child reports.
    """

    def __init__(self, folder: Path, questions: bytes | None) -> None:
        """Complete the request in a folder and make the files beside it.

        Raises:
            OSError: If the folder cannot be written.
        """
        self.folder, self.questions = folder, questions
        self.token = secrets.token_hex(8)
        self.log_path = folder / "log.txt"
        request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
        request |= {"token": self.token, "asked_later": questions is not None}
        atomic.write(
            folder / "request.json", json.dumps(request).encode(), durable=False
        )
        self.log = self.log_path.open("x+b")
        self.events: IO[bytes] = (folder / "events.jsonl").open("x+b", buffering=0)
        self.bell, self.lock = -1, threading.Lock()
        with contextlib.suppress(OSError, AttributeError):  # without one, it polls
            os.mkfifo(folder / BELL)
            # both ways, so that no end of the pipe counts as the end of the file
            self.bell = os.open(folder / BELL, os.O_RDWR | os.O_NONBLOCK)
        self.size, self.kept = 0, b""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files."""
        self.log.close()
        self.events.close()
        with self.lock:
            bell, self.bell = self.bell, -1
        if bell >= 0:
            os.close(bell)

    def wait(self, seconds: float) -> None:
        """Wait until the child has news, or the time is up."""
        bell = [self.bell] if self.bell >= 0 else []
        if select.select(bell, [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                os.read(self.bell, 2**16)
            # one that rings without end wins no more than a fast poll
            select.select([], [], [], 0.001)

    def ring(self) -> None:
        """Wake whoever waits; any thread may call it, also when all is over."""
        with self.lock, contextlib.suppress(OSError):
            if self.bell >= 0:
                os.write(self.bell, b"!")

    def grown(self) -> bool:
        """Return whether the log has grown; keep it from filling the disk."""
        size = os.fstat(self.log.fileno()).st_size
        changed, self.size = size != self.size, size
        if size > LOG_LIMIT:
            self.kept = self.end()
            os.ftruncate(self.log.fileno(), 0)
        return changed

    def end(self) -> bytes:
        """Return the last bytes of the log."""
        size = self.log.seek(0, os.SEEK_END)
        self.log.seek(max(0, size - END_BYTES))
        return self.log.read(END_BYTES)

    def ask(self) -> None:
        """Hand the questions over, once."""
        questions, self.questions = self.questions, None
        if questions is not None:
            atomic.write(self.folder / QUESTIONS, questions, durable=False)

    def tail(self) -> str:
        """Return the end of the log as clean text."""
        return handed.tail(self.kept + self.end())
