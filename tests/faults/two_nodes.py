"""A real Ray cluster of two nodes on the loopback address."""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

LOOPBACK = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # Ray's switch for loopback only
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
}


class TwoNodes:
    """The cluster: a head and another node, one cell each at a time.

    The second one pretends to have a GPU.
    """

    def __init__(self, cluster: Any, root: Path) -> None:
        self.cluster, self.root = cluster, root
        self.second: Any = None
        self.ensure()

    @property
    def address(self) -> str:
        """HOST:PORT of the head."""
        return self.cluster.address

    def ensure(self) -> None:
        """Have a second node, a new one where it was lost."""
        if self.second is None:
            self.second = self.add(num_gpus=1)

    def add(self, **options: Any) -> Any:
        """Add a node with a temporary folder of its own."""
        env = {"TMPDIR": str(room(self.root)), **options.pop("env_vars", {})}
        return self.cluster.add_node(**SMALL | options, env_vars=env)

    def lose(self) -> None:
        """Kill the second node, as if its machine had lost power."""
        self.cluster.remove_node(self.second, allow_graceful=False)
        self.second = None

    def caches(self) -> list[set[str]]:
        """Return the names of what each node keeps."""
        rooms = sorted(self.root.iterdir())
        return [{p.name for p in r.glob("recbench-cache-*-*")} for r in rooms]


SMALL: dict[str, Any] = {
    "num_cpus": 1,
    "object_store_memory": 100 * 2**20,
    "include_dashboard": False,
}


def room(root: Path) -> Path:
    """Return a new folder; sockets in it must have short names."""
    made = root / secrets.token_hex(3)
    made.mkdir()
    return made


@contextmanager
def two_nodes() -> Iterator[TwoNodes]:
    """Start the cluster; this process and its children can join it."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as root:
        for name, value in LOOPBACK.items():
            patch.setenv(name, value)
        from ray._private import ray_constants
        from ray.cluster_utils import Cluster

        patch.setattr(ray_constants, "ENABLE_RAY_CLUSTER", False)
        words = [sys.executable, "-m", "ray.scripts.scripts", "get-auth-token"]
        subprocess.run([*words, "--generate"], check=True, capture_output=True)
        env = {"TMPDIR": str(room(Path(root)))}
        head = SMALL | {"env_vars": env}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            yield TwoNodes(cluster, Path(root))
        finally:
            cluster.shutdown()


def parent(pid: int) -> int:
    """Return the parent of a process."""
    stat = Path(f"/proc/{pid}/stat").read_bytes()
    return int(stat.rpartition(b")")[2].split()[1])


def alive(pid: int) -> bool:
    """Return whether a process runs."""
    try:
        os.kill(pid, 0)
        return b") Z " not in Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
