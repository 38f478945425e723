"""The child process of ``recbench check``: loads a plugin and runs its checks.

Reads one JSON request from stdin and answers with JSON lines. What the plugin prints
goes to stderr, so that it cannot garble the answers.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from recbench import plugins
from recbench.errors import RecbenchError, unknown_name
from recbench.params import complete
from recbench.specs import ModelSpec
from recbench.testing.check import Check, CheckFailure, CheckSkipped
from recbench.testing.kit import checks_for

Emit = Callable[..., None]


def main() -> None:
    """Answer the request on stdin."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def emit(event: str, **values: Any) -> None:  # noqa: ANN401 - plain JSON values
        answers.write(json.dumps({"event": event, **values}) + "\n")
        answers.flush()

    request = json.load(sys.stdin)
    try:
        work = list(_work(request, emit))
    except RecbenchError as error:
        emit("usage", message=str(error))
        return
    emit("plan", checks=[_described(spec, check) for spec, check in work])
    for spec, check in work:
        if [spec.name, check.name] in request["done"]:
            continue
        emit("start", model=spec.name, check=check.name)
        started = time.perf_counter()
        status, message = _outcome(check, spec, request["params"])
        seconds = round(time.perf_counter() - started, 3)
        emit("end", status=status, message=message, seconds=seconds)
    emit("finished")


def _described(spec: ModelSpec, check: Check) -> dict[str, Any]:
    return {
        "model": spec.name,
        "check": check.name,
        "summary": check.summary,
        "required": check.required,
    }


def _work(request: dict[str, Any], emit: Emit) -> Iterator[tuple[ModelSpec, Check]]:
    """Yield the models that the request names, each with its checks."""
    target: str = request["target"]
    specs = _of_path(target, emit) if request["is_path"] else [_of_name(request)]
    for spec in specs:
        for task in spec.tasks if request["params"] else ():
            complete(spec, task, request["params"])
        for check in _chosen(checks_for(spec), request["only"]):
            yield spec, check


def _chosen(checks: list[Check], only: list[str]) -> list[Check]:
    """Return the checks that were asked for.

    Raises:
        UsageError: If one of them is none of the model's checks.
    """
    short = {check.name: check.name.rpartition("/")[2] for check in checks}
    for name in only:
        if name not in short and name not in short.values():
            raise unknown_name("check", name, [*short, *short.values()])
    return [c for c in checks if not only or {c.name, short[c.name]} & set(only)]


def _of_name(request: dict[str, Any]) -> ModelSpec:
    """Return the spec of a model by name.

    Raises:
        UsageError: If there is none; a plugin that failed to load is mentioned.
    """
    catalogue = plugins.load(request["plugins"])
    name = request["target"]
    if name in catalogue.models:
        return catalogue.models[name]
    error = unknown_name("model", name, catalogue.models)
    if catalogue.problems:
        lines = "\n  ".join(str(problem) for problem in catalogue.problems)
        msg = f"{error}\nThese plugins could not be loaded:\n  {lines}"
        raise RecbenchError(msg)
    raise error


def _of_path(target: str, emit: Emit) -> list[ModelSpec]:
    """Return the specs that a file or folder offers; say whether it loads."""
    named = list(plugins.named_plugins(target))
    catalogue = plugins.load([target], installed=False)
    reasons = [p.reason for p in catalogue.problems if p.plugin in named]
    mine = [
        spec
        for name, spec in catalogue.models.items()
        if catalogue.origin["models", name] in named
    ]
    reasons += list(_taken(mine, named))
    emit(
        "loads",
        status="failed" if reasons else "ok",
        message="; ".join(reasons) or _offers(catalogue, named),
    )
    return mine


def _offers(catalogue: plugins.Catalogue, named: list[plugins.Plugin]) -> str:
    """Return what the plugins offer, kind by kind."""
    names: dict[str, list[str]] = {}
    for (kind, name), plugin in catalogue.origin.items():
        if plugin in named:
            names.setdefault(kind, []).append(name)
    parts = [f"{kind} {', '.join(offered)}" for kind, offered in names.items()]
    return "offers " + ("; ".join(parts) or "nothing")


def _taken(specs: list[ModelSpec], named: list[plugins.Plugin]) -> Iterator[str]:
    """Yield what is wrong with names that an installed plugin already has."""
    installed = plugins.load()
    ours = {Path(plugin.value).stem for plugin in named}
    for spec in specs:
        owner = installed.origin.get(("models", spec.name))
        if owner is not None and owner.value.partition(":")[0] not in ours:
            yield (
                f"model name {spec.name!r} is already taken by plugin {owner.name}: "
                "rename it, or `recbench run -p` leaves it out"
            )


def _outcome(check: Check, spec: ModelSpec, params: dict[str, Any]) -> tuple[str, str]:
    """Run one check and say how it ended."""
    try:
        check.run(spec, params)
    except CheckSkipped as reason:
        return "skipped", str(reason)
    except CheckFailure as failure:
        return "failed", str(failure)
    except BaseException as error:  # noqa: BLE001 - a plugin may raise or exit as it likes
        return "failed", _where(error)
    return "ok", ""


def _where(error: BaseException) -> str:
    """Return the error with the last place in it that is not recbench's own."""
    home = str(Path(__file__).parents[1])
    frames = traceback.extract_tb(error.__traceback__)
    foreign = [f for f in frames if not f.filename.startswith(home)] or list(frames)
    place = f"{Path(foreign[-1].filename).name}, line {foreign[-1].lineno}"
    text = str(error).strip() or "no message"
    return f"{type(error).__name__}: {text} ({place})"


if __name__ == "__main__":
    main()
