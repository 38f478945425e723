"""Cells on their way: where each goes, and what is done when it does not arrive."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from ray.exceptions import (
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayError,
    TaskUnschedulableError,
    WorkerCrashedError,
)

from recbench.runner.engines import Job
from recbench.runner.engines.cluster.nodes import Needs, Node, Nodes
from recbench.runner.supervise import Outcome, troubled

LOSSES = 3  # a cell that is lost more often is given up
RETURN_SECONDS = 30.0  # that a lost node may take to come back
REASONS: dict[type[RayError], str] = {
    NodeDiedError: "its node was lost",
    TaskUnschedulableError: "its node was lost before it began",
    ObjectLostError: "its result was lost with its node",
    WorkerCrashedError: "the process that watched over it was killed",
    OutOfMemoryError: "Ray stopped it because its node was out of memory",
}


@dataclass(slots=True, kw_only=True)
class Flight:
    """A cell on its way.

    Attributes:
        job: The cell.
        needs: What it asks of a node.
        attempt: How often it was placed.
        node: Where it is.
        begun: Whether it was heard of.
        cancelled: Whether its task was asked not to start.
        lost: Why earlier attempts ended without a result.
        refused: Node id to why that node cannot run it.
        avoided: Nodes where it was lost.
        stuck: Since when no node could take it, or None.
    """

    job: Job
    needs: Needs
    attempt: int = 0
    node: str = ""
    begun: bool = False
    cancelled: bool = False
    lost: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    avoided: set[str] = field(default_factory=set)
    stuck: float | None = None

    def lose(self, reason: str) -> bool:
        """Note that an attempt was lost; return whether there may be another."""
        self.lost.append(reason)
        self.avoided.add(self.node)
        return len(self.lost) <= LOSSES

    def depart(self, node: Node) -> None:
        """Note where it goes."""
        self.attempt, self.node, self.stuck = self.attempt + 1, node.name, None
        node.book(self.needs, 1)


def loss(error: RayError) -> tuple[str, Outcome]:
    """Return why an attempt was lost, and what its cell ends with if it was the last.

    One whose watcher is killed every time is to blame, like one that uses up the
    memory of every node: it would take along whatever runs beside it.
    """
    found = (text for kind, text in REASONS.items() if isinstance(error, kind))
    reason = next(found, type(error).__name__)
    if isinstance(error, OutOfMemoryError):
        return reason, Outcome(status="out-of-memory", message=reason)
    if isinstance(error, WorkerCrashedError):
        return reason, Outcome(status="crashed", message=f"each time, {reason}")
    return reason, troubled(reason)


def place(
    waiting: deque[Flight], nodes: Nodes, room: int
) -> Iterator[tuple[Flight, Node | str]]:
    """Yield waiting cells with the node that each goes to, or why it goes nowhere.

    Args:
        waiting: Cells in their order; those yielded are taken out.
        nodes: Where there may be room.
        room: How many to place at most.
    """
    held: deque[Flight] = deque()
    full: list[Needs] = []
    try:
        while waiting and room > 0:
            flight = waiting.popleft()
            plain = not flight.refused and not flight.avoided
            if plain and flight.needs in full:
                held.append(flight)
            elif (node := choose(flight, nodes)) is not None:
                room -= 1
                yield flight, node
            elif (reason := hopeless(flight, nodes)) is not None:
                yield flight, reason
            else:
                held.append(flight)
                full += [flight.needs] if plain else []
    finally:
        waiting.extendleft(reversed(held))


def choose(flight: Flight, nodes: Nodes) -> Node | None:
    """Return a node for a cell; one where it was lost only if there is no other."""
    refused = set(flight.refused)
    others = [
        node
        for node in nodes.usable()
        if node.name not in refused | flight.avoided and node.could(flight.needs)
    ]
    return nodes.choose(flight.needs, refused | (flight.avoided if others else set()))


def hopeless(flight: Flight, nodes: Nodes) -> str | None:
    """Return why no node will ever take a cell, None while one may."""
    usable = [n for n in nodes.usable() if n.name not in flight.refused]
    if any(n.could(flight.needs) for n in usable):
        flight.stuck = None
        return None
    reasons = {**nodes.refused, **flight.refused}
    said = dict.fromkeys(reasons[name] for name in nodes.alive if name in reasons)
    if said:
        return "no node can run it: " + "; ".join(said)
    now = time.monotonic()
    flight.stuck = flight.stuck or now
    if now - flight.stuck < RETURN_SECONDS:
        return None
    return "; ".join(["no node that could run it is left", *flight.lost])
