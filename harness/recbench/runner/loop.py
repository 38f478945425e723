"""The loop of a run: hand cells to an engine, take what comes back, store it."""

import importlib.util
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from recbench.errors import UsageError
from recbench.results.record import Record
from recbench.runner import collect
from recbench.runner.cells import Cell
from recbench.runner.engines import Engine, Message
from recbench.runner.engines.local import LocalEngine
from recbench.runner.workspace import Workspace

if TYPE_CHECKING:
    from recbench.runner.run import Run

TICK_SECONDS = 0.2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def cell_folder(number: int) -> str:
    """Return the name of a cell's folder in the workspace."""
    return f"cell {number}"


class Loop:
    """Works through cells until each has a record."""

    def __init__(self, run: "Run", cells: Mapping[int, Cell]) -> None:
        """Remember the cells by their number in the plan."""
        self.run, self.cells = run, cells
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
                        job = run.job(number, self.cells[number], work)
                        self.folders[number] = job.folder
                        engine.submit(job)
                    while self.cells.keys() - self.done.keys():
                        message = engine.next(TICK_SECONDS)
                        if message is not None:
                            self.take(message)
                            if message.outcome is not None:
                                work.remove(cell_folder(message.number))
                finally:
                    engine.close()
        return self.done

    def take(self, message: Message) -> None:
        """Take one message: tell of progress, or make the record of a cell."""
        run, number = self.run, message.number
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
    if importlib.util.find_spec("ray") is None:
        msg = "the engine 'ray' needs its extra: pip install 'recbench-harness[ray]'"
        raise UsageError(msg)
    from recbench.runner.engines.ray import RayEngine

    return RayEngine(jobs, ray_address)
