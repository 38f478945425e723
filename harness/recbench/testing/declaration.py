"""Checks of what a plugin declares: its card and its parameters."""

import contextlib
import dataclasses
import json
import subprocess
import sys
from typing import Any

from recbench import params, plugins
from recbench.errors import RecbenchError
from recbench.specs import ModelSpec, ParamRange
from recbench.testing.check import CheckFailure, CheckSkipped, Subject

HEAVY = (
    "torch",
    "pandas",
    "scipy",
    "sklearn",
    "surprise",
    "matplotlib",
    "tensorflow",
    "jax",
    "numba",
)

_PROBE = """
import importlib, importlib.util, json, sys
path, module, file, heavy = json.load(sys.stdin)
sys.path[:] = path
before = set(sys.modules)
try:
    found = importlib.util.find_spec(module) is not None
except (ImportError, ValueError):
    found = False
if found:
    card = importlib.import_module(module)
else:
    spec = importlib.util.spec_from_file_location("recbench_card", file)
    card = importlib.util.module_from_spec(spec)
    sys.modules["recbench_card"] = card
    spec.loader.exec_module(card)
if hasattr(card, "recbench_models"):
    list(card.recbench_models())
print(json.dumps(sorted(set(heavy) & (set(sys.modules) - before))), flush=True)
"""


def light_import(subject: Subject) -> None:
    """Import the card in a fresh interpreter and look at what came with it."""
    module, file = card_of(subject.spec)
    question = json.dumps([sys.path, module, file, HEAVY])
    done = subprocess.run(
        [sys.executable, "-c", _PROBE],
        input=question,
        capture_output=True,
        text=True,
        check=False,
    )
    where = file or module
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        msg = f"{where} cannot be imported in a fresh interpreter: {last}"
        raise CheckFailure(msg)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    if found:
        names = ", ".join(found)
        msg = (
            f"importing {where} also imports {names}, which every `recbench list` "
            "would pay for: import them inside fit, or move the model into a module "
            'of its own and name it lazily, factory="package.module:Class"'
        )
        raise CheckFailure(msg)


def card_of(spec: ModelSpec) -> tuple[str, str]:
    """Return module and file of the card: what is imported when models are listed.

    Raises:
        CheckSkipped: If the model was made by hand, outside any file.
    """
    module = _offering(spec)
    if not module and not isinstance(spec.factory, str):
        module = spec.factory.__module__
    elif not module and spec.params is not None:
        module = spec.params.__module__
    elif not module:
        module = str(spec.factory).partition(":")[0].partition(".")[0]
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    if module == "__main__" and not file:
        msg = "the model was made by hand: there is no file to import"
        raise CheckSkipped(msg)
    return module, file


def _offering(spec: ModelSpec) -> str:
    """Return the name of the loaded module whose hook offers the model, or nothing."""
    for name, module in list(sys.modules.items()):
        hook = getattr(module, "__dict__", {}).get("recbench_models")
        if (
            hook is None or getattr(hook, "__module__", "") != name
        ):  # imported from a card
            continue
        with contextlib.suppress(Exception):  # another plugin's hook may be broken
            for offered in hook() or ():
                if (offered.name, offered.factory) == (spec.name, spec.factory):
                    return name
    return ""


def parameters(subject: Subject) -> None:
    """Check the dataclass, its defaults, its ranges and its presets."""
    spec = subject.spec
    if spec.params is None:
        msg = "the model has no parameters"
        raise CheckSkipped(msg)
    if not dataclasses.is_dataclass(spec.params):
        msg = f"{spec.params.__name__} is no dataclass: decorate it, frozen"
        raise CheckFailure(msg)
    if not spec.params.__dataclass_params__.frozen:  # type: ignore[attr-defined]  # of every dataclass
        msg = (
            f"{spec.params.__name__} can be changed after it was hashed: "
            "write @dataclass(frozen=True, kw_only=True)"
        )
        raise CheckFailure(msg)
    try:
        for task in spec.tasks:
            values = params.complete(spec, task, {})
            spec.params(**values)
            shipped = [t.preset for t in spec.tuned if t.task == task and t.preset]
            for preset in (*spec.presets, *shipped):
                params.complete(spec, task, {"preset": preset})
    except RecbenchError as error:
        raise CheckFailure(str(error)) from error
    for field in dataclasses.fields(spec.params):
        allowed = field.metadata.get("range")
        if isinstance(allowed, ParamRange):
            _check_search(spec, field.name, allowed)


def _check_search(spec: ModelSpec, name: str, allowed: ParamRange) -> None:
    """Refuse a search space that leaves what the parameter may be."""
    if not allowed.tune:
        return
    for value in allowed.tune:
        try:
            params.complete(spec, spec.tasks[0], {name: value})
        except RecbenchError as error:
            msg = f"tune={allowed.tune} of parameter {name!r} cannot be used: {error}"
            raise CheckFailure(msg) from error
    numbers: list[Any] = [v for v in allowed.tune if isinstance(v, (int, float))]
    if allowed.log and numbers and min(numbers) <= 0:
        msg = f"parameter {name!r} is searched in the logarithm from {min(numbers)}"
        raise CheckFailure(msg + ": start above 0, or drop log=True")


def described(subject: Subject) -> None:
    """Ask for the one line that lists show."""
    if not subject.spec.summary.strip():
        msg = (
            "`recbench list models` has nothing to show: give the ModelSpec a summary "
            "of one line, and the paper it follows"
        )
        raise CheckFailure(msg)


def buildable(subject: Subject) -> None:
    """Build the model, and compare its methods with its task."""
    model = plugins.make(subject.spec, subject.task, subject.params)
    name = type(model).__name__

    def offers(method: str) -> bool:
        return callable(getattr(model, method, None))

    wanted = {
        "rating": ("predict",),
        "top-n": ("score", "user_vectors", "recommend", "score_queries"),
        "next-item": ("score_queries", "score", "user_vectors", "recommend"),
    }[subject.task]
    if not offers("fit"):
        msg = f"{name} has no method fit(train, context): add it"
        raise CheckFailure(msg)
    if not any(map(offers, wanted)):
        msg = (
            f"{name} declares the task {subject.task!r} but has no method "
            f"{' or '.join(wanted)}: add one, or leave the task out of its ModelSpec"
        )
        raise CheckFailure(msg)
    for one, other in (("user_vectors", "item_vectors"), ("save", "load")):
        if offers(one) != offers(other):
            present, absent = (one, other) if offers(one) else (other, one)
            msg = f"{name} has {present} but not {absent}: they only work together"
            raise CheckFailure(msg)
