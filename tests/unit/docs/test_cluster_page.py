"""The page on clusters names commands and options that exist."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from recbench.cli.main import cli as recbench
from recbench.runner.engines.cluster import depot, desk

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "run-on-a-cluster.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", TEXT, flags=re.DOTALL)
    for line in block.strip().split("\n")
]
RUNS = [line for line in COMMANDS if line.startswith("recbench run")]
RAYS = [line for line in COMMANDS if line.startswith("ray ")]


@pytest.mark.parametrize("line", RUNS)
def test_a_run_on_the_page_can_be_planned(line: str, tmp_path: Path) -> None:
    words = [*shlex.split(line)[1:], "--dry-run", "--out", str(tmp_path / "out")]
    found = CliRunner().invoke(recbench, words, catch_exceptions=False)

    assert found.exit_code == 0, found.output
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("line", RAYS)
def test_ray_has_the_commands_and_options_of_the_page(line: str) -> None:
    pytest.importorskip("ray", reason="needs recbench-harness[ray]")
    from ray.scripts.scripts import cli

    name, *words = shlex.split(line.partition(">")[0])[1:]
    known = {option for param in cli.commands[name].params for option in param.opts}

    assert {word.partition("=")[0] for word in words} <= known


def test_the_options_of_the_page_exist() -> None:
    options = {o for p in recbench.get_command(None, "run").params for o in p.opts}
    named = re.findall(r"^\| ((?:`[^`]+`,? ?)+) \|", TEXT, flags=re.MULTILINE)
    words = [w.split()[0] for cell in named for w in re.findall(r"`([^`]+)`", cell)]

    assert len(words) == 7
    assert set(words) <= options


def test_the_figures_of_the_page_are_those_of_the_code() -> None:
    assert f"pieces of {desk.PIECE_BYTES // 2**20} MiB" in TEXT
    assert f"`{depot.PREFIX}*`" in TEXT
    assert depot.LEFTOVER_SECONDS == 7 * 86_400
    flights = pytest.importorskip("recbench.runner.engines.cluster.flights")
    assert flights.LOSSES == 3
    assert "at most three times more" in TEXT
