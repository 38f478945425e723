"""``recbench tune``: search parameters with equal budgets, and report what it found."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from recbench.cli import options

EPILOG = options.examples(
    "recbench tune ml-100k/top-n --trials 20",
    "recbench tune ml-100k --minutes 5 --jobs 2",
    "recbench tune ml-100k/rating -m svd -m 'ncf[variant=gmf]' --trials 30 --seeds 0-2",
    "recbench tune report ml-100k/top-n",
)


class Tune(click.Group):
    """A group in which ``tune SUITE`` means ``tune run SUITE``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``run`` before arguments that name no sub-command."""
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("tune", cls=Tune, epilog=EPILOG)
def command() -> None:
    """Tune models with the same budget for each, on validation only.

    `recbench tune SUITE...` is short for `recbench tune run SUITE...`.
    """


@command.command("run", epilog=EPILOG)
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="MODEL[params]",
    help="A model; parameters in brackets are kept. May be repeated.  [default: all]",
)
@click.option("-d", "--dataset", metavar="NAME|FILE", help="A data set, or a file.")
@click.option("--trials", type=click.IntRange(min=1), help="Trials of each model.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Minutes for all trials of a model together.",
)
@click.option(
    "--seeds",
    type=options.Seeds(),
    default="0",
    show_default=True,
    help="Split seeds; a trial is measured on the validation part of each.",
)
@click.option(
    "--sampler",
    type=click.Choice(["tpe", "random"]),
    default="tpe",
    show_default=True,
    help="How parameters are proposed.",
)
@click.option(
    "--resume/--no-resume",
    default=True,
    show_default=True,
    help="Go on from stored trials, or make them again.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 4096), help="Trials at once.  [default: cores]"
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where models train.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="Threads of each trial.",
)
@click.option(
    "--timeout",
    type=options.Duration(),
    default="30m",
    show_default=True,
    help="Longest time of a trial.",
)
@click.option("--memory", type=options.Size(), help="Most memory of a trial.")
@options.plugin_option
@options.out_option
@click.pass_context
def run(ctx: click.Context, /, **chosen: Any) -> None:  # noqa: ANN401 - click's values
    """Search the parameters of models on SUITE's validation part.

    Every model, baselines included, is granted the same trials or minutes; its first
    trial has its defaults. Trials are stored under --out, so that a search goes on
    where it was stopped, and may be given more trials later.
    """
    options.leave_cores_to_cells()
    from recbench import tune
    from recbench.cli.progress import Progress

    with Progress() as progress:
        found = tune(**chosen, log=progress.log)
    click.echo(str(found), nl=False)
    if found.interrupted:
        again = shlex.join(["recbench", *sys.argv[1:]])
        progress.log(f"interrupted; this resumes where it stopped:\n  {again}")
    ctx.exit(found.exit_code)


@command.command(
    "report",
    epilog=options.examples(
        "recbench tune report ml-100k",
        "recbench tune report ml-100k/top-n --format markdown",
    ),
)
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="How to print it.",
)
@click.option(
    "--write", is_flag=True, help="Write page and plot beside the trials instead."
)
@options.out_option
def report(suites: tuple[str, ...], style: str, write: bool, out: Path) -> None:
    """Show default and tuned figures, and what a budget buys.

    For each model: the default, the expected best after some trials, the best of all,
    and at which budget the leading model changes.
    """
    from recbench.tuning import pages

    trials = pages.open_trials(out)
    chosen = pages.chosen(trials, suites)
    if write:
        for path in pages.write(trials, chosen):
            click.echo(path)
        return
    click.echo(pages.shown(trials, chosen, style), nl=False)


@command.command(
    "export",
    epilog=options.examples(
        "recbench tune export ml-100k --for mine --to mine/tuned.json"
    ),
)
@click.argument("suites", nargs=-1, required=True, metavar="SUITE...")
@click.option(
    "--for",
    "plugin",
    required=True,
    metavar="PLUGIN",
    help="Name of the plugin, as in `list plugins`.",
)
@click.option(
    "--to",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The plugin's tuned.json.",
)
@click.option(
    "--preset", default="", help="Name of the preset.  [default: tuned-DATASET]"
)
@options.plugin_option
@options.out_option
def export(
    *,
    suites: tuple[str, ...],
    plugin: str,
    path: Path,
    preset: str,
    plugins: tuple[str, ...],
    out: Path,
) -> None:
    """Write tuned parameters as presets that a plugin ships, with their provenance."""
    from recbench import plugins as registry
    from recbench.tuning import pages
    from recbench.tuning.best import export as ship

    trials = pages.open_trials(out)
    found = ship(
        trials,
        pages.chosen(trials, suites),
        registry.load(plugins),
        plugin=plugin,
        path=path,
        preset=preset,
    )
    for entry in found:
        click.echo(f"{entry['model']}[preset={entry['preset']}] for {entry['task']}")
