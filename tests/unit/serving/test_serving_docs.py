"""What the page about serving shows works as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

import recbench
from recbench.cli.main import COMMANDS, cli
from recbench.serving import artefact as artefacts
from recbench.serving.export import of_fitted

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "serve-a-model.md"
TEXT = PAGE.read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


def test_the_code_of_the_page_runs(made_up, tmp_path, monkeypatch) -> None:
    pytest.importorskip("faiss")
    made = of_fitted(made_up, made_up.fitted["made-up"])
    artefacts.write(made, "faiss", tmp_path / "ials-vectors")
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks("python"):
        exec(block, names)

    assert len(blocks("python")) == 2
    # the index alone and recbench list the same for the first user
    assert names["item_ids"][0].tolist() == names["lists"][0].tolist()
    assert names["item_ids"].shape == (1, 10)
    assert recbench.load_vectors is artefacts.load_vectors


def test_the_commands_of_the_page_are_understood() -> None:
    lines = [line for b in blocks("sh") for line in b.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("recbench ")]

    assert {words[1] for words in commands} == {"export", "serve-bench"}
    for _, name, *rest in commands:
        assert name in COMMANDS
        command = cli.get_command(None, name)
        command.make_context(name, rest)  # raises for an unknown option
