"""``recbench serve-bench``: what vector search costs and what it loses."""

from pathlib import Path
from typing import Any

import click

from recbench.cli import options

EPILOG = options.examples(
    "recbench serve-bench",
    "recbench serve-bench ml-1m/top-n -m ials -m two-tower -k 20",
    "recbench serve-bench -d ratings.csv -m bpr-mf --indexes flat,hnsw --format json",
)


@click.command("serve-bench", epilog=EPILOG)
@click.argument("suite", default="", metavar="[SUITE]")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="MODEL[params]",
    help="A model with vectors. May be repeated.  [default: all]",
)
@click.option(
    "-d", "--dataset", metavar="NAME|FILE", help="A data set by name, or a file."
)
@click.option(
    "-k",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Length of the lists.",
)
@click.option(
    "--indexes",
    default="flat,ivf,hnsw,usearch",
    show_default=True,
    help="Which indexes, separated by commas.",
)
@click.option(
    "--seen",
    type=click.Choice(["over-fetch", "selector"]),
    default="over-fetch",
    show_default=True,
    help="How seen items are kept out: fetched and dropped, or, where the index can, "
    "never found.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of the split and of the models.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where models train; indexes are searched on one CPU thread.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 4096), help="Fits at once.  [default: cores]"
)
@click.option(
    "--timeout",
    type=options.Duration(),
    default="30m",
    show_default=True,
    help="Longest time of a fit.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="How to print it.",
)
@options.plugin_option
@options.out_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    models: tuple[str, ...],
    suite: str,
    indexes: str,
    seen: str,
    form: str,
    out: Path,
    **chosen: Any,  # noqa: ANN401 - click's values
) -> None:
    """Measure how well and how fast indexes find what models rank first.

    Each model is fitted on the training part of SUITE, its vectors are put into exact
    and approximate indexes, and every test user is asked for: recall of the exact
    top-k, what the suite's metric loses, queries per second, latency, build time,
    memory and size. Page, data and plot are written to OUT/SUITE/serving.
    """
    from recbench.cli.progress import Progress
    from recbench.serving import bench, text

    with Progress() as progress:
        report = bench.serve_bench(
            models,
            suite,
            indexes=[name.strip() for name in indexes.split(",") if name.strip()],
            select=seen == "selector",
            log=progress.log,
            listener=progress.listen,
            **chosen,
        )
        for path in bench.write(report, out):
            progress.log(f"written: {path}")
    if form == "json":
        click.echo(report.as_json(), nl=False)
    elif form == "markdown":
        click.echo(text.to_markdown(report), nl=False)
    else:
        click.echo(str(report), nl=False)
    ctx.exit(report.exit_code)
