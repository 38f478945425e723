"""The nodes of a cluster: what each has, what this run uses of it, who fits where."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from recbench.errors import UsageError
from recbench.runner.engines import Job
from recbench.runner.engines.cluster.connection import listed

REFRESH_SECONDS = 1.0
UNITS = {"CPU": "CPUs", "GPU": "GPUs", "memory": "MiB of memory"}

Needs = dict[str, float]


def needs(job: Job) -> Needs:
    """Return what a cell asks of a node.

    Raises:
        UsageError: If the engine cannot serve its device.
    """
    if job.device not in ("cpu", "cuda"):
        msg = f"the engine 'ray' runs cells on cpu and cuda, not on {job.device!r}"
        raise UsageError(msg)
    return {
        "CPU": job.threads,
        "GPU": int(job.device == "cuda"),
        "memory": job.limits.memory or 0,
    }


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

    def could(self, wanted: Needs) -> bool:
        """Return whether it has enough when idle."""
        return all(self.total.get(k, 0) >= v for k, v in wanted.items())

    def fits(self, wanted: Needs) -> bool:
        """Return whether it has enough beside the cells of this run."""
        return all(self.free(k) >= v for k, v in wanted.items())

    def free(self, kind: str) -> float:
        """Return how much of something the cells of this run leave."""
        return self.total.get(kind, 0) - self.used.get(kind, 0)

    def book(self, wanted: Needs, sign: int) -> None:
        """Add a cell, or take it away."""
        for name, amount in wanted.items():
            self.used[name] = self.used.get(name, 0) + sign * amount


class Nodes:
    """The nodes of a cluster.

    Attributes:
        alive: Node id to node.
        refused: Node id to why no cell may run there.
    """

    def __init__(self) -> None:
        """Ask the cluster."""
        self.alive: dict[str, Node] = {}
        self.refused: dict[str, str] = {}
        self.gone: set[str] = set()
        self.asked = -REFRESH_SECONDS
        self.refresh()

    def refresh(self) -> None:
        """Ask which nodes are alive, at most once a second."""
        if time.monotonic() - self.asked < REFRESH_SECONDS:
            return
        found = {}
        for facts in listed():
            name = facts["NodeID"]
            if facts["Alive"] and name not in self.gone:
                found[name] = self.alive.get(name) or Node(
                    name=name,
                    address=facts["NodeManagerAddress"],
                    total=dict(facts["Resources"]),
                )
        self.alive, self.asked = found, time.monotonic()

    def drop(self, name: str) -> None:
        """Forget a node that was lost, before the cluster itself knows."""
        self.gone.add(name)
        self.alive.pop(name, None)

    def usable(self) -> list[Node]:
        """Return the nodes that were not refused."""
        return [n for n in self.alive.values() if n.name not in self.refused]

    def require(self, wanted: Needs) -> None:
        """Refuse what no node of the cluster can ever give.

        Raises:
            UsageError: Saying what was wanted and what there is.
        """
        nodes = list(self.alive.values())
        if any(node.could(wanted) for node in nodes):
            return
        most = {k: max((n.total.get(k, 0) for n in nodes), default=0) for k in UNITS}
        msg = (
            f"no node of the cluster can run a cell that needs {_said(wanted)}: the "
            f"most that any of its nodes ({len(nodes)}) has is {_said(most)}. Ask for "
            "less with --threads, --memory or --device, or add a larger node"
        )
        raise UsageError(msg)

    def choose(self, wanted: Needs, avoided: Collection[str]) -> Node | None:
        """Return the node with the most room, or None while none has enough.

        Cells without a GPU go where there is none, as long as they fit there.

        Args:
            wanted: What the cell asks.
            avoided: Nodes to leave out.
        """
        fitting = [n for n in self.usable() if n.name not in avoided and n.fits(wanted)]
        plain = [n for n in fitting if not n.total.get("GPU")]
        if not wanted["GPU"] and plain:
            fitting = plain
        return max(fitting, key=lambda n: n.free("CPU"), default=None)


def _said(amounts: Mapping[str, float]) -> str:
    """Return amounts in words."""
    return ", ".join(
        f"{value / 2**20 if kind == 'memory' else value:,.0f} {UNITS[kind]}"
        for kind, value in amounts.items()
        if value
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
