"""``recbench list``: what the plugins offer, and the plugins that failed to load."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import click

from recbench.cli import options, tables

Rows = tuple[tuple[str, ...], list[tuple[object, ...]]]
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def as_data(spec: Any) -> dict[str, Any]:  # noqa: ANN401 - any spec
    """Return a spec as plain data: factories as text, parameters with ranges."""
    data: dict[str, Any] = {}
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        if field.name == "params" and isinstance(value, type):
            value = parameters(value)
        elif callable(value):
            kind = value if hasattr(value, "__qualname__") else type(value)
            value = f"{kind.__module__}:{kind.__qualname__}"
        elif dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = as_data(value)
        elif field.name == "tuned":
            value = [as_data(one) for one in value]
        data[field.name] = value
    return data


def parameters(params: type) -> dict[str, dict[str, Any]]:
    """Return each parameter's default and what it may be."""
    found = {}
    for field in dataclasses.fields(params):
        allowed = field.metadata.get("range")
        found[field.name] = {
            "default": field.default,
            "type": getattr(field.type, "__name__", str(field.type)),
            **(dataclasses.asdict(allowed) if allowed is not None else {}),
        }
    return found


def _models(catalogue: Any) -> Rows:  # noqa: ANN401 - a Catalogue, not imported here
    head = ("name", "tasks", "plugin", "summary")
    origin = catalogue.origin
    rows: list[tuple[object, ...]] = [
        (s.name, ", ".join(s.tasks), origin["models", s.name].name, s.summary)
        for s in catalogue.models.values()
    ]
    return head, rows


def _datasets(catalogue: Any) -> Rows:  # noqa: ANN401 - see above
    head = ("name", "interactions", "users", "items", "values", "title")
    rows: list[tuple[object, ...]] = []
    for s in catalogue.datasets.values():
        size = [f"{n:,}" for n in s.size] if s.size else ["", "", ""]
        rows.append((s.name, *size, s.values, s.title))
    return head, rows


def _named(kind: str) -> Callable[[Any], Rows]:
    def rows(catalogue: Any) -> Rows:  # noqa: ANN401 - see above
        specs = getattr(catalogue, kind).values()
        return ("name", "summary"), [(s.name, s.summary) for s in specs]

    return rows


def _metrics(catalogue: Any) -> Rows:  # noqa: ANN401 - see above
    head = ("name", "kind", "version", "better", "summary")
    better = {True: "higher", False: "lower", None: "neither"}
    rows: list[tuple[object, ...]] = [
        (s.name, s.kind, s.version, better[s.higher_is_better], s.summary)
        for s in catalogue.metrics.values()
    ]
    return head, rows


def _suites(catalogue: Any) -> Rows:  # noqa: ANN401 - see above
    head = ("name", "default", "primary", "summary")
    rows: list[tuple[object, ...]] = [
        (s.name, "yes" if s.default else "", s.primary, s.summary)
        for s in catalogue.suites.values()
    ]
    return head, rows


KINDS: dict[str, Callable[[Any], Rows]] = {
    "models": _models,
    "datasets": _datasets,
    "splits": _named("splits"),
    "metrics": _metrics,
    "suites": _suites,
}


@click.command(
    "list",
    epilog=options.examples(
        "recbench list models",
        "recbench list metrics --json",
        "recbench list models -p my_model.py",
    ),
)
@click.argument("kind", type=click.Choice([*KINDS, "plugins"]))
@json_option
@options.plugin_option
def command(kind: str, as_json: bool, plugins: tuple[str, ...]) -> None:
    """List models, data sets, splits, metrics, suites or plugins.

    A plugin that failed to load is named on stderr, with the reason.
    """
    from recbench.plugins import load

    catalogue = load(plugins)
    for problem in catalogue.problems:
        click.echo(f"recbench: left out: {problem}", err=True)
    if kind == "plugins":
        _plugins(catalogue, as_json=as_json)
    elif as_json:
        specs = getattr(catalogue, kind).values()
        entries = [
            as_data(s) | {"plugin": catalogue.origin[kind, s.name].name} for s in specs
        ]
        click.echo(json.dumps(entries, indent=1, default=str))
    else:
        click.echo(tables.text(*KINDS[kind](catalogue)))


def _plugins(catalogue: Any, *, as_json: bool) -> None:  # noqa: ANN401 - see above
    """Print the plugins, those that failed included."""
    entries = [
        {**dataclasses.asdict(p), "status": "ok", "reason": ""}
        for p in catalogue.plugins
    ]
    entries += [
        {**dataclasses.asdict(p.plugin), "status": "left out", "reason": p.reason}
        for p in catalogue.problems
    ]
    if as_json:
        click.echo(json.dumps(entries, indent=1))
        return
    rows = [
        (e["name"], e["version"], e["value"], e["status"], e["reason"]) for e in entries
    ]
    click.echo(tables.text(("name", "version", "from", "status", "reason"), rows))
