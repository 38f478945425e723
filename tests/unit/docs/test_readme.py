"""What the README shows works as it stands there."""

import re
import tomllib
from pathlib import Path

import pytest

import recbench
from recbench import plugins

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


def test_the_model_in_15_lines_is_one_and_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path / "cache"))
    code = next(b for b in blocks("python") if b.startswith("# my_model.py"))
    lines = [line for line in code.splitlines() if line.strip()]
    file = tmp_path / "my_model.py"
    file.write_text(code, encoding="utf-8")
    boards = recbench.run(
        "sample/top-n",
        models=["most-liked", "most-popular", "random"],
        plugins=[str(file)],
        out=tmp_path / "out",
        progress=False,
    )

    assert len(lines) <= 15
    assert boards.exit_code == 0
    figures = {r.model: r.metrics["ndcg@10"].value for r in boards.records}
    assert figures["most-liked"] == figures["most-popular"] > figures["random"]
    assert "most-liked" in boards._repr_html_()
    assert boards.to_frame()["model"].iloc[-1] == "random"


def test_every_command_of_the_readme_exists() -> None:
    from recbench.cli.main import COMMANDS

    used = re.findall(r"\brecbench ([a-z]+)\b", "\n".join(blocks("bash")))

    assert set(used) <= set(COMMANDS)
    assert {"run", "check"} <= set(used)


def test_the_two_commands_stand_at_the_top() -> None:
    first = blocks("bash")[0].splitlines()

    assert first == [
        "python -m pip install -c constraints.txt . && recbench run --all",
        "python -m pip install -c constraints.txt '.[test]' && python -m pytest",
    ]


def test_constraints_pin_what_the_project_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = {
        line.partition("==")[0]
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if not line.startswith("#")
    }
    needed = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    names = {re.split(r"[<>=!\[; ]", need, maxsplit=1)[0] for need in needed}

    assert names <= pinned


def test_every_built_in_plugin_is_an_entry_point_and_in_the_wheel() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = {p.name for p in (ROOT / "plugins").glob("recbench_*")}
    entries = data["project"]["entry-points"][plugins.GROUP]
    wheel = data["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    assert set(entries.values()) == folders
    assert {Path(p).name for p in wheel} == folders | {"recbench"}
