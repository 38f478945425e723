"""A cell on a node of a cluster: the same supervised child, and what surrounds it.

This is all that runs inside a task. It refuses work if this node is not like the
machine of the run, gets the view by its hash, supervises, and returns plain bytes.
"""

import contextlib
import dataclasses
import functools
import io
import json
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recbench import hardware, plugins
from recbench.runner import handed
from recbench.runner.attempts import Tell, attempt
from recbench.runner.engines import Job, Kind
from recbench.runner.engines.cluster import depot, supply
from recbench.runner.engines.cluster.supply import RefusedError
from recbench.runner.launch import Launcher, launcher
from recbench.runner.supervise import Limits, Outcome, troubled
from recbench.runner.workspace import Workspace

OUTPUTS = ("predictions.npy", "lists.npy")
HEADER_BYTES = 4096
VISIBLE = "CUDA_VISIBLE_DEVICES"

_launchers: dict[Kind, Launcher] = {}  # of this worker; a warm one starts cells fast


@functools.cache
def fingerprint() -> dict[str, str]:
    """Return what has to be the same on two machines for the same results."""
    own = plugins.Plugin(name="recbench", kind="module", value="recbench")
    return {**hardware.versions(), "source of recbench": supply.source_hash(own)[:12]}


def run_cell(
    order: Mapping[str, Any], source: depot.Source, tell: Tell, halt: threading.Event
) -> dict[str, Any]:
    """Run what the machine of the run ordered.

    Args:
        order: What :func:`recbench.runner.engines.cluster.orders.Orders.order` wrote.
        source: Where files can be read by hash.
        tell: Called with every event.
        halt: When set, the cell is interrupted.

    Returns:
        ``refused`` and ``whole``, or ``outcome`` and the ``files`` of the output.
    """
    try:
        _compare(order["fingerprint"])
        with Workspace() as work:
            return _supervised(order, source, tell, halt, work.folder("cell"))
    except RefusedError as error:
        return {"refused": str(error), "whole": error.whole}
    except Exception as error:  # noqa: BLE001 - whatever fails here is not the model's fault
        outcome = troubled(f"{type(error).__name__}: {error}")
        return {"outcome": dataclasses.asdict(outcome), "files": {}}


def _supervised(
    order: Mapping[str, Any],
    source: depot.Source,
    tell: Tell,
    halt: threading.Event,
    folder: Path,
) -> dict[str, Any]:
    """Supervise a cell in a folder; return what it left."""
    request = dict(order["request"])
    for name, planned in order["plugins"].items():
        request[name] = supply.plugin(request[name], planned, source, halt)
    view, shelf = supply.view(order["view"], source, halt)
    job = Job(
        number=order["number"],
        folder=folder,
        request=request | {"view": str(view)},
        env=dict(order["env"]),
        limits=Limits(**order["limits"]),
        threads=order["threads"],
        device=order["device"],
    )
    limit = _output_bytes(view, shelf.questions(view))
    tell({"phase": "start"})
    outcome = attempt(
        lambda: _launcher(job.kind), _placed(job), shelf=shelf, halt=halt, tell=tell
    )
    outcome.machine = _machine()
    files = _outputs(folder, limit) if outcome.status == "ok" else {}
    return {"outcome": dataclasses.asdict(outcome), "files": files}


def _compare(wanted: Mapping[str, str]) -> None:
    """Refuse everything if this node has other versions.

    Raises:
        RefusedError: Naming both sides.
    """
    here = fingerprint()
    different = [
        f"{name} is {here.get(name, 'missing')} there and "
        f"{wanted.get(name, 'missing')} here"
        for name in sorted({*here, *wanted})
        if here.get(name) != wanted.get(name)
    ]
    if different:
        raise RefusedError("; ".join(different), whole=True)


def _placed(job: Job) -> Job:
    """Return a job that uses the accelerator which the cluster gave to this task."""
    if job.device == "cpu":
        return job
    env = job.env | {VISIBLE: os.environ.get(VISIBLE, "0")}
    request = dict(job.request) | {"device": f"{job.device}:0"}
    return dataclasses.replace(job, env=env, request=request)


def _launcher(kind: Kind) -> Launcher:
    """Return the launcher of a kind of cells; a new one where it has ended."""
    held = _launchers.get(kind)
    if held is None or not held.alive():
        if held is not None:
            held.close()
        # workers block Ctrl-C; a model must not find it blocked
        mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        try:
            held = _launchers[kind] = launcher(kind[0], torch=kind[1])
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return held


def _machine() -> dict[str, Any]:
    """Return the facts of this machine, not of the part of it that the task may use."""
    with _without(VISIBLE):
        return hardware.machine()


@contextlib.contextmanager
def _without(name: str) -> Iterator[None]:
    """Take a variable out of the environment for a while."""
    held = os.environ.pop(name, None)
    try:
        yield
    finally:
        if held is not None:
            os.environ[name] = held


def _output_bytes(view: Path, questions: bytes) -> int:
    """Return the size of a right output; what is beyond is not worth sending."""
    facts = json.loads((view / "view.json").read_text(encoding="utf-8"))
    with np.load(io.BytesIO(questions), allow_pickle=False) as archive:
        asked = len(archive["ask_users"])
    width = 1 if facts["task"] == "rating" else facts["k"]
    return 4 * asked * int(width) + HEADER_BYTES


def _outputs(folder: Path, limit: int) -> dict[str, bytes]:
    """Return the outputs, as far as a right one could reach."""
    found = {}
    for name in OUTPUTS:
        with contextlib.suppress(OSError), handed.open_regular(folder / name) as file:
            found[name] = file.read(limit)
    return found


def outcome_of(data: Mapping[str, Any]) -> Outcome:
    """Return an outcome from what was sent."""
    curves = {
        name: [(epoch, value) for epoch, value in curve]
        for name, curve in data["curves"].items()
    }
    return Outcome(**{**data, "curves": curves})
