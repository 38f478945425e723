"""``recbench new``: start a model of your own."""

import shlex
from pathlib import Path

import click

from recbench.cli import options

EPILOG = options.examples(
    "recbench new model my-model                     one file, my_model.py",
    "recbench new model my-model --task rating       predict ratings instead",
    "recbench new model my-model --package           a project to install and publish",
)


@click.group("new", epilog=EPILOG)
def command() -> None:
    """Start a model of your own."""


@command.command("model", epilog=EPILOG)
@click.argument("name")
@click.option(
    "--package", is_flag=True, help="Write an installable project with a test."
)
@click.option(
    "--path",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Existing folder to write into.  [default: the current one]",
)
@click.option(
    "--task",
    type=click.Choice(["top-n", "rating"]),
    default="top-n",
    show_default=True,
    help="What the model is to do.",
)
def model(name: str, package: bool, path: Path, task: str) -> None:
    """Write a working model called NAME and say what to run next.

    Nothing that exists is overwritten.
    """
    from recbench.scaffold import new_model

    target = new_model(name, folder=path, task=task, package=package)
    written = shlex.quote(str(target))
    click.echo(f"wrote {target}")
    click.echo("next:")
    if package:
        click.echo(
            f"  python -m pip install -e {written} && python -m pytest {written}"
        )
        click.echo(f"  recbench run ml-100k/{task} -m {name}")
    else:
        click.echo(f"  recbench check {written}")
        click.echo(f"  recbench run ml-100k/{task} -p {written} -m {name}")
