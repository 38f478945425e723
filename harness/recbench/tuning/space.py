"""The search space of a model, as its parameters declare it."""

import dataclasses
import itertools
import math
import types
import typing
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from recbench.errors import PluginError
from recbench.results import canonical
from recbench.specs import ModelSpec, ParamRange

DIGITS = (
    3  # significant ones of a float that is tried, so that it can be read and typed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """A parameter that is searched.

    Attributes:
        name: Name of the parameter.
        kind: ``float`` or ``int`` between bounds, or a ``choice`` of values.
        low: Smallest value; 0 for a choice.
        high: Largest value; 0 for a choice.
        log: Whether the search is uniform in the logarithm.
        values: The values of a choice; empty otherwise.
    """

    name: str
    kind: Literal["float", "int", "choice"]
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    values: tuple[Any, ...] = ()

    def rounded(self, value: float) -> float:
        """Return a float with few digits, within the bounds."""
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)


Space = tuple[Dimension, ...]


def space(spec: ModelSpec, fixed: Collection[str] = ()) -> Space:
    """Return the dimensions that a model's parameters declare, in their order.

    Two numbers are bounds, where the parameter is a number; anything else that
    ``tune`` holds is the values to try.

    Args:
        spec: The model.
        fixed: Parameters that are not searched.

    Raises:
        PluginError: If a declared search cannot be made.
    """
    if spec.params is None:
        return ()
    hints = typing.get_type_hints(spec.params)
    found = []
    for field in dataclasses.fields(spec.params):
        allowed = field.metadata.get("range")
        if field.name in fixed or not isinstance(allowed, ParamRange):
            continue
        if allowed.tune:
            found.append(_dimension(spec, field.name, hints[field.name], allowed))
    return tuple(found)


def _dimension(spec: ModelSpec, name: str, hint: Any, allowed: ParamRange) -> Dimension:  # noqa: ANN401 - a type
    """Return the dimension of one parameter."""
    kind = _number(hint)
    numbers = [v for v in allowed.tune if _is_number(v)]
    if kind is None or allowed.choices or len(allowed.tune) != 2 or len(numbers) != 2:
        return Dimension(name=name, kind="choice", values=tuple(allowed.tune))
    low, high = numbers
    if not low < high or (allowed.log and low <= 0):
        msg = (
            f"model {spec.name!r}: parameter {name!r} cannot be searched from {low} to "
            f"{high}{' in the logarithm' if allowed.log else ''}"
        )
        raise PluginError(msg)
    return Dimension(
        name=name, kind=kind, low=float(low), high=float(high), log=allowed.log
    )


def _number(hint: Any) -> Literal["float", "int"] | None:  # noqa: ANN401 - a type
    """Return which number a type is, None where it is none."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        members = [m for m in typing.get_args(hint) if m is not type(None)]
        hint = members[0] if len(members) == 1 else None
    return {int: "int", float: "float"}.get(hint)  # type: ignore[return-value]  # the two literals


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def size(dimensions: Space) -> float:
    """Return how many points a space has; infinity where it has floats."""
    sizes = (
        math.inf
        if d.kind == "float"
        else len(d.values)
        if d.kind == "choice"
        else d.high - d.low + 1
        for d in dimensions
    )
    return math.prod(sizes)


def points(dimensions: Space) -> Iterator[dict[str, Any]]:
    """Yield all points of a space without floats, in a fixed order."""
    axes = [
        d.values if d.kind == "choice" else range(int(d.low), int(d.high) + 1)
        for d in dimensions
    ]
    for values in itertools.product(*axes):
        yield {d.name: v for d, v in zip(dimensions, values, strict=True)}


def place(dimensions: Space, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return where parameters lie in a space: numbers within bounds, values by index.

    Returns:
        None where a value is none of those to try; numbers move to the nearest bound.
    """
    found: dict[str, Any] = {}
    for d in dimensions:
        value = params[d.name]
        if d.kind == "choice":
            known = canonical.plain(d.values)  # stored parameters have lists for tuples
            if canonical.plain(value) not in known:
                return None
            found[d.name] = known.index(canonical.plain(value))
        elif value is None:
            return None
        else:
            number = min(max(value, d.low), d.high)
            found[d.name] = int(number) if d.kind == "int" else float(number)
    return found
