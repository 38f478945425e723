"""The model's own process: load, fit, score, write, and nothing else.

It is given a folder with ``request.json``; it leaves events, the output as ``.npy``
and, last of all, ``result.json``. It never sees a test label.
"""

import dataclasses
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recbench import plugins
from recbench.errors import RecbenchError, UsageError
from recbench.evaluation.rules import BLOCK_BYTES
from recbench.protocols import FitContext
from recbench.results import atomic
from recbench.runner import costs
from recbench.runner.asking import (
    require,
    require_vectors,
    validator,
    write_output,
    write_vectors,
)
from recbench.runner.events import Events
from recbench.runner.failures import MACHINE, failure, same_source
from recbench.runner.memory import keep_freed, memory_mib, peak_mib
from recbench.runner.view import answerable, read
from recbench.specs import MetricSpec, ModelSpec

RANK_MIB, MIB = "RECBENCH_RANK_MIB", 2**20
CANNOT_WRITE = 74  # EX_IOERR: the disk did not take the result
BROKEN = 70


def find_model(plugin: plugins.Plugin, name: str) -> ModelSpec:
    """Load one plugin and return its model of that name."""
    manager = plugins.manager_of(plugins.import_plugin(plugin))
    for answer in manager.hook.recbench_models():
        for spec in answer:
            if spec.name == name:
                found: ModelSpec = spec
                return found
    msg = f"plugin {plugin.name} no longer offers the model {name!r}"
    raise RecbenchError(msg)


def find_metric(plugin: plugins.Plugin, name: str) -> MetricSpec:
    """Load one plugin and return its metric of that name."""
    manager = plugins.manager_of(plugins.import_plugin(plugin))
    for answer in manager.hook.recbench_metrics():
        for spec in answer:
            if spec.name == name:
                found: MetricSpec = spec
                return found
    msg = f"plugin {plugin.name} no longer offers the metric {name!r}"
    raise RecbenchError(msg)


def work(folder: Path, request: Mapping[str, Any], events: Events) -> dict[str, Any]:
    """Fit and score; return what goes into ``result.json``."""
    events.phase("load")
    plugin = plugins.Plugin(**request["plugin"])
    planned = request.get("plugin_hash", "")
    with same_source(plugin, planned):
        spec = find_model(plugin, request["model"])
    # two mappings of the same files: what a model writes into its own is not what
    # the harness masks and validates by
    view, own = read(Path(request["view"])), read(Path(request["view"]))
    own = dataclasses.replace(own, threads=request["threads"], block_bytes=rank_bytes())
    base, _, _ = request["metric"].partition("@")
    specs = {base: find_metric(plugins.Plugin(**request["metric_plugin"]), base)}
    with same_source(plugin, planned):
        model = plugins.make(spec, view.task, request["params"])
    require(model, own)
    if request.get("vectors"):
        require_vectors(model)
    base_mib = memory_mib("VmRSS")
    context = FitContext(
        task=view.task,
        seed=request["seed"],
        device=request["device"],
        threads=request["threads"],
        metric=request["metric"],
        maximize=specs[base].higher_is_better is not False,
        deadline=request["deadline"],
        log=logging.getLogger("recbench.model"),
        validation=view.validation if len(view.validation) else None,
        validator=validator(own, request["metric"], specs),
        reporter=events.report,
    )
    seed_globals(request["seed"])
    events.phase("fit")
    started = time.perf_counter()
    model.fit(view.train, context)
    fitted = time.perf_counter()
    events.phase("score")
    if request["asked_later"]:
        own = answerable(own, arrived(folder / "questions.npz"))
    asked = time.perf_counter()
    serve = write_output(folder, model, own)
    scored = time.perf_counter()
    peak, deadline = peak_mib(), request["deadline"]
    spent = scored - asked
    waited = costs.latency(serve, len(own.ask_users), spent=spent, deadline=deadline)
    if request.get("vectors"):
        write_vectors(folder, model, own)
    parameters = getattr(model, "n_parameters", None)
    return {
        "status": "ok",
        "seconds": {"fit": fitted - started, "score": spent, "latency": waited},
        "size_mib": costs.saved_mib(model, folder / "saved", deadline=deadline),
        "peak_mib": peak,
        "n_parameters": int(parameters) if parameters is not None else None,
        "base_mib": base_mib,
    }


def rank_bytes() -> int:
    """Return the bytes of scores that ranking holds: ``$RECBENCH_RANK_MIB`` MiB.

    Raises:
        UsageError: If the variable is no whole number from 1.
    """
    text = os.environ.get(RANK_MIB) or str(BLOCK_BYTES // MIB)
    if not text.isdecimal() or int(text) < 1:
        msg = f"${RANK_MIB} is {text!r}: write a whole number of MiB, such as 32"
        raise UsageError(msg)
    return int(text) * MIB


def arrived(path: Path) -> Path:
    """Wait until the parent has put a file there; it ends us if that takes too long."""
    while not path.exists():
        time.sleep(0.001)
    return path


def seed_globals(seed: int) -> None:
    """Seed the generators that a model may use without asking."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - this is the legacy one
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


def settle(folder: Path, threads: int) -> None:
    """Move into a folder of its own, log to stderr, use so many threads."""
    keep_freed()
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    os.chdir(scratch)
    os.environ["TMPDIR"] = tempfile.tempdir = str(scratch)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    torch = sys.modules.get("torch")
    if torch is not None:  # all others were told by the environment, before loading
        torch.set_num_threads(threads)


def main(folder: Path) -> int:
    """Work on the request in a folder; return an exit status."""
    path = folder / "request.json"
    request = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()  # what it holds is nothing for the model
    events = Events(folder)
    settle(folder, request["threads"])
    seed_globals(request["seed"])
    try:
        result = work(folder, request, events)
    except BaseException as error:  # noqa: BLE001 - a model may raise anything
        result = failure(error)
    result = {"peak_mib": peak_mib(), **result, "token": request["token"]}
    try:
        atomic.write(folder / "result.json", json.dumps(result).encode(), durable=False)
    except OSError as error:
        sys.stderr.write(f"the result could not be written: {error}\n")
        return CANNOT_WRITE if error.errno in MACHINE else BROKEN
    return 0
