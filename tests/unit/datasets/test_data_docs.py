"""The pages about data say what the code does."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from recbench.cli.main import main
from recbench.datasets.builtin import recbench_datasets
from recbench.datasets.editions import EDITIONS

DOCS = Path(__file__).parents[3] / "docs"
HOW_TO = (DOCS / "how-to" / "your-own-data.md").read_text(encoding="utf-8")
REFERENCE = (DOCS / "reference" / "datasets.md").read_text(encoding="utf-8")


def blocks(text, kind):
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def test_every_data_command_of_the_page_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.csv").write_text(blocks(HOW_TO, "csv")[0])
    ran = 0
    for block in blocks(HOW_TO, "console"):
        command, _, shown = block.partition("\n")
        for line in (command, *shown.splitlines()):
            if not line.startswith("$ recbench data"):
                continue
            monkeypatch.setattr(sys, "argv", shlex.split(line)[1:])
            with pytest.raises(SystemExit) as end:
                main()
            printed = capsys.readouterr()
            assert not end.value.code, printed.err
            ran += 1
        promised = [line for line in shown.splitlines() if not line.startswith("$")]
        for line in promised:
            assert line in printed.out + printed.err
    assert ran == 4


def test_the_error_of_the_page_is_the_real_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = blocks(HOW_TO, "csv")[0].replace("bob,tea,3", "bob,tea,good")
    (tmp_path / "shop.csv").write_text(text)
    monkeypatch.setattr(sys, "argv", ["recbench", "data", "import", "shop.csv"])
    with pytest.raises(SystemExit):
        main()

    assert capsys.readouterr().err.rstrip().endswith(blocks(HOW_TO, "text")[0].strip())


@pytest.mark.parametrize("page", [HOW_TO, REFERENCE], ids=["how-to", "reference"])
def test_the_python_of_the_pages_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.csv").write_text(blocks(HOW_TO, "csv")[0])
    for code in blocks(page, "python"):
        exec(compile(code, "page", "exec"), {"__name__": "page"})


def test_the_table_of_data_sets_is_that_of_the_cards():
    rows = re.findall(
        r"^\| `([a-z0-9-]+)` \| ([\d,]+) \| ([\d,]+) \| ([^|]+) \| ([^|]+) \|",
        REFERENCE,
        re.MULTILINE,
    )
    found = {name: (values.strip(), sizes) for name, *sizes, values in rows}
    specs = {spec.name: spec for spec in recbench_datasets()}
    by_name = {edition.name: edition for edition in EDITIONS}

    assert list(found) == list(specs)
    for name, (values, sizes) in found.items():
        spec = specs[name]
        counts = spec.size
        if counts is None:
            counts = (by_name[name].rows, by_name[name].n_users, None)
        expected = [f"{n:,}" if n else "not checked" for n in counts]
        assert [size.strip() for size in sizes] == expected
        if spec.scale is None:
            assert values == "none"
        else:
            assert values == f"ratings {spec.scale[0]:g} to {spec.scale[1]:g}"


def test_the_table_of_checksums_is_that_of_the_editions():
    for edition in EDITIONS:
        line = next(
            line
            for line in REFERENCE.splitlines()
            if line.startswith("| `")
            and f"`{edition.name}`" in line
            and "counts" in line
        )
        assert ("SHA-256" in line.split("|")[2]) == (edition.sha256 is not None)
