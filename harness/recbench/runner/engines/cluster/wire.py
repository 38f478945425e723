"""The task of a cell on a node, and its wire to the desk of the run."""

import json
import threading
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import ray
from ray.exceptions import RayError

from recbench.runner.engines.cluster.remote import run_cell

TICK_SECONDS = 0.2
PAUSE_SECONDS = 0.02  # between two exchanges, however much there is to tell
ANSWER_SECONDS = 60.0
WAITING_EVENTS = 1000


class Wire:
    """Carries events to the desk, and the wish to stop from it; reads files there.

    Attributes:
        halt: Set once the run is being stopped.
    """

    def __init__(self, desk: Any, number: int, attempt: int) -> None:  # noqa: ANN401 - an actor handle
        """Start a thread that exchanges news until the wire is closed."""
        self.desk, self.number, self.attempt = desk, number, attempt
        self.halt, self.over = threading.Event(), threading.Event()
        self.news = threading.Event()
        self.waiting: deque[dict[str, Any]] = deque(maxlen=WAITING_EVENTS)
        self.thread = threading.Thread(target=self._exchange, daemon=True)

    def __enter__(self) -> Self:
        """Start to exchange."""
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Send what is left."""
        self.over.set()
        self.news.set()
        self.thread.join()

    def tell(self, event: Mapping[str, Any]) -> None:
        """Take an event; it is sent within a moment."""
        self.waiting.append(dict(event))
        self.news.set()

    def names(self, digest: str) -> list[str]:
        """Return the names of the files offered under a hash."""
        return list(self._ask(self.desk.names.remote(digest)))

    def read(self, digest: str, name: str, offset: int) -> bytes:
        """Return the next piece of a file, empty at its end."""
        return bytes(self._ask(self.desk.read.remote(digest, name, offset)))

    def _ask(self, answer: Any) -> Any:  # noqa: ANN401 - an object reference and its value
        """Return the desk's answer.

        Raises:
            OSError: If there is none.
        """
        try:
            return ray.get(answer, timeout=ANSWER_SECONDS)
        except RayError as error:
            msg = f"the run does not hand over its data: {error}"
            raise OSError(msg) from error

    def _exchange(self) -> None:
        """Bring news to the desk again and again; the last time when it is over."""
        last = False
        while not last:
            self.news.wait(TICK_SECONDS)
            self.news.clear()
            last = self.over.wait(PAUSE_SECONDS)
            events = [self.waiting.popleft() for _ in range(len(self.waiting))]
            try:
                if self._ask(self.desk.tell.remote(self.number, self.attempt, events)):
                    self.halt.set()
            except OSError:  # the cell goes on; what it leaves is what counts
                continue


def run_task(order: str, desk: Any, attempt: int) -> dict[str, Any]:  # noqa: ANN401 - an actor handle
    """Run a cell; this is the whole of the task.

    Args:
        order: The order as JSON.
        desk: The desk of the run.
        attempt: How often the cell was placed before.

    Returns:
        What :func:`recbench.runner.engines.cluster.remote.run_cell` returns.
    """
    known = json.loads(order)
    with Wire(desk, known["number"], attempt) as wire:
        return run_cell(known, wire, wire.tell, wire.halt)
