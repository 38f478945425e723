"""The model's own process: load, fit, score, write, and nothing else.

It is given a folder with ``request.json``; it leaves ``events.jsonl``, the output as
``.npy`` and, last of all, ``result.json``. It never sees a test label.
"""

import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recbench import plugins
from recbench.errors import ContractError, RecbenchError
from recbench.evaluation import measure, scoring
from recbench.protocols import FitContext
from recbench.results import atomic
from recbench.runner.view import View, read
from recbench.specs import MetricSpec, ModelSpec

TRACEBACK_LINES = 30


class Events:
    """Lines of JSON that the parent reads while the child works."""

    def __init__(self, path: Path) -> None:
        """Open the file for appending, one write per line."""
        self.handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def __call__(self, **data: Any) -> None:  # noqa: ANN401 - any JSON value
        """Append one event."""
        os.write(self.handle, json.dumps(data).encode() + b"\n")


class NotOfferedError(RecbenchError):
    """The model cannot do what the suite asks; its cell is skipped."""


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


def validator(
    view: View, metric: str, specs: Mapping[str, MetricSpec]
) -> Callable[[Any], float] | None:
    """Return the function behind ``context.validate``; None without validation."""
    validation = view.validation
    if not len(validation):
        return None
    if view.task == "rating":
        return lambda model: measure.validate_ratings(model, validation, metric, specs)
    relevant = validation
    if view.relevance is not None and validation.ratings is not None:
        relevant = validation.take(validation.ratings >= np.float32(view.relevance))
    users = np.unique(relevant.users)
    if not len(users):
        return None
    rules = view.rules(final=False)
    queries = view.queries(users)

    def ranking(model: Any) -> float:  # noqa: ANN401 - a model is any object
        return measure.validate_lists(
            model,
            users,
            rules,
            queries,
            validation=validation,
            train=view.train,
            relevance=view.relevance,
            name=metric,
            specs=specs,
        )

    return ranking


def work(folder: Path, request: Mapping[str, Any], events: Events) -> dict[str, Any]:
    """Fit and score; return what goes into ``result.json``."""
    events(phase="load")
    plugin = plugins.Plugin(**request["plugin"])
    spec = find_model(plugin, request["model"])
    view = read(Path(request["view"]))
    base, _, _ = request["metric"].partition("@")
    specs = {base: find_metric(plugins.Plugin(**request["metric_plugin"]), base)}
    model = plugins.make(spec, view.task, request["params"])
    _require(model, view)
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
        validator=validator(view, request["metric"], specs),
        reporter=lambda values: events(**values),
    )
    events(phase="fit")
    started = time.perf_counter()
    model.fit(view.train, context)
    fitted = time.perf_counter()
    events(phase="score")
    write_output(folder, model, view)
    scored = time.perf_counter()
    parameters = getattr(model, "n_parameters", None)
    return {
        "status": "ok",
        "seconds": {"fit": fitted - started, "score": scored - fitted},
        "n_parameters": int(parameters) if parameters is not None else None,
        "base_mib": base_mib,
    }


def _require(model: object, view: View) -> None:
    """Refuse a model that lacks the method its suite needs."""
    held_out = len(view.history) > 0
    if view.task == "rating" and not callable(getattr(model, "predict", None)):
        msg = "the model declares the task rating but has no predict(users, items)"
        raise ContractError(msg)
    if view.task != "rating" and not scoring.can_rank(model):
        msg = (
            "the model declares a ranking task but has no score, user_vectors, "
            "recommend or score_queries"
        )
        raise ContractError(msg)
    if held_out and not callable(getattr(model, "score_queries", None)):
        msg = "it has no score_queries, so it cannot serve users unseen in training"
        raise NotOfferedError(msg)


def write_output(folder: Path, model: Any, view: View) -> None:  # noqa: ANN401 - a model is any object
    """Write ``predictions.npy``, or ``lists.npy``."""
    if view.task == "rating":
        predictions = scoring.predict(
            model, view.ask_users, view.ask_items, view.train.scale
        )
        np.save(folder / "predictions.npy", predictions)
        return
    users = view.ask_users
    queries = view.queries(users)
    lists, _ = scoring.rank(model, users, view.rules(final=True), queries)
    np.save(folder / "lists.npy", lists)


def memory_mib(field: str) -> float | None:
    """Return a memory figure of this process from the kernel, MiB."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    for line in status.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return round(int(line.split()[1]) / 1024, 1)
    return None


def peak_mib() -> float | None:
    """Return the peak resident memory of this process, MiB."""
    peak = memory_mib("VmHWM")
    if peak is None:
        import resource  # the fallback where there is no /proc

        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak = round(used / (2**20 if sys.platform == "darwin" else 2**10), 1)
    return peak


def reset_peak() -> None:
    """Start counting peak memory anew: a forked child inherits its parent's."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return  # no such file, or not permitted: the peak then includes the parent's


def failure(error: BaseException) -> dict[str, Any]:
    """Return what goes into ``result.json`` when the model raised."""
    status = "failed"
    if isinstance(error, ContractError):
        status = "invalid"
    elif isinstance(error, NotOfferedError):
        status = "skipped"
    elif isinstance(error, MemoryError) or "out of memory" in _text(error).lower():
        status = "out-of-memory"
    lines = traceback.format_exception(error)
    text = "".join(lines).splitlines()[-TRACEBACK_LINES:]
    return {
        "status": status,
        "message": f"{type(error).__name__}: {_text(error)}"[:2000],
        "traceback": "\n".join(text)[-8000:],
    }


def _text(error: BaseException) -> str:
    """Return the text of an error, even of one whose ``__str__`` raises."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the model's own error class is broken
        return "(its message cannot be shown)"


def limit_threads(threads: int) -> None:
    """Set what libraries that are already loaded use."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)


def main(folder: Path) -> int:
    """Work on the request in a folder; return an exit status."""
    reset_peak()
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    events = Events(folder / "events.jsonl")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    os.chdir(scratch)
    limit_threads(request["threads"])
    try:
        result = work(folder, request, events)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a model may raise anything
        result = failure(error)
    result["peak_mib"] = peak_mib()
    atomic.write(folder / "result.json", json.dumps(result).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
