"""Cells on the nodes of a Ray cluster: Ray places, watches nodes and carries bytes.

What runs a cell is the same as on one machine. Ray never retries for us, never holds a
data set and never runs a model in a process of its own: a task is only a supervisor.
"""

import dataclasses
import time
from collections import deque
from typing import Any

import ray
from ray.exceptions import (
    GetTimeoutError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    TaskCancelledError,
)

from recbench.errors import UsageError
from recbench.runner.engines import Job, Message
from recbench.runner.engines import cluster as clusters
from recbench.runner.engines.desk import Desk
from recbench.runner.engines.node import outcome_of
from recbench.runner.engines.orders import Orders
from recbench.runner.engines.wire import run_task
from recbench.runner.supervise import Outcome, troubled

TICK_SECONDS = 0.1
LOSSES = 3  # a cell that loses its node or worker more often is given up
PATIENCE_SECONDS = 60.0  # after a polite stop
RETURN_SECONDS = 30.0  # that a lost node may take to come back
OUT_OF_MEMORY = "Ray stopped it because its node ran out of memory"


@dataclasses.dataclass(slots=True, kw_only=True)
class Flight:
    """A cell on its way.

    Attributes:
        job: The cell.
        needs: What it asks of a node.
        attempt: How often it was placed.
        node: Where it is.
        begun: Whether it was heard of.
        lost: Why earlier attempts ended without a result.
        refused: Node id to why that node cannot run it.
        avoided: Nodes where it was lost.
        stuck: Since when no node could take it, or None.
    """

    job: Job
    needs: dict[str, float]
    attempt: int = 0
    node: str = ""
    begun: bool = False
    lost: list[str] = dataclasses.field(default_factory=list)
    refused: dict[str, str] = dataclasses.field(default_factory=dict)
    avoided: set[str] = dataclasses.field(default_factory=set)
    stuck: float | None = None


class RayEngine:
    """Runs up to ``jobs`` supervised children at once, wherever there is room."""

    def __init__(self, jobs: int, address: str) -> None:
        """Connect; start nothing but the desk.

        Raises:
            UsageError: If there is no such cluster.
        """
        self.jobs = jobs
        self.opened = clusters.connect(address)
        self.nodes = clusters.Nodes()
        self.waiting: deque[Flight] = deque()
        self.flying: dict[Any, Flight] = {}
        self.messages: deque[Message] = deque()
        self.halted: float | None = None
        self.proven = False
        self.desk = self._new_desk()
        self.orders = Orders(self.desk)

    def submit(self, job: Job) -> None:
        """Take a job; it starts when there is room.

        Raises:
            UsageError: If no node can ever run it.
        """
        needs = clusters.needs(job)
        self.nodes.require(needs)
        self.orders.shelve(job)
        self.waiting.append(Flight(job=job, needs=needs))

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
        ray.kill(self.desk)
        if self.opened:
            ray.shutdown()

    def _work(self, timeout: float) -> None:
        """Place cells, take what ended, and hear of those that run."""
        self.nodes.refresh()
        self._stop() if self.halted is not None else self._place()
        ready: list[Any] = []
        if self.flying:
            ready, _ = ray.wait(list(self.flying), num_returns=1, timeout=timeout)
        elif not self.messages:
            time.sleep(timeout)
        self._hear()
        for ref in ready:
            self._land(ref)

    def _place(self) -> None:
        """Hand waiting cells to nodes, as far as there is room."""
        held: deque[Flight] = deque()
        full: list[dict[str, float]] = []
        while self.waiting and len(self.flying) < self.jobs:
            flight = self.waiting.popleft()
            if flight.needs in full:
                held.append(flight)
                continue
            node = self._choose(flight)
            if node is not None:
                self._launch(flight, node)
            elif (reason := self._hopeless(flight)) is None:
                held.append(flight)
                if not flight.refused and not flight.avoided:
                    full.append(flight.needs)
            else:
                self._end(flight, troubled(reason))
        self.waiting.extendleft(reversed(held))

    def _choose(self, flight: Flight) -> clusters.Node | None:
        """Return a node for a cell, one where it was lost only if there is no other."""
        refused = set(flight.refused)
        others = [
            n
            for n in self.nodes.usable()
            if n.name not in refused | flight.avoided and n.could(flight.needs)
        ]
        avoided = refused | (flight.avoided if others else set())
        return self.nodes.choose(flight.needs, avoided)

    def _launch(self, flight: Flight, node: clusters.Node) -> None:
        """Start the task of a cell on a node."""
        flight.attempt, flight.node, flight.stuck = flight.attempt + 1, node.name, None
        options = {
            "num_cpus": flight.needs["CPU"],
            "num_gpus": flight.needs["GPU"],
            "memory": flight.needs["memory"] or None,
            "max_retries": 0,
            "scheduling_strategy": clusters.on_node(node.name),
        }
        task = ray.remote(run_task).options(**options)
        ref = task.remote(self.orders.order(flight.job), self.desk, flight.attempt)
        node.book(flight.needs, 1)
        self.flying[ref] = flight

    def _hopeless(self, flight: Flight) -> str | None:
        """Return why no node will ever take a cell, None while one may."""
        usable = [n for n in self.nodes.usable() if n.name not in flight.refused]
        if any(n.could(flight.needs) for n in usable):
            flight.stuck = None
            return None
        refusals = {**self.nodes.refused, **flight.refused}
        named = {name: refusals[name] for name in self.nodes.alive if name in refusals}
        if named:
            return "no node can run it: " + "; ".join(
                f"node {self.nodes.alive[name].address}: {reason}"
                for name, reason in named.items()
            )
        now = time.monotonic()
        flight.stuck = flight.stuck or now
        if now - flight.stuck < RETURN_SECONDS:
            return None
        return "; ".join(["no node that could run it is left", *flight.lost])

    def _hear(self) -> None:
        """Take the events that the desk holds, of attempts that still count."""
        halted = self.halted is not None
        try:
            news = ray.get(self.desk.take.remote(halted=halted), timeout=5)
        except GetTimeoutError:
            return
        except RayError:  # it lives beside us, so this is rare: memory, or a person
            self.desk = self._new_desk()
            self.orders.move(self.desk)
            return
        current = {f.job.number: f for f in self.flying.values()}
        for number, attempt, event in news:
            flight = current.get(number)
            if flight is None or flight.attempt != attempt:
                continue
            if event.get("phase") == "start":
                if flight.begun:
                    continue
                flight.begun = True
            self.messages.append(Message(number=number, event=event))

    def _land(self, ref: Any) -> None:  # noqa: ANN401 - an object reference
        """Take what a task left."""
        flight = self.flying.pop(ref)
        if flight.node in self.nodes.alive:
            self.nodes.alive[flight.node].book(flight.needs, -1)
        try:
            answer = ray.get(ref)
        except TaskCancelledError:
            self._end(flight, Outcome(status="interrupted", message="not started"))
        except RayTaskError as error:
            # all that our own code can meet it answers: the task could not be loaded
            self._refuse(flight, str(error).strip().splitlines()[-1], whole=True)
        except RayError as error:
            self._lose(flight, error)
        else:
            if "refused" in answer:
                self._refuse(flight, answer["refused"], whole=answer["whole"])
            else:
                self._take(flight, answer)

    def _take(self, flight: Flight, answer: dict[str, Any]) -> None:
        """Take an outcome and its files; a machine's fault has the cell run again."""
        self.proven = True
        outcome = outcome_of(answer["outcome"])
        if outcome.trouble and outcome.retry and self.halted is None:
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

    def _lose(self, flight: Flight, error: RayError) -> None:
        """Note that a worker or a node was lost; its cell runs again elsewhere."""
        self.nodes.refresh(now=True)
        if self.halted is not None:
            self._end(flight, Outcome(status="interrupted", message=f"{error}"))
            return
        reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
        outcome = troubled(reason)
        if isinstance(error, OutOfMemoryError):
            reason = OUT_OF_MEMORY
            outcome = Outcome(status="out-of-memory", message=reason)
        self._again(flight, reason, outcome)

    def _again(self, flight: Flight, reason: str, outcome: Outcome) -> None:
        """Have a cell run again on another node, or end it after too many times."""
        flight.lost.append(reason)
        flight.avoided.add(flight.node)
        if len(flight.lost) > LOSSES:
            self._end(flight, outcome)
        else:
            self.waiting.appendleft(flight)

    def _refuse(self, flight: Flight, reason: str, *, whole: bool) -> None:
        """Note that a node cannot run this cell, or none at all.

        Raises:
            UsageError: If no node is left that could run anything, and none did.
        """
        node = self.nodes.alive.get(flight.node)
        address = node.address if node else flight.node
        if whole and flight.node not in self.nodes.refused:
            self.nodes.refused[flight.node] = reason
            self.messages.append(Message(note=f"node {address} is left out: {reason}"))
        elif not whole:
            flight.refused[flight.node] = reason
        self.waiting.appendleft(flight)
        if whole and not self.nodes.usable() and not self.proven:
            msg = f"no node of the cluster is like this machine: {address}: {reason}"
            raise UsageError(msg)

    def _end(self, flight: Flight, outcome: Outcome) -> None:
        """Report the end of a cell."""
        again = [f"tried again: {reason}" for reason in flight.lost]
        if not outcome.trouble:
            outcome.warnings = [*again, *outcome.warnings]
        self.messages.append(Message(number=flight.job.number, outcome=outcome))

    def _stop(self) -> None:
        """End what waits; interrupt what was not heard of; lose patience at last."""
        assert self.halted is not None  # noqa: S101 - the caller asked
        while self.waiting:
            stopped = Outcome(status="interrupted", message="not started")
            self._end(self.waiting.popleft(), stopped)
        late = time.monotonic() - self.halted > PATIENCE_SECONDS
        for ref, flight in self.flying.items():
            if late or not flight.begun:
                ray.cancel(ref, force=late)

    def _new_desk(self) -> Any:  # noqa: ANN401 - an actor handle
        """Start a desk on this machine."""
        here = ray.get_runtime_context().get_node_id()
        options = {"num_cpus": 0, "scheduling_strategy": clusters.on_node(here)}
        return ray.remote(Desk).options(**options).remote()
