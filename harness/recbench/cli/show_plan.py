"""Print a plan; shared by ``plan`` and ``run --dry-run``."""

import json
from collections.abc import Mapping
from typing import Any

import click

from recbench.cli import tables


def show(chosen: Mapping[str, Any], *, as_json: bool, dry: bool = False) -> None:
    """Print the cells that the options select."""
    from recbench.runner import api
    from recbench.runner.lines import cells, unable

    planned = api.plan_request(**chosen, fetch=not dry)
    rows = [
        {
            "name": item.cell.title,
            "suite": item.cell.suite.name,
            "model": item.cell.label,
            "seed": item.cell.split_seed,
            "device": item.cell.device,
            "threads": item.cell.threads,
            "action": item.action,
            "reason": item.why,
            "estimate_seconds": item.estimate,
        }
        for item in planned
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    shown = ["suite", "model", "seed", "device", "action", "estimate_seconds", "reason"]
    if {row["device"] for row in rows} == {"cpu"}:
        shown.remove("device")
    if all(row["estimate_seconds"] is None for row in rows):
        shown.remove("estimate_seconds")
    head = [{"estimate_seconds": "seconds", "reason": "why"}.get(n, n) for n in shown]
    table = [[_cell(row[name]) for name in shown] for row in rows]
    click.echo(tables.text(head, table))
    todo = [item for item in planned if item.action == "run"]
    known = [item.estimate for item in todo if item.estimate is not None]
    line = f"{cells(len(planned))}, {len(todo)} to run"
    lost = [(item.cell.label, item.why) for item in planned if item.action == "skip"]
    if lost:
        line += f", {len(lost)} cannot run here"
    if known:
        line += f", about {sum(known):.0f} s of work for the {len(known)} timed before"
    for text in (line, *unable(lost)):  # the table may have no room for the reasons
        click.echo(text, err=True)


def _cell(value: object) -> str:
    """Return a value for the table."""
    if isinstance(value, float):
        return f"{value:.1f}"
    return "" if value is None else str(value)
