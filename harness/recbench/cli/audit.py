"""``recbench audit``: the referee, and its canaries."""

from pathlib import Path

import click

from recbench.cli import options

EPILOG = options.examples(
    "recbench audit                          every suite under --out",
    "recbench audit ml-100k/top-n --format json",
    "recbench audit --strict                 exits 5 below grade B",
    "recbench audit --canaries               does the harness itself leak?",
    "recbench audit --canaries -m my-model -p my_model.py",
    status="0 nothing fatal; 1 a canary whose cell failed; 5 grade F, a canary "
    "that sings, or, with --strict, a grade below B.",
)


@click.command("audit", epilog=EPILOG)
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option("--canaries", is_flag=True, help="Run cells that try to cheat.")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="MODEL[params]",
    help="With --canaries: a model to train on shuffled labels. May be repeated.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(("text", "markdown", "json")),
    default="text",
    show_default=True,
)
@click.option("--strict", is_flag=True, help="Refuse (exit 5) what is below grade B.")
@options.out_option
@options.plugin_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    suites: tuple[str, ...],
    canaries: bool,
    models: tuple[str, ...],
    style: str,
    strict: bool,
    out: Path,
    plugins: tuple[str, ...],
) -> None:
    """Grade boards from A to F: is the comparison fair, can the figures be believed?

    Looks at records, rebuilds the splits from the data, and measures the stored lists
    again. With --canaries it audits the harness instead of a board: models that read
    whatever they are handed must not beat chance, and models trained on shuffled
    labels must not beat popularity.
    """
    from recbench import plugins as registry

    catalogue = registry.load(plugins)

    def log(line: str) -> None:
        click.echo(line, err=True)

    if canaries:
        if suites:
            msg = "--canaries audits the harness, not a suite: leave out the suites"
            raise click.UsageError(msg)
        from recbench.audit.canaries import report, run

        sung = run.canaries(catalogue, models=models, log=log, extra=plugins)
        click.echo(report.RENDER[style](sung), nl=False)
        lost = any(song.verdict == "lost" for song in sung)
        ctx.exit(5 if any(song.sings for song in sung) else int(lost))
    if models:
        raise click.UsageError("-m chooses models for --canaries: add it")
    from recbench.audit import suite, text
    from recbench.leaderboard import publish
    from recbench.results.store import Store

    store = Store(out)
    reports = [
        suite.audit(store, name, catalogue, log=log)
        for name in publish.chosen(store, suites)
    ]
    click.echo(text.RENDER[style](reports), nl=False)
    refused = ("C", "D", "F") if strict else ("F",)
    ctx.exit(5 if any(report.grade in refused for report in reports) else 0)
