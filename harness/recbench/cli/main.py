"""The ``recbench`` command: finds the file of a sub-command when it is named."""

import importlib
import os
import sys

import click

from recbench.errors import RecbenchError, unknown_name

COMMANDS = {
    "run": "Train and measure models, then write the leaderboards.",
    "plan": "Show the cells a run would have, and why.",
    "list": "List models, data sets, splits, metrics, suites, plugins.",
    "show": "Show everything about one of them.",
    "data": "Fetch, list, verify and import data sets.",
    "doctor": "Check the installation, the hardware and the plugins.",
    "new": "Start a model of your own.",
    "check": "Check a model against the plugin contract.",
    "results": "List, show, merge, validate and export records.",
    "rescore": "Compute metrics again from stored lists, without training.",
    "reproduce": "Train a record's cell again and compare.",
    "verify": "Hold published figures against what recbench measures.",
    "compare": "Compare two models, two folders of results, or two benchmarks.",
    "bench": "Time recbench and models, to compare with another day.",
    "tune": "Tune models with equal budgets, on validation only.",
    "export": "Write a model's vectors as files that a service can load.",
    "serve-bench": "Measure vector search: recall, latency, memory, lost quality.",
    "leaderboard": "Build, show and check leaderboards.",
    "audit": "Grade a board: is it fair, can it be believed?",
    "truth": "See which protocols find the true order of models.",
    "score": "Score any recommender's lists, in any library's dialect.",
    "completion": "Print the completion script of your shell.",
}
# spelt out and not by `options.examples`, which `recbench --help` would import for it
EPILOG = """\b
Examples:
  recbench run --all                      every model on MovieLens-100K
  recbench run -d ratings.csv -m ease     one model on your own file
  recbench run ml-100k/rating -m 'ncf[epochs=5]' --seeds 0-2
  recbench leaderboard show ml-100k/top-n
  recbench new model my-model             start your own
"""


class Lazy(click.Group):
    """A group whose commands are imported when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table above."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        del ctx
        if cmd_name not in COMMANDS:
            raise unknown_name("command", cmd_name, COMMANDS)
        module = importlib.import_module(f"recbench.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the table of commands without importing any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, epilog=EPILOG, context_settings={"max_content_width": 100})
@click.version_option(package_name="recbench-harness", prog_name="recbench")
def cli() -> None:
    """Compare recommenders: same data, split, candidates and metric for every model."""


def main() -> None:
    """Run the command line; errors become one message and an exit status."""
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except RecbenchError as error:
        click.echo(f"recbench: {error}", err=True)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = 2
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("recbench: interrupted", err=True)
        code = 130
    except BrokenPipeError:
        # the reader of our output is gone; nothing is lost, and nobody is told
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 0
    except Exception:  # noqa: BLE001 - the last line of defence tells the user what to do
        import traceback

        traceback.print_exc()
        click.echo(
            "recbench: this is a bug in recbench or one of its plugins; "
            "please report it with the lines above",
            err=True,
        )
        code = 70
    sys.exit(code if isinstance(code, int) else 0)
