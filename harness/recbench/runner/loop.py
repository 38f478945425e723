"""The loop of a run: hand cells to an engine, take what comes back, store it."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from recbench.results.record import Record
from recbench.runner import collect
from recbench.runner.cells import Cell
from recbench.runner.engines import Engine, Job, Message
from recbench.runner.engines.local import LocalEngine
from recbench.runner.engines.room import require_ray
from recbench.runner.supervise import Outcome
from recbench.runner.workspace import Workspace

TICK_SECONDS = 0.2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Host(Protocol):
    """What the loop asks of those whose cells it works through."""

    @property
    def jobs(self) -> int:
        """How many cells run at once."""
        ...

    @property
    def engine(self) -> str:
        """Where cells run."""
        ...

    @property
    def ray_address(self) -> str:
        """Address of the cluster."""
        ...

    @property
    def log(self) -> Callable[[str], None]:
        """Takes lines for the person who waits."""
        ...

    def job(self, number: int, cell: Cell, work: Workspace) -> Job:
        """Return what the engine is handed for a cell."""
        ...

    def finish(self, cell: Cell, outcome: Outcome, folder: Path, begun: str) -> Record:
        """Return the record of what a cell left."""
        ...

    def tell(self, name: str, /, **data: Any) -> None:  # noqa: ANN401 - any JSON value
        """Take note of an event."""
        ...


More = Callable[[int, Record], Mapping[int, Cell]]


def _no_more(_number: int, _record: Record) -> Mapping[int, Cell]:
    """Add no cell."""
    return {}


def cell_folder(number: int) -> str:
    """Return the name of a cell's folder in the workspace."""
    return f"cell {number}"


class Loop:
    """Works through cells until each has a record."""

    def __init__(
        self, run: Host, cells: Mapping[int, Cell], more: More = _no_more
    ) -> None:
        """Remember the cells by their number in the plan.

        Args:
            run: Makes the jobs and takes the outcomes.
            cells: The cells to begin with.
            more: Called when a cell has its record; returns cells to add.
        """
        self.run, self.cells, self.more = run, dict(cells), more
        self.folders: dict[int, Path] = {}
        self.begun: dict[int, str] = {}
        self.done: dict[int, Record] = {}
        self.stopped = threading.Event()

    def work(self, order: Sequence[int]) -> dict[int, Record]:
        """Run the cells, started in the given order.

        Returns:
            The record of every cell; those that were stopped are ``interrupted``.
        """
        run = self.run
        with Workspace() as work:
            engine = make_engine(run.engine, run.jobs, run.ray_address)
            with self._polite(engine):
                try:
                    for number in order:
                        self.submit(number, engine, work)
                    while self.cells.keys() - self.done.keys():
                        message = engine.next(TICK_SECONDS)
                        if message is not None:
                            self.take(message)
                            if message.outcome is not None:
                                work.remove(cell_folder(message.number))
                                self.add(message.number, engine, work)
                finally:
                    engine.close()
        return self.done

    def submit(self, number: int, engine: Engine, work: Workspace) -> None:
        """Hand a cell to the engine."""
        job = self.run.job(number, self.cells[number], work)
        self.folders[number] = job.folder
        engine.submit(job)

    def add(self, number: int, engine: Engine, work: Workspace) -> None:
        """Hand over the cells that follow from the record of another."""
        if self.stopped.is_set():
            return
        cells = self.more(number, self.done[number])
        self.cells |= cells
        for new in cells:
            self.submit(new, engine, work)

    def take(self, message: Message) -> None:
        """Take one message: log, tell of progress, or make the record of a cell."""
        run, number = self.run, message.number
        if message.note:
            run.log(message.note)
            return
        cell = self.cells[number]
        if message.event is not None:
            if message.event.get("phase") == "start":
                self.begun[number] = collect.now()
                run.tell("cell-started", number=number, title=cell.title)
            else:
                event = {k: v for k, v in message.event.items() if k != "number"}
                run.tell("cell-progress", number=number, **event)
        if message.outcome is not None:
            when = self.begun.get(number, collect.now())
            folder = self.folders[number]
            record = run.finish(cell, message.outcome, folder, when)
            self.done[number] = record
            run.tell("cell-finished", number=number, title=cell.title, record=record)

    @contextmanager
    def _polite(self, engine: Engine) -> Iterator[None]:
        """Stop politely at the first Ctrl-C or SIGTERM, at once at the second."""
        if threading.current_thread() is not threading.main_thread():
            yield  # signals reach the main thread only
            return

        def handle(_number: int, _frame: object) -> None:
            if self.stopped.is_set():
                raise KeyboardInterrupt
            self.stopped.set()
            self.run.log("stopping: finished cells are kept; once more to stop at once")
            engine.halt()

        # one that the shell ignores, as nohup does, stays ignored
        wanted = (n for n in SIGNALS if signal.getsignal(n) is not signal.SIG_IGN)
        held = {n: signal.signal(n, handle) for n in wanted}
        try:
            yield
        finally:
            for number, old in held.items():
                signal.signal(number, old)


def make_engine(name: str, jobs: int, ray_address: str) -> Engine:
    """Return the engine of that name.

    Raises:
        UsageError: If its extra is not installed.
    """
    if name == "local":
        return LocalEngine(jobs)
    require_ray()
    from recbench.runner.engines.ray import RayEngine

    return RayEngine(jobs, ray_address)
