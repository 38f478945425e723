"""From metric names to per-user values and figures.

A name is a metric and, for metrics of lists, a cut-off: ``ndcg@10``. Without one the
whole list counts. What a metric returns is checked, since a plugin may have made it.
"""

import math
import re
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from recbench.errors import PluginError, UsageError, unknown_name
from recbench.metrics.views import PerUser, RankedLists, RatedPairs
from recbench.plugins import resolve
from recbench.specs import MetricSpec

NAME = re.compile(r"([a-z0-9][a-z0-9._-]*)(?:@([1-9][0-9]{0,6}))?")

Value = PerUser | float


def parse(name: str) -> tuple[str, int | None]:
    """Split ``"ndcg@10"`` into ``("ndcg", 10)``; without a cut-off it is None.

    Raises:
        UsageError: If the name is not written so.
    """
    match = NAME.fullmatch(name)
    if match is None:
        msg = f"{name!r} names no metric: write a name and a cut-off, such as ndcg@10"
        raise UsageError(msg)
    return match[1], None if match[2] is None else int(match[2])


def find(
    name: str, specs: Mapping[str, MetricSpec], kinds: tuple[str, ...]
) -> tuple[MetricSpec, int | None]:
    """Return the card and the cut-off behind a name.

    Args:
        name: Metric with or without a cut-off.
        specs: The known metrics by name.
        kinds: Kinds of metric that the task has.

    Raises:
        UsageError: If the name is unknown, of another kind, or has a cut-off where
            there is nothing to cut.
    """
    base, k = parse(name)
    if base not in specs:
        raise unknown_name("metric", base, specs)
    spec = specs[base]
    if spec.kind not in kinds:
        what = "ratings" if spec.kind == "rating" else "top-k lists"
        msg = f"metric {name!r} reads {what}, which this task does not yield"
        raise UsageError(msg)
    if k is not None and spec.kind == "rating":
        msg = f"metric {name!r} has no cut-off: write {base!r}"
        raise UsageError(msg)
    return spec, k


def ranking_values(
    lists: RankedLists, names: Iterable[str], specs: Mapping[str, MetricSpec]
) -> dict[str, Value]:
    """Return each metric's values, one per user, or its one number for a system.

    Args:
        lists: The lists with their hits.
        names: Metric names with cut-off.
        specs: The known metrics by name.

    Returns:
        Name to :class:`PerUser` (weight 0 where a metric is undefined for a user), or
        to a float for metrics of kind ``system``.

    Raises:
        UsageError: For a name that cannot be computed.
        PluginError: If a metric returns something else than its card says.
    """
    values: dict[str, Value] = {}
    width = lists.items.shape[1]
    for name in names:
        spec, k = find(name, specs, ("ranking", "system"))
        cut = width if k is None else k
        if not 1 <= cut <= width:
            msg = (
                f"{name} needs lists of {cut} items, and these hold {width}: "
                "keep longer lists, or pad them with -1 if they end there"
            )
            raise UsageError(msg)
        raw = resolve(spec.compute)(lists, cut)
        if spec.kind == "system":
            values[name] = float(raw)
        else:
            checked = _checked(raw, len(lists.users), spec)
            known = ~np.isnan(checked)
            values[name] = PerUser(
                users=lists.users,
                values=checked,
                weights=known.astype(np.float64),
                finish=spec.finish,
            )
    return values


def rating_values(
    pairs: RatedPairs, names: Iterable[str], specs: Mapping[str, MetricSpec]
) -> dict[str, PerUser]:
    """Return each rating metric's values, one per user who has a pair.

    Args:
        pairs: Test ratings and predictions.
        names: Metric names.
        specs: The known metrics by name.

    Raises:
        UsageError: For a name that cannot be computed.
        PluginError: If a metric returns something else than its card says.
    """
    present = np.bincount(pairs.users, minlength=pairs.n_users) > 0
    users = np.flatnonzero(present).astype(np.int32)
    values: dict[str, PerUser] = {}
    for name in names:
        spec, _ = find(name, specs, ("rating",))
        raw, weights = resolve(spec.compute)(pairs)
        values[name] = PerUser(
            users=users,
            values=_checked(raw, pairs.n_users, spec)[present],
            weights=_checked(weights, pairs.n_users, spec)[present],
            finish=spec.finish,
        )
    return values


def _checked(raw: object, n: int, spec: MetricSpec) -> NDArray[np.float64]:
    """Return a metric's values as float64, or say how they break its card."""
    values = np.asarray(raw, dtype=np.float64)
    if values.shape != (n,):
        msg = (
            f"metric {spec.name!r} returned shape {values.shape}, expected ({n},): "
            "one value per user"
        )
        raise PluginError(msg)
    if np.isinf(values).any():
        msg = f"metric {spec.name!r} returned infinite values"
        raise PluginError(msg)
    return values


def figure(value: Value) -> float | None:
    """Return what stands on the board; None where it is undefined."""
    number = value.figure() if isinstance(value, PerUser) else value
    return number if math.isfinite(number) else None
