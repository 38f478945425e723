"""Cells as child processes of this machine, a few at once."""

import dataclasses
import itertools
import queue
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from recbench import hardware
from recbench.runner.attempts import attempt
from recbench.runner.engines import Job, Kind, Message
from recbench.runner.launch import START_SECONDS, Launcher, LaunchError, launcher
from recbench.runner.lines import NOT_STARTED
from recbench.runner.shelf import Shelf
from recbench.runner.supervise import Outcome, troubled

TICK = 0.01  # seconds from look to look for a server that has become ready


class LocalEngine:
    """Runs up to ``jobs`` supervised children at once."""

    def __init__(self, jobs: int) -> None:
        """Start no process yet."""
        self.pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="cell")
        self.messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.launchers: dict[Kind, Launcher] = {}
        self.waiting: list[Job] = []
        self.lock = threading.Lock()
        self.halted = threading.Event()
        self.closed = False
        self.shelf = Shelf()
        devices = hardware.accelerators()[0]
        self.accelerators = itertools.cycle(devices) if devices else None

    def submit(self, job: Job) -> None:
        """Take a job; it starts when there is room."""
        self.shelf.put(Path(job.request["view"]), job.restore)
        with self.lock:
            self.waiting.append(job)
        self.pool.submit(self._run)

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

    def _run(self) -> None:
        """Supervise one job in a thread of the pool."""
        job = self._taken()
        outcome = Outcome(status="interrupted", message=NOT_STARTED)
        try:
            if not self.halted.is_set():
                outcome = self._attempt(job)
        except Exception as error:  # noqa: BLE001 - a thread's error must reach the run
            outcome = troubled(f"{type(error).__name__}: {error}", retry=False)
        self.messages.put(Message(number=job.number, outcome=outcome))

    def _taken(self) -> Job:
        """Take the first job that can start at once.

        Where none can, as at the beginning of a run, those that need little start
        while a server still loads what the others need.
        """
        until = time.monotonic() + START_SECONDS
        while True:
            with self.lock:
                if time.monotonic() > until or self.halted.is_set():
                    return self.waiting.pop(0)
                kinds = dict.fromkeys(job.kind for job in self.waiting)
                ready = {kind for kind in kinds if self._ready(kind)}
                for place, job in enumerate(self.waiting):
                    if job.kind in ready:
                        return self.waiting.pop(place)
            time.sleep(TICK)

    def _ready(self, kind: Kind) -> bool:
        """Return whether a cell of a kind need not wait; start what it waits for."""
        if kind in self.launchers:
            return self.launchers[kind].ready()
        try:
            return self._held(kind).ready()
        except OSError:
            return True  # the attempt will meet it too, and say so

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
            if self.closed:
                msg = "the run is being closed"
                raise LaunchError(msg)
            return self._held(kind)

    def _held(self, kind: Kind) -> Launcher:
        held = self.launchers.get(kind)
        if held is None or not held.alive():
            if held is not None:
                held.close()
            held = self.launchers[kind] = launcher(kind[0], torch=kind[1])
        return held
