"""The pages for plugin authors: every command runs, every table is the code's."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from recbench import ModelSpec, plugins
from recbench.testing import checks_for, kit

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
OFFLINE = {  # what a test without network has to say otherwise
    "python -m pip install build": "python -m build --version",
    "python -m build recbench-first": "python -m build --no-isolation recbench-first",
}


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Yield the fenced blocks of a page: language and content."""
    yield from re.findall(r"```(\w+)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_command_of_the_tutorial_runs(shell) -> None:
    printed = ""
    for language, text in blocks(DOCS / "tutorial" / "your-first-plugin.md"):
        if language == "python":
            (shell.folder / "my_model.py").write_text(text, encoding="utf-8")
        if language == "toml":
            project = shell.folder / "recbench-first" / "pyproject.toml"
            assert text in project.read_text("utf-8")
        if language == "sh":
            for line in text.strip().splitlines():
                command = OFFLINE.get(line, line)
                if not shell.has_data:
                    command = command.replace("ml-100k", "sample")
                printed += shell(command)

    assert "my-model" in printed
    suite = "ml-100k" if shell.has_data else "sample"
    board = shell.folder / "leaderboards" / suite / "top-n" / "README.md"
    rows = board.read_text("utf-8")
    for name in ("my-model", "shrink=50", "most-popular", "ease", "recbench-first"):
        assert name in rows
    built = sorted(p.suffix for p in (shell.folder / "recbench-first/dist").iterdir())
    assert built == [".gz", ".whl"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_timing_page_works_as_it_stands(shell) -> None:
    found = list(blocks(DOCS / "how-to" / "time-your-model.md"))
    page = [text for language, text in found if language == "python"]
    commands = [text.strip() for language, text in found if language == "sh"]
    (shell.folder / "test_speed.py").write_text(page[0], encoding="utf-8")
    ini = "[pytest]\nrecbench_dataset = sample\n"
    (shell.folder / "pytest.ini").write_text(ini, encoding="utf-8")

    first = shell(commands[0])
    second = shell(f"{commands[1]} -k most-popular --recbench-dataset sample", cwd=ROOT)

    assert "2 passed" in first
    assert (shell.folder / "speed.json").is_file()
    assert " passed" in second


def test_the_timing_page_names_every_fixture() -> None:
    text = (DOCS / "how-to" / "time-your-model.md").read_text("utf-8")
    source = (ROOT / "harness/recbench/testing/pytest_plugin.py").read_text("utf-8")
    fixtures = re.findall(r"^def (recbench_\w+)\(", source, re.MULTILINE)

    assert set(fixtures) == set(re.findall(r"^\| `(recbench_\w+)`", text, re.MULTILINE))


def test_the_table_of_checks_is_that_of_the_code() -> None:
    text = (DOCS / "reference" / "conformance.md").read_text("utf-8")
    rows = re.findall(r"^\| (\*?)`([a-z-]+)`\*? \| (.*) \|$", text, re.MULTILINE)
    documented = {name: (summary, not star) for star, name, summary in rows}

    assert documented == {
        check.name.rpartition("/")[2]: (check.summary, check.required)
        for check in every_check()
    }


def every_check() -> list:
    """Return all checks: those of a model of which nothing is known beforehand."""

    def make(params):
        return None

    spec = ModelSpec(name="any", factory=make, tasks=("rating", "top-n"), params=object)
    return checks_for(spec)


def test_the_test_file_of_the_reference_page_is_what_a_new_project_gets() -> None:
    page = dict(blocks(DOCS / "reference" / "conformance.md"))["python"]
    folder = Path(kit.__file__).parents[1] / "scaffold" / "templates" / "package"
    template = (folder / "test_conformance.py.txt").read_text("utf-8")
    code = template.partition('"""\n\n')[2]

    assert code.replace("$module", "my_package") == page


def test_a_model_that_cannot_be_imported_still_gets_its_checks() -> None:
    spec = ModelSpec(name="gone", factory="no_such_module:Model", tasks=("top-n",))

    names = [check.name for check in checks_for(spec)]

    assert "top-n/valid-lists" in names
    with pytest.raises(ModuleNotFoundError):
        plugins.resolve(spec.factory)
