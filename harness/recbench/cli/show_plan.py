"""Print a plan; shared by ``plan`` and ``run --dry-run``."""

import json
from collections.abc import Mapping
from typing import Any

import click

from recbench.cli import tables


def show(chosen: Mapping[str, Any], *, as_json: bool, dry: bool = False) -> None:
    """Print the cells that the options select."""
    from recbench.runner import api

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
            "reason": item.reason,
            "estimate_seconds": item.estimate,
        }
        for item in planned
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    table = [
        (
            row["suite"],
            row["model"],
            row["seed"],
            row["device"],
            row["action"],
            "" if row["estimate_seconds"] is None else f"{row['estimate_seconds']:.1f}",
            row["reason"],
        )
        for row in rows
    ]
    head = ("suite", "model", "seed", "device", "action", "seconds", "why")
    click.echo(tables.text(head, table))
    todo = [item for item in planned if item.action == "run"]
    known = [item.estimate for item in todo if item.estimate is not None]
    line = f"{len(planned)} cells, {len(todo)} to run"
    if known:
        line += f", about {sum(known):.0f} s of work for the {len(known)} timed before"
    click.echo(line, err=True)
