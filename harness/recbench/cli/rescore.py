"""``recbench rescore``: metrics again from stored lists, without training."""

import json
from pathlib import Path

import click

from recbench.cli import options, tables


@click.command(
    "rescore",
    epilog=options.examples(
        "recbench rescore ml-100k", "recbench rescore ml-100k/top-n --metric rbp@10"
    ),
)
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option("--metric", "metrics", multiple=True, help="A metric, such as rbp@10.")
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
    *,
    suites: tuple[str, ...],
    metrics: tuple[str, ...],
    form: str,
    plugins: tuple[str, ...],
    out: Path,
) -> None:
    """Compute the metrics of stored lists and predictions again.

    Any metric can be asked for, also one that the board does not show. Exit status 5
    if a stored figure is not what its list yields.
    """
    from recbench.plugins import load
    from recbench.results.store import Store
    from recbench.runner.rescore import Rescorer, rescore_suite

    store = Store(out)
    rescorer = Rescorer(load(plugins), store, lambda line: click.echo(line, err=True))
    found = [
        scored
        for suite in suites or store.suites()
        for scored in rescore_suite(rescorer, suite, metrics)
    ]
    if form == "json":
        entries = [
            {
                "name": f"{s.record.suite} {s.record.label}",
                "seed": s.record.split["seed"],
                "metrics": s.figures,
                "differing": list(s.differing),
            }
            for s in found
        ]
        click.echo(json.dumps(entries, indent=1))
    else:
        names = list(metrics) or [found[0].record.protocol["selection"]]
        rows = [
            (
                s.record.suite,
                s.record.label,
                s.record.split["seed"],
                *(f"{s.figures[n]:.4f}" if n in s.figures else "" for n in names),
                "differs: " + ", ".join(s.differing) if s.differing else "agrees",
            )
            for s in found
        ]
        click.echo(tables.text(("suite", "model", "seed", *names, "stored"), rows))
    ctx.exit(5 if any(s.differing for s in found) else 0)
