"""Parameters of models: read from text, checked, completed with defaults, labelled."""

import ast
import dataclasses
import math
import types
import typing
import warnings
from collections.abc import Mapping
from typing import Any

from recbench.errors import PluginError, UsageError, unknown_name
from recbench.specs import ModelSpec, ParamRange, Tuned


def parse_model(text: str) -> tuple[str, dict[str, Any]]:
    """Split ``"ncf[embedding_dim=32,dropout=0.1]"`` into a name and raw parameters.

    Values are Python literals where they can be (numbers, True, None, tuples in
    parentheses) and text otherwise.

    Raises:
        UsageError: If brackets or an equals sign are missing.
    """
    name, bracket, rest = text.strip().partition("[")
    if not bracket:
        return name, {}
    if not rest.endswith("]"):
        msg = f"model {text!r}: the closing ']' is missing"
        raise UsageError(msg)
    params: dict[str, Any] = {}
    for part in _split(rest[:-1]):
        key, equals, value = part.partition("=")
        key = key.strip()
        if not equals or not key:
            msg = f"model {text!r}: write parameters as name=value, not {part!r}"
            raise UsageError(msg)
        if key in params:
            msg = f"model {text!r}: parameter {key!r} is given twice"
            raise UsageError(msg)
        params[key] = _literal(value.strip())
    return name.strip(), params


def _split(text: str) -> list[str]:
    """Split at commas that stand outside brackets."""
    parts, depth, start = [], 0, 0
    for place, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def _literal(text: str) -> Any:  # noqa: ANN401 - a parameter can be any literal
    """Read a Python literal, or leave the text as it is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # for an odd escape, which is text then
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        named = {"true": True, "false": False, "none": None}
        return named.get(text.lower(), text)


def defaults(spec: ModelSpec, task: str) -> dict[str, Any]:
    """Return the default parameters of a model in a task, as plain values.

    Raises:
        PluginError: If the params class is not a frozen dataclass of plain values
            with a default each.
    """
    if spec.params is None:
        return {}
    if not dataclasses.is_dataclass(spec.params):
        msg = f"model {spec.name!r}: params must be a dataclass"
        raise PluginError(msg)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(spec.params):
        if field.default is dataclasses.MISSING:
            msg = f"model {spec.name!r}: parameter {field.name!r} has no default"
            raise PluginError(msg)
        values[field.name] = field.default
    try:
        return _checked(spec, values | dict(spec.task_defaults.get(task, {})))
    except UsageError as error:
        msg = f"model {spec.name!r}: its own defaults are wrong: {error}"
        raise PluginError(msg) from error


def complete(spec: ModelSpec, task: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters: defaults, then a preset, then what was given.

    Args:
        spec: The model.
        task: Task whose defaults hold.
        given: Chosen values; ``preset`` names one of the spec's presets, or
            parameters that were tuned for this task.

    Raises:
        UsageError: For an unknown name, a wrong type or a value out of range.
    """
    chosen = dict(given)
    base = defaults(spec, task)
    if "preset" in chosen and "preset" not in base:
        preset = str(chosen.pop("preset"))
        base |= _preset(spec, task, preset)
    for name in chosen:
        if name not in base:
            raise unknown_name(f"parameter of {spec.name}", name, base)
    return _checked(spec, base | chosen)


def _preset(spec: ModelSpec, task: str, preset: str) -> Mapping[str, Any]:
    """Return the parameters of a preset.

    Raises:
        UsageError: If the model has no such preset in this task.
    """
    known = {t.preset: t.params for t in spec.tuned if t.task == task and t.preset}
    known |= spec.presets
    if preset not in known:
        raise unknown_name(f"preset of {spec.name} for {task}", preset, known)
    return known[preset]


def tuned(spec: ModelSpec, task: str, params: Mapping[str, Any]) -> Tuned | None:
    """Return the search that found these parameters; None where none did.

    It is decided by the parameters alone, however they were written. The defaults
    count as chosen by nobody, even where a search found nothing better. Where two
    searches found the same, it is the first that the plugin lists.
    """
    if params == defaults(spec, task):
        return None
    known = (t for t in spec.tuned if t.task == task)
    return next(
        (t for t in known if defaults(spec, task) | dict(t.params) == params), None
    )


def label(spec: ModelSpec, task: str, params: Mapping[str, Any]) -> str:
    """Return ``name[changed=values]``: what differs from the defaults, in order.

    Parameters that a search found go by the name of their preset.
    """
    found = tuned(spec, task, params)
    if found is not None and found.preset:
        return f"{spec.name}[preset={found.preset}]"
    base = defaults(spec, task)
    changed = [f"{k}={written(v)}" for k, v in params.items() if base.get(k) != v]
    text = ",".join(changed).replace(" ", "")
    return f"{spec.name}[{text}]" if text else spec.name


def written(value: Any) -> str:  # noqa: ANN401 - a parameter can be any literal
    """Return a value so that :func:`parse_model` reads it again."""
    if isinstance(value, str) and _word(_literal(value)) != value:
        return repr(value)
    return str(value)


def _checked(spec: ModelSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with the types that the fields state, within their ranges."""
    if spec.params is None:
        return dict(values)
    hints = typing.get_type_hints(spec.params)
    out: dict[str, Any] = {}
    for field in dataclasses.fields(spec.params):
        value = values[field.name]
        where = f"{spec.name}: parameter {field.name}={value!r}"
        out[field.name] = _typed(value, hints.get(field.name, Any), where)
        allowed = field.metadata.get("range")
        if isinstance(allowed, ParamRange):
            _within(out[field.name], allowed, where)
    unknown = set(values) - set(out)
    if unknown:
        raise unknown_name(f"parameter of {spec.name}", min(unknown), out)
    return out


def _typed(value: Any, hint: Any, where: str) -> Any:  # noqa: ANN401 - any literal
    """Return ``value`` as the type that the hint states, without guessing."""
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        members = typing.get_args(hint)
        if value is None and type(None) in members:
            return None
        return _typed(value, next(m for m in members if m is not type(None)), where)
    if origin is typing.Literal:
        if _word(value) in typing.get_args(hint):
            return _word(value)
        if value not in typing.get_args(hint):
            options = ", ".join(map(str, typing.get_args(hint)))
            raise UsageError(f"{where} must be one of {options}")
        return value
    if origin in (tuple, list):
        if not isinstance(value, (tuple, list)):
            raise UsageError(f"{where} must be a tuple, such as (64,32)")
        inner = typing.get_args(hint)[0]
        return tuple(_typed(item, inner, where) for item in value)
    return _plain(value, hint, where)


def _word(value: Any) -> Any:  # noqa: ANN401 - any literal
    """Return the text of a bare ``none``, ``true`` or ``false`` where text is meant."""
    return str(value).lower() if value is None or isinstance(value, bool) else value


def _plain(value: Any, hint: Any, where: str) -> Any:  # noqa: ANN401 - any literal
    """Return a number, flag or text of the type that the hint states."""
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if hint is str:
        value = _word(value)
    if hint in (int, float, bool, str) and type(value) is not hint:
        raise UsageError(f"{where} must be of type {hint.__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"{where} must be a finite number")
    return value


def _within(value: Any, allowed: ParamRange, where: str) -> None:  # noqa: ANN401 - any literal
    """Refuse a value outside the declared range or choices."""
    if allowed.choices and value not in allowed.choices:
        options = ", ".join(map(str, allowed.choices))
        raise UsageError(f"{where} must be one of {options}")
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            continue
        if allowed.low is not None and number < allowed.low:
            raise UsageError(f"{where} must be at least {allowed.low:g}")
        if allowed.high is not None and number > allowed.high:
            raise UsageError(f"{where} must be at most {allowed.high:g}")
