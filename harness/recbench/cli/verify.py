"""``recbench verify``: published figures, held against what recbench measures."""

from pathlib import Path

import click

from recbench.cli import options, tables

EPILOG = options.examples(
    "recbench verify --quick                 what takes seconds",
    "recbench verify ml-100k                 all claims about a data set",
    "recbench verify plugins/mine/claims.toml -p plugins/mine",
    "recbench verify surprise/ml-1m-svd-pp   one claim, also a slow one",
    status="0 all that ran hold; 1 some could not be measured; 5 some do not hold.",
)


@click.command("verify", epilog=EPILOG)
@click.argument("names", nargs=-1, metavar="[PLUGIN|FILE|DATASET|CLAIM]...")
@click.option("--quick", is_flag=True, help="Only claims that take seconds.")
@click.option("--slow", is_flag=True, help="Also claims that take long.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("docs/claims.md"),
    show_default=True,
    help="The page; what was measured is kept beside it as JSON.",
)
@click.option(
    "--records",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the records.  [default: in the user's cache]",
)
@click.option(
    "--rerun",
    type=click.Choice(["none", "failed", "stale", "all"]),
    default="none",
    show_default=True,
    help="Which cells with a record to run again.",
)
@click.option("--jobs", type=click.IntRange(1, 4096), default=1, help="Cells at once.")
@click.option(
    "--timeout",
    type=options.Duration(),
    default="1h",
    show_default=True,
    help="Longest time of a cell.",
)
@click.option("--page-only", is_flag=True, help="Measure nothing, write the page.")
@options.plugin_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    names: tuple[str, ...],
    quick: bool,
    slow: bool,
    out: Path,
    records: Path | None,
    rerun: str,
    jobs: int,
    timeout: float,
    page_only: bool,
    plugins: tuple[str, ...],
) -> None:
    """Measure published figures and write the page that shows which of them hold.

    Figures stand in a claims.toml beside a plugin. Without names all are measured,
    except those that take long.
    """
    options.leave_cores_to_cells()
    from recbench.claims.api import verify_claims
    from recbench.claims.claim import EFFORTS
    from recbench.claims.verify import exit_code

    efforts = EFFORTS[:1] if quick else EFFORTS if slow else EFFORTS[:2]
    done = verify_claims(
        names,
        efforts=efforts,
        out=out,
        records=records,
        extra=plugins,
        jobs=jobs,
        rerun=rerun,  # type: ignore[arg-type]  # click returns one of the choices
        timeout=timeout,
        measure=not page_only,
        log=lambda line: click.echo(line, err=True),
    )
    rows = [
        (
            o.claim.name,
            figure.metric,
            f"{figure.published}",
            figure.shown(value),
            o.verdict(figure.metric),
        )
        for o in done.outcomes
        for figure in o.claim.figures
        for value in (o.entry.values.get(figure.metric) if o.entry else None,)
    ]
    headers = ("claim", "metric", "published", "measured", "verdict")
    click.echo(tables.text(headers, rows))
    click.echo(f"page: {done.page}", err=True)
    ctx.exit(exit_code(done.outcomes))
