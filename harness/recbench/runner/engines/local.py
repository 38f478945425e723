"""Cells as child processes of this machine, a few at once."""

import dataclasses
import itertools
import queue
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from recbench import hardware
from recbench.runner.attempts import attempt
from recbench.runner.engines import Job, Kind, Message
from recbench.runner.launch import Launcher, LaunchError, launcher
from recbench.runner.lines import NOT_STARTED
from recbench.runner.shelf import Shelf
from recbench.runner.supervise import Outcome, troubled


class LocalEngine:
    """Runs up to ``jobs`` supervised children at once."""

    def __init__(self, jobs: int) -> None:
        """Start no process yet."""
        self.pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="cell")
        self.messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.launchers: dict[Kind, Launcher] = {}
        self.lock = threading.Lock()
        self.halted = threading.Event()
        self.closed = False
        self.shelf = Shelf()
        devices = hardware.accelerators()[0]
        self.accelerators = itertools.cycle(devices) if devices else None

    def submit(self, job: Job) -> None:
        """Take a job; it starts when there is room."""
        self.shelf.put(Path(job.request["view"]), job.restore)
        self.pool.submit(self._run, job)

    def next(self, timeout: float) -> Message | None:
        """Return the next message, or None when there is none within ``timeout``."""
        try:
            return self.messages.get(timeout=timeout)
        except queue.Empty:
            return None

    def halt(self) -> None:
        """Stop politely: start nothing more, interrupt what runs."""
        self.halted.set()

    def close(self) -> None:
        """End everything at once and free what is held."""
        self.halted.set()
        with self.lock:
            self.closed = True
            held = list(self.launchers.values())
        for one in held:
            one.close()
        self.pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: Job) -> None:
        """Supervise one job in a thread of the pool."""
        outcome = Outcome(status="interrupted", message=NOT_STARTED)
        try:
            if not self.halted.is_set():
                outcome = self._attempt(job)
        except Exception as error:  # noqa: BLE001 - a thread's error must reach the run
            outcome = troubled(f"{type(error).__name__}: {error}", retry=False)
        self.messages.put(Message(number=job.number, outcome=outcome))

    def _attempt(self, job: Job) -> Outcome:
        """Place a job on a device and run it."""
        if job.device != "cpu" and self.accelerators is not None:
            with self.lock:
                device = next(self.accelerators)
            request = dict(job.request) | {"device": device}
            job = dataclasses.replace(job, request=request)

        def tell(event: Mapping[str, Any]) -> None:
            self.messages.put(Message(number=job.number, event=dict(event)))

        tell({"phase": "start"})
        return attempt(
            lambda: self._launcher(job.kind),
            job,
            shelf=self.shelf,
            halt=self.halted,
            tell=tell,
        )

    def _launcher(self, kind: Kind) -> Launcher:
        """Return the launcher of a kind of cells; a new one where it has ended.

        Raises:
            LaunchError: If everything is being closed.
        """
        with self.lock:
            held = self.launchers.get(kind)
            if self.closed:
                msg = "the run is being closed"
                raise LaunchError(msg)
            if held is None or not held.alive():
                if held is not None:
                    held.close()
                held = self.launchers[kind] = launcher(kind[0], torch=kind[1])
            return held
