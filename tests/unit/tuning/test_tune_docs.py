"""What the page about tuning shows works as it stands there."""

import re
import shlex
from pathlib import Path

import click
import pytest

from recbench.cli.main import cli

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "tune.md"
TEXT = PAGE.read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", TEXT, flags=re.DOTALL))
COMMANDS = [
    shlex.split(line, comments=True)[1:]
    for line in SHELL.splitlines()
    if line.startswith("recbench ")
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_one(words: list[str]) -> None:
    command: click.Command = cli
    context = click.Context(cli, info_name="recbench")
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(
            context,
            ["run", *words]
            if command.name == "tune" and words[0] not in command.commands
            else words,
        )
        assert found is not None
        command, context = found, click.Context(found, parent=context, info_name=name)
    command.make_context(command.name, list(words), parent=context.parent)


def test_the_python_example_runs(tmp_path, monkeypatch, capsys):
    code = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)[-1]
    monkeypatch.chdir(tmp_path)

    exec(compile(code, str(PAGE), "exec"), {})  # it is our own page

    shown = capsys.readouterr().out
    assert "sample/top-n: ndcg@10" in shown
    assert (tmp_path / "leaderboards/sample/top-n/tuning/best.json").is_file()
