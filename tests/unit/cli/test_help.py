"""Every command explains itself, with examples that its own parser takes."""

import shlex
import subprocess
import sys

import click
import pytest

from recbench.cli.main import cli


def commands(command: click.Command, path: str):
    """Yield every command with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), f"{path} {name}")


EVERY = dict(commands(cli, "recbench"))


def text(path: str) -> str:
    return EVERY[path].get_help(click.Context(EVERY[path], info_name=path))


def examples(path: str) -> list[str]:
    """Return the examples of a command without the remarks behind them."""
    lines = text(path).partition("  Examples:\n")[2].split("\n\n")[0].splitlines()
    return [line.strip().partition("   ")[0] for line in lines]


@pytest.mark.parametrize("path", EVERY)
def test_help_shows_examples_line_by_line(path):
    assert examples(path)
    assert "\\b" not in text(path)


@pytest.mark.parametrize(
    "line", sorted({line for path in EVERY for line in examples(path)})
)
def test_an_example_has_a_command_and_options_that_exist(line):
    words = [word for word in shlex.split(line, comments=True) if word != ">"]
    if words[0] != "recbench":  # eval "$(recbench ...)", python -m ...
        assert "recbench" in line
        return
    command, rest = cli, words[1:]
    while isinstance(command, click.Group) and not rest[0].startswith("-"):
        context = click.Context(command)
        if rest[0] not in command.list_commands(context):
            rest.insert(0, "run")  # `tune SUITE` is short for `tune run SUITE`
        command = command.get_command(context, rest.pop(0))
    known = {option for p in command.params for option in (*p.opts, *p.secondary_opts)}

    given = {word.partition("=")[0] for word in rest if word.startswith("-")}
    assert given <= known | {"--help", "--version"}


def test_the_module_runs_as_the_command_does():
    done = subprocess.run(
        [sys.executable, "-m", "recbench", "list", "plugins"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert "baselines" in done.stdout
