"""The pages about auditing say what the code does."""

import re
import shlex
from pathlib import Path

import pytest

from recbench.audit import suite as auditing
from recbench.audit.canaries.ways import WAYS
from recbench.cli.main import cli
from recbench.referee.finding import WEIGHTS

DOCS = Path(__file__).parents[3] / "docs"
HOW_TO = DOCS / "how-to" / "audit.md"
EXPLANATION = DOCS / "explanation" / "choosing-a-protocol.md"


def commands(page):
    blocks = re.findall(r"```console\n(.*?)```", page.read_text(), flags=re.DOTALL)
    return [
        line.removeprefix("$ ")
        for block in blocks
        for line in block.splitlines()
        if line.startswith("$ recbench")
    ]


@pytest.mark.parametrize("line", [*commands(HOW_TO), *commands(EXPLANATION)])
def test_every_command_on_the_pages_is_one(line):
    words = shlex.split(line)[1:]
    context = cli.make_context("recbench", list(words), resilient_parsing=True)
    command = cli
    while hasattr(command, "get_command"):
        name, command, words = command.resolve_command(context, words)
    parsed = command.make_context(name, words)

    assert parsed.command is command


def test_the_table_of_checks_is_that_of_the_code(world):
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \|", HOW_TO.read_text(), re.MULTILINE)
    report = auditing.audit(world.store, "tiny/top-n", world.catalogue)

    assert {name for name, _ in rows} == {f.id for f in report.findings}
    assert len(rows) == len(report.findings)
    assert {weight for _, weight in rows} <= set(WEIGHTS)


def test_every_way_to_shuffle_is_explained():
    text = HOW_TO.read_text()

    for way in WAYS:
        assert f"| {way.name} |" in text
