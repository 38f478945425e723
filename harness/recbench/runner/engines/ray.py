"""Cells on the nodes of a Ray cluster: Ray starts, watches nodes and carries bytes.

What runs a cell is the same as on one machine. Ray never retries for us, never holds a
data set and never runs a model in a process of its own: a task is only a supervisor.
"""

import time
from collections import deque
from typing import Any

import ray
from ray.exceptions import (
    GetTimeoutError,
    NodeDiedError,
    RayError,
    RayTaskError,
    TaskCancelledError,
)

from recbench.errors import UsageError
from recbench.runner.engines import Job, Message
from recbench.runner.engines.cluster import connection
from recbench.runner.engines.cluster.flights import Flight, loss, place
from recbench.runner.engines.cluster.nodes import Node, Nodes, needs, on_node
from recbench.runner.engines.cluster.orders import Orders
from recbench.runner.engines.cluster.remote import outcome_of
from recbench.runner.engines.cluster.wire import run_task
from recbench.runner.lines import NOT_STARTED
from recbench.runner.supervise import Outcome, troubled

TICK_SECONDS = 0.1
ANSWER_SECONDS = 5.0
BEGIN_SECONDS = 1.0  # after a polite stop, to hear of what has just begun
PATIENCE_SECONDS = 60.0  # after a polite stop, until it is no longer polite


class RayEngine:
    """Runs up to ``jobs`` supervised children at once, wherever there is room."""

    def __init__(self, jobs: int, address: str) -> None:
        """Connect; start nothing but the desk.

        Raises:
            UsageError: If there is no such cluster.
        """
        self.jobs = jobs
        self.opened = connection.connect(address)
        self.nodes = Nodes()
        self.waiting: deque[Flight] = deque()
        self.flying: dict[Any, Flight] = {}
        self.messages: deque[Message] = deque()
        self.halted: float | None = None
        self.proven = False  # whether any node ran anything
        self.orders = Orders()

    def submit(self, job: Job) -> None:
        """Take a job; it starts when there is room.

        Raises:
            UsageError: If no node can ever run it.
        """
        wanted = needs(job)
        self.nodes.require(wanted)
        self.orders.shelve(job)
        self.waiting.append(Flight(job=job, needs=wanted))

    def next(self, timeout: float) -> Message | None:
        """Return the next message, or None when there is none within ``timeout``.

        Raises:
            UsageError: If every node refuses to run anything.
        """
        until = time.monotonic() + timeout
        while not self.messages:
            left = until - time.monotonic()
            if left <= 0:
                return None
            self._work(min(left, TICK_SECONDS))
        return self.messages.popleft()

    def halt(self) -> None:
        """Stop politely: start nothing more, interrupt what runs."""
        if self.halted is None:
            self.halted = time.monotonic()

    def close(self) -> None:
        """End everything at once and free what is held."""
        self.halt()
        self.waiting.clear()
        for ref in self.flying:
            ray.cancel(ref, force=True)
        if self.flying:
            ray.wait(list(self.flying), num_returns=len(self.flying), timeout=5)
        self.flying.clear()
        ray.kill(self.orders.desk)
        if self.opened:
            ray.shutdown()

    def _work(self, timeout: float) -> None:
        """Place cells, take what ended, and hear of those that run."""
        self.nodes.refresh()
        if self.halted is not None:
            self._stop(time.monotonic() - self.halted)
        else:
            room = self.jobs - len(self.flying)
            for flight, where in place(self.waiting, self.nodes, room):
                if isinstance(where, Node):
                    self._launch(flight, where)
                else:
                    self._end(flight, troubled(where))
        ready: list[Any] = []
        if self.flying:
            ready, _ = ray.wait(list(self.flying), num_returns=1, timeout=timeout)
        elif not self.messages:
            time.sleep(timeout)
        self._hear()
        for ref in ready:
            self._land(ref)

    def _launch(self, flight: Flight, node: Node) -> None:
        """Start the task of a cell on a node."""
        flight.depart(node)
        task = ray.remote(run_task).options(
            num_cpus=flight.needs["CPU"],
            num_gpus=flight.needs["GPU"],
            memory=flight.needs["memory"] or None,
            max_retries=0,
            scheduling_strategy=on_node(node.name),
        )
        order = self.orders.order(flight.job)
        self.flying[task.remote(order, self.orders.desk, flight.attempt)] = flight

    def _hear(self) -> None:
        """Take the events that the desk holds, of attempts that still count."""
        halted = self.halted is not None
        try:
            news = ray.get(
                self.orders.desk.take.remote(halted=halted), timeout=ANSWER_SECONDS
            )
        except GetTimeoutError:
            return
        except RayError:  # it lives on this machine, so hardly ever
            self.orders.renew()
            return
        current = {f.job.number: f for f in self.flying.values()}
        for number, attempt, event in news:
            flight = current.get(number)
            if flight is None or flight.attempt != attempt:
                continue
            if event.get("phase") == "start":
                if flight.begun:  # on a node that was lost
                    continue
                flight.begun = True
            self.messages.append(Message(number=number, event=event))

    def _land(self, ref: Any) -> None:  # noqa: ANN401 - an object reference
        """Take what a task left."""
        flight = self.flying.pop(ref)
        node = self.nodes.alive.get(flight.node)
        if node is not None:
            node.book(flight.needs, -1)
        try:
            answer = ray.get(ref)
        except TaskCancelledError:
            self._end(flight, Outcome(status="interrupted", message=NOT_STARTED))
        except RayTaskError as error:
            # what our own code can meet it answers: so the task could not be loaded
            self._refuse(flight, str(error).strip().splitlines()[-1], whole=True)
        except RayError as error:
            if isinstance(error, NodeDiedError):
                self.nodes.drop(flight.node)
            self._again(flight, *loss(error))
        else:
            if "refused" in answer:
                self._refuse(flight, answer["refused"], whole=answer["whole"])
            else:
                self._take(flight, answer)

    def _take(self, flight: Flight, answer: dict[str, Any]) -> None:
        """Take an outcome and its files; a machine's fault has the cell run again."""
        self.proven = True
        outcome = outcome_of(answer["outcome"])
        if outcome.trouble and outcome.retry:
            self._again(flight, outcome.trouble, outcome)
            return
        try:
            folder = flight.job.folder
            folder.mkdir(parents=True, exist_ok=True)
            for name, data in answer["files"].items():
                (folder / name).write_bytes(data)
        except OSError as error:
            outcome = troubled(f"its output could not be kept: {error}", retry=False)
        self._end(flight, outcome)

    def _again(self, flight: Flight, reason: str, outcome: Outcome) -> None:
        """Have a cell run again on another node, or end it after too many times."""
        if self.halted is not None:
            self._end(flight, Outcome(status="interrupted", message=reason))
        elif flight.lose(reason):
            self._note(f"{flight.job.request['model']}: {reason}; it runs again")
            self.waiting.appendleft(flight)
        else:
            self._end(flight, outcome)

    def _refuse(self, flight: Flight, reason: str, *, whole: bool) -> None:
        """Note that a node cannot run this cell, or none at all.

        Raises:
            UsageError: If no node is left that could run anything, and none did.
        """
        node = self.nodes.alive.get(flight.node)
        address = node.address if node else "(lost)"
        refused = self.nodes.refused if whole else flight.refused
        if flight.node not in refused:
            refused[flight.node] = reason
            what = "left out" if whole else f"not for {flight.job.request['model']}"
            self._note(f"node {address} is {what}: {reason}")
        self.waiting.appendleft(flight)
        if whole and not self.nodes.usable() and not self.proven:
            msg = f"no node of the cluster is like this machine: {address}: {reason}"
            raise UsageError(msg)

    def _end(self, flight: Flight, outcome: Outcome) -> None:
        """Report the end of a cell."""
        again = [f"tried again: {reason}" for reason in flight.lost]
        outcome.warnings = [*again, *outcome.warnings]
        self.messages.append(Message(number=flight.job.number, outcome=outcome))

    def _note(self, line: str) -> None:
        """Have a line logged."""
        self.messages.append(Message(note=line))

    def _stop(self, seconds: float) -> None:
        """End what waits; cancel what has not begun; lose patience at last.

        Args:
            seconds: Since the polite stop.
        """
        while self.waiting:
            stopped = Outcome(status="interrupted", message=NOT_STARTED)
            self._end(self.waiting.popleft(), stopped)
        for ref, flight in self.flying.items():
            if seconds > PATIENCE_SECONDS:
                ray.cancel(ref, force=True)
            elif seconds > BEGIN_SECONDS and not flight.begun and not flight.cancelled:
                flight.cancelled = True
                ray.cancel(ref)
