"""``recbench export``: a model's vectors as files that a service can load."""

from pathlib import Path

import click

from recbench.cli import options

EPILOG = options.examples(
    "recbench export ials",
    "recbench export 'two-tower[embedding_dim=32]' ml-100k/top-n --format parquet",
    "recbench export bpr-mf -d ratings.csv --format safetensors --path vectors",
)


@click.command("export", epilog=EPILOG)
@click.argument("model", metavar="MODEL[params]")
@click.argument("suite", default="", metavar="[SUITE]")
@click.option(
    "-d", "--dataset", metavar="NAME|FILE", help="A data set by name, or a file."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["faiss", "safetensors", "parquet"]),
    default="faiss",
    show_default=True,
    help="What to write.",
)
@click.option(
    "--path",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder, new or empty.  [default: MODEL-DATASET-FORMAT, numbered if taken]",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of the split and of the model.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where the model trains.",
)
@click.option(
    "--timeout",
    type=options.Duration(),
    default="30m",
    show_default=True,
    help="Longest time of the fit.",
)
@options.plugin_option
def command(
    *,
    model: str,
    suite: str,
    dataset: str | None,
    form: str,
    path: Path | None,
    seed: int,
    device: str,
    timeout: float,
    plugins: tuple[str, ...],
) -> None:
    """Fit MODEL on the training part of SUITE and write its vectors.

    The folder holds the vectors of users with training rows and of the items that may
    be recommended, with their raw ids, and manifest.json. The score of a user and an
    item is the inner product of their vectors. Filtering what a user has seen is the
    service's business. Without SUITE, the one for top-n of -d, or of ml-100k, is meant.
    """
    from recbench.cli.progress import Progress
    from recbench.serving.export import export

    with Progress() as progress:
        folder, made = export(
            model,
            suite,
            form=form,
            path=path,
            dataset=dataset,
            seed=seed,
            device=device,
            timeout=timeout,
            plugins=plugins,
            log=progress.log,
            listener=progress.listen,
        )
    facts = made.manifest
    click.echo(
        f"{folder}: {facts['n_users']:,} users and {facts['n_items']:,} items, "
        f"{facts['dimension']} dimensions, inner product"
    )
    for name in ("manifest.json", *facts["files"]):
        click.echo(f"  {folder / name}")
