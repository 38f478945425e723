"""What there is where cells will run, asked before they are planned."""

import contextlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass

from recbench import hardware
from recbench.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A machine or a cluster.

    Attributes:
        jobs: How many cells it runs at once.
        kinds: Kinds of device that it has; None for those of this machine, which are
            asked for only when they matter.
    """

    jobs: int
    kinds: tuple[str, ...] | None = None


@contextlib.contextmanager
def room(engine: str, address: str, threads: int) -> Iterator[Room]:
    """Say what an engine can use; stay connected to it meanwhile.

    Raises:
        UsageError: If the engine cannot be had.
    """
    if engine == "local":
        yield Room(jobs=default_jobs(threads))
        return
    require_ray()
    from recbench.runner.engines.cluster import connection, nodes

    with connection.connected(address):
        yield Room(jobs=nodes.slots(threads), kinds=nodes.kinds())


def default_jobs(threads: int) -> int:
    """Return how many cells run at once: as many as the cores hold."""
    return max(1, hardware.cores() // threads)


def require_ray() -> None:
    """Refuse to go on without Ray.

    Raises:
        UsageError: Naming the extra.
    """
    if importlib.util.find_spec("ray") is None:
        msg = "the engine 'ray' needs its extra: pip install 'recbench-harness[ray]'"
        raise UsageError(msg)
