"""A Ray cluster as the run sees it: the connection, its nodes, and who fits where."""

import contextlib
import importlib
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from recbench import hardware
from recbench.errors import UsageError
from recbench.runner.engines import Job

REFRESH_SECONDS = 1.0
ANSWER_SECONDS = 5.0
NAMESPACE = "recbench"
UNITS = {"CPU": "CPUs", "GPU": "GPUs", "memory": "bytes of memory"}


@contextlib.contextmanager
def connected(address: str) -> Iterator[None]:
    """Be connected to a cluster; a connection that was there before stays.

    Raises:
        UsageError: If there is no such cluster.
    """
    opened = connect(address)
    try:
        yield
    finally:
        if opened:
            ray.shutdown()


def connect(address: str) -> bool:
    """Connect to a cluster; return whether this opened the connection.

    Args:
        address: ``auto``, ``local`` or ``HOST:PORT``.

    Raises:
        UsageError: If there is no such cluster.
    """
    if ray.is_initialized():
        return False
    if address not in ("auto", "local"):
        _require_listener(address)
    quiet: dict[str, Any] = {
        "namespace": NAMESPACE,
        "log_to_driver": False,
        "logging_level": "error",
    }
    try:
        if address == "local":
            _start_private(quiet)
        else:
            ray.init(address=address, **quiet)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        ray.shutdown()
        reason = str(error).strip().splitlines()[0]
        msg = (
            f"cannot join the Ray cluster {address!r}: {reason}. Start one with "
            "`ray start --head`, let this machine join one with "
            "`ray start --address=HOST:PORT`, or use --ray-address local"
        )
        raise UsageError(msg) from error
    return True


def _start_private(quiet: Mapping[str, Any]) -> None:
    """Start a head of our own that listens on the loopback address only.

    Raises:
        RuntimeError: If it would listen elsewhere.
    """
    constants: Any = importlib.import_module("ray._private.ray_constants")
    held = constants.ENABLE_RAY_CLUSTER
    constants.ENABLE_RAY_CLUSTER = False  # Ray's own switch for loopback only
    try:
        ray.init(
            address="local",
            include_dashboard=False,
            num_cpus=hardware.cores(),
            **quiet,
        )
    finally:
        constants.ENABLE_RAY_CLUSTER = held
    found = listed()[0]["NodeManagerAddress"]
    if found not in ("127.0.0.1", "::1"):
        msg = f"this version of Ray would listen on {found}, not on loopback alone"
        raise RuntimeError(msg)


def listed() -> list[dict[str, Any]]:
    """Return what Ray tells of every node there is or was."""
    ask: Any = ray.nodes  # without types
    return list(ask())


def _require_listener(address: str) -> None:
    """Refuse an address where nobody listens; Ray would try for minutes.

    Raises:
        UsageError: If it is not HOST:PORT or nobody answers.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        msg = f"--ray-address {address!r}: write auto, local or HOST:PORT"
        raise UsageError(msg)
    try:
        where = (host.strip("[]"), int(port))
        socket.create_connection(where, timeout=ANSWER_SECONDS).close()
    except OSError as error:
        msg = (
            f"no Ray cluster answers at {address}: {error}. Start one there with "
            "`ray start --head --port=PORT`"
        )
        raise UsageError(msg) from error


def needs(job: Job) -> dict[str, float]:
    """Return what a cell asks of a node.

    Raises:
        UsageError: If the engine cannot serve its device.
    """
    if job.device not in ("cpu", "cuda"):
        msg = f"the engine 'ray' runs cells on cpu and cuda, not on {job.device!r}"
        raise UsageError(msg)
    wanted: dict[str, float] = {"CPU": job.threads, "GPU": int(job.device == "cuda")}
    wanted["memory"] = job.limits.memory or 0
    return wanted


@dataclass(slots=True, kw_only=True)
class Node:
    """A node that is alive.

    Attributes:
        name: Its id in the cluster.
        address: How people know it.
        total: What it has.
        used: What the cells of this run use of it.
    """

    name: str
    address: str
    total: dict[str, float]
    used: dict[str, float] = field(default_factory=dict)

    def could(self, wanted: Mapping[str, float]) -> bool:
        """Return whether it has enough when idle."""
        return all(self.total.get(k, 0) >= v for k, v in wanted.items())

    def fits(self, wanted: Mapping[str, float]) -> bool:
        """Return whether it has enough beside the cells of this run."""
        return all(
            self.total.get(k, 0) - self.used.get(k, 0) >= v for k, v in wanted.items()
        )

    def book(self, wanted: Mapping[str, float], sign: int) -> None:
        """Add a cell, or take it away."""
        for name, amount in wanted.items():
            self.used[name] = self.used.get(name, 0) + sign * amount


class Nodes:
    """The nodes of a cluster and what this run uses of them.

    Attributes:
        alive: Node id to node.
        refused: Node id to why no cell may run there.
    """

    def __init__(self) -> None:
        """Ask the cluster."""
        self.alive: dict[str, Node] = {}
        self.refused: dict[str, str] = {}
        self.asked = 0.0
        self.refresh(now=True)

    def refresh(self, *, now: bool = False) -> None:
        """Ask which nodes are alive, at most once a second unless it matters now."""
        if not now and time.monotonic() - self.asked < REFRESH_SECONDS:
            return
        found = {}
        for facts in listed():
            if not facts["Alive"]:
                continue
            name = facts["NodeID"]
            found[name] = self.alive.get(name) or Node(
                name=name,
                address=facts["NodeManagerAddress"],
                total=dict(facts["Resources"]),
            )
        self.alive, self.asked = found, time.monotonic()

    def usable(self) -> list[Node]:
        """Return the nodes that were not refused."""
        return [n for n in self.alive.values() if n.name not in self.refused]

    def require(self, wanted: Mapping[str, float]) -> None:
        """Refuse what no node of the cluster can ever give.

        Raises:
            UsageError: Saying what was wanted and what there is.
        """
        nodes = list(self.alive.values())
        if any(node.could(wanted) for node in nodes):
            return
        amounts = {k: max((n.total.get(k, 0) for n in nodes), default=0) for k in UNITS}
        asked = ", ".join(f"{v:,.0f} {UNITS[k]}" for k, v in wanted.items() if v)
        there = ", ".join(f"{v:,.0f} {UNITS[k]}" for k, v in amounts.items())
        msg = (
            f"no node of the cluster can run a cell that needs {asked}: the most that "
            f"one of its {len(nodes)} nodes has is {there}. Ask for less with "
            "--threads, --memory or --device, or add a larger node"
        )
        raise UsageError(msg)

    def choose(self, wanted: Mapping[str, float], avoided: set[str]) -> Node | None:
        """Return the node with the most room, or None while none has enough.

        Args:
            wanted: What the cell asks.
            avoided: Nodes to leave out.
        """
        fitting = [n for n in self.usable() if n.name not in avoided and n.fits(wanted)]
        return max(
            fitting, key=lambda n: n.total["CPU"] - n.used.get("CPU", 0), default=None
        )


def on_node(name: str) -> NodeAffinitySchedulingStrategy:
    """Return the strategy that runs something on one node and nowhere else."""
    return NodeAffinitySchedulingStrategy(node_id=name, soft=False)


def kinds() -> tuple[str, ...]:
    """Return the kinds of device that the cluster has."""
    gpus = any(n.total.get("GPU", 0) >= 1 for n in Nodes().alive.values())
    return ("cpu", "cuda") if gpus else ("cpu",)


def slots(threads: int) -> int:
    """Return how many cells of so many threads the cluster runs at once."""
    return max(1, sum(int(n.total.get("CPU", 0) // threads) for n in Nodes().usable()))
