"""Cells as child processes of this machine, a few at once."""

import itertools
import json
import queue
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from recbench import hardware
from recbench.runner.engines import Job, Message
from recbench.runner.launch import Launcher, launcher
from recbench.runner.supervise import Outcome, supervise


class LocalEngine:
    """Runs up to ``jobs`` supervised children at once."""

    def __init__(self, jobs: int) -> None:
        """Start no process yet."""
        self.pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="cell")
        self.messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self.launchers: dict[int, Launcher] = {}
        self.lock = threading.Lock()
        self.halted = threading.Event()
        devices = hardware.accelerators()[0]
        self.accelerators = itertools.cycle(devices) if devices else None

    def submit(self, job: Job) -> None:
        """Take a job; it starts when there is room."""
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
        for held in self.launchers.values():
            held.close()
        self.pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: Job) -> None:
        """Supervise one job in a thread of the pool."""
        outcome = Outcome(status="interrupted", message="not started")
        try:
            if not self.halted.is_set():
                outcome = self._supervised(job)
        except Exception as error:  # noqa: BLE001 - a thread's error must reach the run
            outcome = Outcome(status="crashed", message=f"the harness failed: {error}")
        self.messages.put(Message(number=job.number, outcome=outcome))

    def _supervised(self, job: Job) -> Outcome:
        """Write the request, start the child and watch it."""
        request = dict(job.request)
        if job.limits.timeout is not None:
            request["deadline"] = time.monotonic() + job.limits.timeout
        if job.device != "cpu" and self.accelerators is not None:
            with self.lock:
                request["device"] = next(self.accelerators)
        job.folder.mkdir(parents=True)
        (job.folder / "request.json").write_text(json.dumps(request), encoding="utf-8")

        def tell(event: Mapping[str, Any]) -> None:
            self.messages.put(Message(number=job.number, event=dict(event)))

        held = self._launcher(job.threads)
        tell({"phase": "start"})
        return supervise(
            held,
            job.folder,
            env=job.env,
            limits=job.limits,
            halt=self.halted,
            tell=tell,
        )

    def _launcher(self, threads: int) -> Launcher:
        """Return the launcher of a thread count, started when first needed."""
        with self.lock:
            if threads not in self.launchers:
                self.launchers[threads] = launcher(threads)
            return self.launchers[threads]
