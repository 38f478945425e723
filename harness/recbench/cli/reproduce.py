"""``recbench reproduce``: train a record's cell again and compare."""

import json
from pathlib import Path

import click

from recbench.cli import options


@click.command(
    "reproduce",
    epilog=options.examples(
        "recbench results list ml-100k/top-n     shows the keys",
        "recbench reproduce 3f2a",
    ),
)
@click.argument("key")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print it.",
)
@options.plugin_option
@options.out_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    key: str,
    form: str,
    plugins: tuple[str, ...],
    out: Path,
) -> None:
    """Train again what the record with KEY (or the start of one) says.

    On the same machine with the same versions the lists or predictions must be the
    same bit for bit; elsewhere the figure must lie within the interval of the
    recorded one. Exit status 5 if it does not.
    """
    from recbench.cli.progress import Progress
    from recbench.cli.results import find, open_store
    from recbench.runner.api import catalogue_for
    from recbench.runner.reproduce import reproduce

    store = open_store(out)
    record = find(store, key)
    with Progress() as progress:
        catalogue, _ = catalogue_for(plugins, None, progress.log, strict=False)
        found = reproduce(record, catalogue, store, progress.log, progress.listen)
    primary = record.protocol["selection"]
    figures = {
        "recorded": record.metrics[primary].value,
        "now": found.new.metrics[primary].value if found.new.metrics else None,
    }
    facts = {
        "name": f"{record.suite} {record.label}",
        "seed": record.split["seed"],
        "verdict": found.verdict,
        "metric": primary,
        **figures,
        "low": found.low,
        "high": found.high,
        "changes": list(found.changes),
    }
    if form == "json":
        click.echo(json.dumps(facts, indent=1))
    else:
        click.echo(f"{facts['name']} seed {facts['seed']}: {found.verdict}")
        click.echo(f"{primary}: recorded {figures['recorded']}, now {figures['now']}")
        if found.low is not None:
            click.echo(f"95 % interval: {found.low:.4f} to {found.high:.4f}")
        for line in found.changes:
            click.echo(f"changed: {line}")
    ctx.exit(0 if found.verdict in ("identical", "within the interval") else 5)
