"""Reading ``claims.toml``: strict, with the file and the claim in every error.

::

    [sources.NAME]        title, where
    [protocols.NAME]      words, task, split, split_params, each, seeds, ...
    [[group]]             what its claims share: any key of a claim
    [[group.claim]]       name, model, published = {METRIC = FIGURE}, tolerance, ...
    [[left-out]]          what, why
"""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from recbench.claims.claim import (
    CHECKS,
    EFFORTS,
    FACTS,
    Claim,
    Figure,
    LeftOut,
    Setting,
    Source,
)
from recbench.errors import DataError, RecbenchError, unknown_name
from recbench.specs import Protocol, check_name

SHARED = (
    "source",
    "dataset",
    "protocol",
    "model",
    "dialect",
    "check",
    "tolerance",
    "because",
    "why",
    "effort",
)
OWN = ("name", "published")
TABLES = ("sources", "protocols", "group", "left-out")
SETTING = ("words", "each", "seeds", "sampled")
PROTOCOL = tuple(f.name for f in dataclasses.fields(Protocol))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a file states.

    Attributes:
        claims: In the order of the file.
        left_out: What it says it leaves out.
    """

    claims: tuple[Claim, ...] = ()
    left_out: tuple[LeftOut, ...] = field(default=())


def read(path: Path, plugin: str) -> Stated:
    """Read a ``claims.toml``.

    Args:
        path: The file.
        plugin: Name of the plugin it stands beside.

    Raises:
        DataError: If it is not TOML or says something that cannot be measured.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text, parse_float=Decimal)
        return _stated(data, path, plugin)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read: {error}"
        raise DataError(msg) from error
    except RecbenchError as error:
        msg = f"{path}: {error}"
        raise DataError(msg) from error
    except (TypeError, AttributeError, KeyError) as error:
        msg = f"{path}: a value has the wrong type or is missing: {error}"
        raise DataError(msg) from error


def _stated(data: Mapping[str, Any], path: Path, plugin: str) -> Stated:
    _only(data, TABLES, "table")
    sources = {
        name: Source(name=name, **table)
        for name, table in data.get("sources", {}).items()
    }
    settings = {
        name: _setting(name, table) for name, table in data.get("protocols", {}).items()
    }
    claims = []
    for group in data.get("group", []):
        _only(group, (*SHARED, "claim"), "key of a group")
        for own in group.get("claim", []):
            table = {k: v for k, v in group.items() if k != "claim"} | own
            _only(table, (*SHARED, *OWN), "key of a claim")
            claims.append(_claim(table, sources, settings, path, plugin))
    left_out = [LeftOut(**table, file=path) for table in data.get("left-out", [])]
    return Stated(claims=tuple(claims), left_out=tuple(left_out))


def _setting(name: str, table: Mapping[str, Any]) -> Setting:
    check_name("protocol", name)
    _only(table, (*SETTING, *PROTOCOL), f"key of protocol {name}")
    values = {k: _plain(v) for k, v in table.items()}
    filters = tuple((f[0], f[1]) for f in values.pop("filters", ()))
    setting = {k: values.pop(k) for k in SETTING if k in values}
    return Setting(
        name=name,
        words=setting["words"],
        protocol=Protocol(**values, filters=filters),
        each={k: tuple(v) for k, v in setting.get("each", {}).items()},
        seeds=tuple(setting.get("seeds", (0,))),
        candidates=setting.get("sampled", ""),
    )


def _claim(
    table: Mapping[str, Any],
    sources: Mapping[str, Source],
    settings: Mapping[str, Setting],
    path: Path,
    plugin: str,
) -> Claim:
    name = table.get("name", "")
    check_name("claim", name, slash=True)
    for key in ("source", "dataset", "published", "because"):
        if not table.get(key):
            msg = f"claim {name}: say its {key}"
            raise DataError(msg)
    _known(table["source"], sources, "source", name)
    _known(table.get("check", "R"), CHECKS, "check", name)
    _known(table.get("effort", "quick"), EFFORTS, "effort", name)
    setting = None
    if "protocol" in table:
        setting = settings[_known(table["protocol"], settings, "protocol", name)]
    facts = [metric for metric in table["published"] if metric in FACTS]
    if (setting is None or not table.get("model")) and not facts:
        msg = f"claim {name}: say its protocol and its model"
        raise DataError(msg)
    return Claim(
        name=name,
        file=path,
        plugin=plugin,
        source=sources[table["source"]],
        dataset=table["dataset"],
        setting=setting,
        model=table.get("model", ""),
        figures=_figures(table, name),
        **{
            key: table[key]
            for key in ("dialect", "check", "because", "why", "effort")
            if key in table
        },
    )


def _figures(table: Mapping[str, Any], name: str) -> tuple[Figure, ...]:
    tolerance = table.get("tolerance")
    published = table["published"]
    if tolerance is None:
        msg = f"claim {name}: say its tolerance, 0 for an exact number"
        raise DataError(msg)
    if not isinstance(tolerance, Mapping):
        tolerance = dict.fromkeys(published, tolerance)
    figures = []
    for metric, value in published.items():
        if metric not in tolerance:
            msg = f"claim {name}: say the tolerance of {metric}"
            raise DataError(msg)
        for number in (value, tolerance[metric]):
            if isinstance(number, bool) or not isinstance(number, (int, Decimal)):
                msg = f"claim {name}: {metric}={number!r} is not a number"
                raise DataError(msg)
        figures.append(
            Figure(
                metric=metric,
                published=Decimal(value),
                tolerance=Decimal(tolerance[metric]),
            )
        )
    return tuple(figures)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any TOML value
    """Return decimals as floats: they are parameters here, not published digits."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _known(name: str, known: Any, kind: str, claim: str) -> str:  # noqa: ANN401 - any collection
    if name not in known:
        raise unknown_name(f"{kind} of claim {claim}", name, known)
    return name


def _only(table: Mapping[str, Any], known: tuple[str, ...], kind: str) -> None:
    for key in table:
        if key not in known:
            raise unknown_name(kind, key, known)
