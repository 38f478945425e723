"""``recbench bench``: time recbench and its models, to compare with another day."""

from pathlib import Path

import click

from recbench.cli import options

EPILOG = options.examples(
    "recbench bench -o before.json",
    "recbench bench fit score -m ease -m svd -d ml-100k -o after.json",
    "recbench compare before.json after.json --fail-on 'fit>1.2'",
)


@click.command("bench", epilog=EPILOG)
@click.argument("only", nargs=-1, metavar="[GROUP|PATTERN]...")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    help="A model to time. May be repeated.  [default: all]",
)
@click.option(
    "-d",
    "--dataset",
    default="sample",
    show_default=True,
    metavar="NAME",
    help="Data set of the models.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="Rounds of each; fewer once it took three seconds, more of what is quick.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("bench.json"),
    show_default=True,
    help="File to write.",
)
@options.plugin_option
def command(
    *,
    only: tuple[str, ...],
    models: tuple[str, ...],
    dataset: str,
    rounds: int,
    output: Path,
    plugins: tuple[str, ...],
) -> None:
    """Time recbench and models on one thread, beside a fixed calculation.

    The groups are rank, metrics, split, fit and score; a pattern such as 'fit:ease:*'
    names some of one. The file holds the seconds, those of the calculation beside
    them, the hardware and the versions.
    """
    from recbench.bench import results, run, text

    timings = run.run(
        only,
        dataset=dataset,
        models=models or None,
        rounds=rounds,
        plugin_paths=plugins,
        tell=lambda timing: click.echo(text.line(timing), err=True),
    )
    results.write(output, timings)
    click.echo(str(output))
