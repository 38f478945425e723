"""``recbench plan``."""

from typing import Any

import click

from recbench.cli import options

EPILOG = options.examples(
    "recbench plan --all",
    "recbench plan ml-100k/rating --seeds 0-2 --rerun failed --format json",
)


@click.command("plan", epilog=EPILOG)
@options.run_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How to print it.",
)
def command(**chosen: Any) -> None:  # noqa: ANN401 - click's values
    """Show the cells a run would have: cached or to run, how long, and why."""
    from recbench.cli import show_plan

    show_plan.show(chosen, as_json=chosen.pop("form") == "json")
