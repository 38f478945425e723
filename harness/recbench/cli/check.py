"""``recbench check``: run the conformance kit on a model or a plugin."""

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from recbench.cli.options import Duration, examples, plugin_option

if TYPE_CHECKING:
    from recbench.testing.isolation import Outcome

STYLES = {"ok": "green", "failed": "red", "skipped": "yellow", "advice": "yellow"}


EPILOG = examples(
    "recbench check svd                      an installed model",
    "recbench check 'ncf[epochs=2]'          with other parameters, to save time",
    "recbench check my_model.py              every model of a file",
    "recbench check ./my-plugin --strict     a package or project; advice counts",
    "recbench check svd --only seed-used     one check alone",
)


@click.command("check", epilog=EPILOG)
@click.argument("target", metavar="MODEL|PATH")
@plugin_option
@click.option(
    "--only",
    multiple=True,
    metavar="CHECK",
    help="Run this check alone, with or without its task. May be repeated.",
)
@click.option("--strict", is_flag=True, help="Count advice as failures.")
@click.option(
    "--timeout",
    type=Duration(),
    default="60s",
    show_default=True,
    help="Time that one check may take.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of what is printed.",
)
def command(
    *,
    target: str,
    plugins: tuple[str, ...],
    only: tuple[str, ...],
    strict: bool,
    timeout: float,
    form: str,
) -> None:
    """Check a model by name, or every model of a file, package or project.

    Each check runs in a child process: a model that crashes or never ends fails its
    check and stops no other. Exits with 3 if a check failed.
    """
    from recbench.errors import PluginError
    from recbench.params import parse_model
    from recbench.testing.isolation import examine, is_path

    name, params = (target, {}) if is_path(target) else parse_model(target)
    outcomes: list[Outcome] = []
    shown = ""
    for outcome in examine(
        name, params=params, plugins=plugins, only=only, timeout=timeout
    ):
        outcomes.append(outcome)
        if form == "text":
            if outcome.model != shown:
                click.secho(outcome.model, bold=True)
                shown = outcome.model
            click.echo(line(outcome, strict=strict))
    if form == "json":
        click.echo(json.dumps([as_json(o) for o in outcomes], indent=2))
    failed = [o for o in outcomes if o.status == "failed" and (o.required or strict)]
    if failed:
        names = ", ".join(dict.fromkeys(o.check for o in failed))
        msg = f"{target}: {len(failed)} of {len(outcomes)} checks failed: {names}"
        raise PluginError(msg)
    if form == "text":
        click.secho(f"{target}: {summary(outcomes)}", fg="green")


def line(outcome: "Outcome", *, strict: bool) -> str:
    """Return one check as a line."""
    status = outcome.status
    if status == "failed" and not (outcome.required or strict):
        status = "advice"
    word = "FAILED" if status == "failed" else status
    padded = f"{word:<8} " if outcome.message else word
    styled = click.style(padded, fg=STYLES[status])
    return f"  {outcome.check:<28} {styled}{outcome.message}"


def as_json(outcome: "Outcome") -> dict[str, object]:
    """Return one check as plain data with a ``name``."""
    values = dataclasses.asdict(outcome)
    return {"name": values.pop("check"), **values}


def summary(outcomes: "list[Outcome]") -> str:
    """Return how many checks ended in which way."""
    passed = sum(o.status == "ok" for o in outcomes)
    skipped = sum(o.status == "skipped" for o in outcomes)
    advised = len(outcomes) - passed - skipped
    parts = [f"{passed} checks passed"]
    if skipped:
        parts.append(f"{skipped} do not apply")
    if advised:
        parts.append(f"{advised} of advice not followed")
    return ", ".join(parts)
