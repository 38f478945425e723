"""The connection to a Ray cluster, or a private one that is started for the run."""

import contextlib
import importlib
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import ray

from recbench import hardware
from recbench.errors import UsageError

ANSWER_SECONDS = 5.0
NAMESPACE = "recbench"
LOOPBACK = ("127.0.0.1", "::1")


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
        reason = str(error).strip().splitlines()[0].rstrip(".")
        msg = (
            f"cannot join the Ray cluster {address!r}: {reason}. Start one with "
            "`ray start --head`, let this machine join one with "
            "`ray start --address=HOST:PORT` (with the same token), or use "
            "--ray-address local"
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
    if found not in LOOPBACK:
        msg = f"this version of Ray would listen on {found}, not on loopback alone"
        raise RuntimeError(msg)


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


def listed() -> list[dict[str, Any]]:
    """Return what Ray tells of every node there is or was."""
    ask: Any = ray.nodes  # without types
    return list(ask())
