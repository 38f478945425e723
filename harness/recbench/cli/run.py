"""``recbench run``."""

import os
import shlex
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from recbench.cli import options

EPILOG = options.examples(
    "recbench run --all",
    "recbench run ml-100k/top-n -m ease -m 'two-tower[epochs=5]' --seeds 0-2",
    "recbench run -d ratings.csv -m most-popular -m ease",
    "recbench run --all --dry-run",
    status="0 all cells ok; 1 some failed; 2 wrong usage; 3 plugin problem; "
    "4 nothing ran; 130 interrupted.",
)


@click.command("run", epilog=EPILOG)
@options.run_options
@click.option(
    "--jobs", type=click.IntRange(1, 4096), help="Cells at once.  [default: cores]"
)
@click.option(
    "--timeout",
    type=options.Duration(),
    default="30m",
    show_default=True,
    help="Longest time of a cell.",
)
@click.option(
    "--memory", type=options.Size(), help="Most memory of a cell, such as 8GiB."
)
@click.option("--idle", type=options.Duration(), help="Longest time without progress.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where cells run.",
)
@click.option("--ray-address", default="auto", help="auto, local or HOST:PORT.")
@click.option("--dry-run", is_flag=True, help="Print the plan and touch nothing.")
@click.option("--strict", is_flag=True, help="Stop if any plugin has a problem.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print the boards at the end.",
)
@click.pass_context
def command(ctx: click.Context, /, **chosen: Any) -> None:  # noqa: ANN401 - click's values
    """Train and measure models, then write the leaderboards under --out.

    SUITE is a suite (ml-100k/top-n), a data set (ml-100k) or a task (top-n).
    Without suites, models and --dataset, say --all.
    """
    options.leave_cores_to_cells()
    from recbench import api
    from recbench.cli import show_plan
    from recbench.runner.api import run_request

    if chosen.pop("dry_run"):
        show_plan.show(chosen, as_json=chosen["form"] == "json", dry=True)
        return
    from recbench.cli.progress import Progress
    from recbench.leaderboard.plots.apart import Studio

    form, out = chosen.pop("form"), Path(chosen["out"])
    again = shlex.join(["recbench", *sys.argv[1:]])
    resume = f"interrupted; this resumes where it stopped:\n  {again}"
    with closing(Studio()) as studio:
        with Progress() as progress:
            listener = api.drawing_at(studio, progress.listen)
            try:
                result = run_request(**chosen, log=progress.log, listener=listener)
            except KeyboardInterrupt:
                progress.log(resume)
                raise
        boards = api.boards_of(result, studio)
    show(boards.as_json() if form == "json" else str(boards))
    if result.interrupted:
        progress.log(resume)
    for line in progress.unable:  # once more, below the boards that hide it
        progress.log(line)
    progress.log(f"pages: {out / 'README.md'}")
    ctx.exit(result.exit_code)


def show(text: str) -> None:
    """Print the boards; if their reader is gone, the exit status still tells."""
    try:
        click.echo(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
