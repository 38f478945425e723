"""``recbench show``: everything about one model, data set, split, metric or suite."""

import json
from typing import Any

import click

from recbench.cli import options


@click.command(
    "show",
    epilog=options.examples(
        "recbench show ease",
        "recbench show ndcg",
        "recbench show ml-100k/top-n --format json",
    ),
)
@click.argument("name")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print it.",
)
@options.plugin_option
def command(name: str, form: str, plugins: tuple[str, ...]) -> None:
    """Show everything about NAME: a model, data set, split, metric or suite."""
    from recbench.cli.list import KINDS, as_data
    from recbench.errors import unknown_name
    from recbench.plugins import load

    catalogue = load(plugins)
    base = name.partition("@")[0]
    found = [
        {"kind": kind.removesuffix("s"), **as_data(getattr(catalogue, kind)[key])}
        for kind in KINDS
        for key in {name, base}
        if key in getattr(catalogue, kind)
    ]
    if not found:
        known = [n for kind in KINDS for n in getattr(catalogue, kind)]
        raise unknown_name("name", name, known)
    if form == "json":
        click.echo(json.dumps(found, indent=1, default=str))
        return
    click.echo("\n\n".join(_text(entry) for entry in found))


def _text(entry: dict[str, Any]) -> str:
    """Return one entry as lines."""
    lines = [f"{entry['name']} ({entry['kind']})"]
    for key, value in entry.items():
        if key in ("name", "kind", "params") or value in ("", (), [], {}, None):
            continue
        shown = str(value)
        if isinstance(value, dict):
            shown = ", ".join(f"{k}={v}" for k, v in value.items())
        elif key == "tuned":
            shown = ", ".join(f"preset={v['preset']} ({v['task']})" for v in value)
        elif isinstance(value, tuple):
            shown = ", ".join(map(str, value))
        lines.append(f"  {key.replace('_', ' ')}: {shown}")
    if entry.get("params"):
        lines.append("  parameters:")
    for name, facts in (entry.get("params") or {}).items():
        lines.append(f"    {name} = {facts['default']!r}  {_range(facts)}".rstrip())
    return "\n".join(lines)


def _range(facts: dict[str, Any]) -> str:
    """Return what a parameter may be, in a few words."""
    parts = [facts["help"]] if facts.get("help") else []
    if facts.get("choices"):
        parts.append("one of " + ", ".join(map(str, facts["choices"])))
    if facts.get("low") is not None:
        parts.append(f"at least {facts['low']:g}")
    if facts.get("high") is not None:
        parts.append(f"at most {facts['high']:g}")
    if facts.get("tune"):
        parts.append("tuned over " + ", ".join(map(str, facts["tune"])))
    return "; ".join(parts)
