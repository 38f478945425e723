"""``recbench truth``: what protocols make of worlds whose best ranking is known."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recbench.cli import options

if TYPE_CHECKING:
    from recbench.plugins import Catalogue

EPILOG = options.examples(
    "recbench truth                           all worlds, about two minutes",
    "recbench truth --world drift --draws 20",
    "recbench truth --world taste -m ease -m 'ease[reg=10]' -m most-popular",
    "recbench truth sample/top-n              regret of the rows of a board",
)


@click.command("truth", epilog=EPILOG)
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option("--world", "names", multiple=True, metavar="NAME", help="Only this one.")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="MODEL[params]",
    help="A model to put in order. May be repeated.  [default: six fast ones]",
)
@click.option("--draws", type=click.IntRange(2, 1000), default=10, show_default=True)
@click.option("--users", type=click.IntRange(4, 20_000), default=300, show_default=True)
@click.option("--items", type=click.IntRange(20, 5_000), default=400, show_default=True)
@click.option(
    "--interactions",
    type=click.IntRange(4, 5_000_000),
    default=12_000,
    show_default=True,
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option(
    "--format",
    "style",
    type=click.Choice(("text", "markdown", "json")),
    default="text",
    show_default=True,
)
@options.out_option
@options.plugin_option
def command(
    *,
    suites: tuple[str, ...],
    names: tuple[str, ...],
    models: tuple[str, ...],
    draws: int,
    users: int,
    items: int,
    interactions: int,
    seed: int,
    style: str,
    out: Path,
    plugins: tuple[str, ...],
) -> None:
    """Say how often each protocol finds the true order of models, where it is known.

    Simulates logs of users with known preferences, trains models on them in this
    process, and compares what protocols print with what the models are truly worth.
    With a SUITE on a simulated data set: the regret of its rows against the best
    possible ranker.
    """
    from recbench import plugins as registry

    catalogue = registry.load(plugins)
    if suites:
        _boards(suites, style, out, catalogue)
        return
    from recbench.truth import experiment, report
    from recbench.truth.worlds import Size

    found = experiment.draws(
        catalogue,
        scenarios=experiment.named(names),
        models=models or experiment.MODELS,
        size=Size(users=users, items=items, interactions=interactions),
        n=draws,
        seed=seed,
        log=lambda line: click.echo(line, err=True),
    )
    click.echo(report.RENDER[style](found), nl=False)


def _boards(
    suites: tuple[str, ...], style: str, out: Path, catalogue: "Catalogue"
) -> None:
    """Print the regret of the rows of boards."""
    from recbench.leaderboard import publish
    from recbench.results.store import Store
    from recbench.runner.rescore import Rescorer
    from recbench.truth import boards, report

    store = Store(out)
    rescorer = Rescorer(catalogue, store)
    found = {}
    for suite in publish.chosen(store, suites):
        board = publish.load(store, suite, catalogue)
        rows = boards.true_rows(board, rescorer, store)
        found[suite] = boards.plain(rows)
        if style != "json":
            table = "pipe" if style == "markdown" else "simple"
            click.echo(report.board(suite, board.layout.primary, rows, table))
    if style == "json":
        entries = [{"name": name, "rows": rows} for name, rows in found.items()]
        click.echo(json.dumps(entries, indent=1))
