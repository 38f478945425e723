"""``recbench score`` and the two pages that describe it."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from recbench.cli.score import command
from recbench.dialects.declared import DIALECTS, METRICS
from recbench.dialects.page import N_CASES, page
from recbench.errors import DataError, UsageError

ROOT = Path(__file__).resolve().parents[3]
HOW_TO = (ROOT / "docs/how-to/score-lists.md").read_text(encoding="utf-8")
LISTS, TRUTH = re.findall(r"```csv\n(.*?)```", HOW_TO, flags=re.DOTALL)
SHOWN = [
    block.strip().split("\n")
    for block in re.findall(r"```console\n(.*?)```", HOW_TO, flags=re.DOTALL)
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "lists.csv").write_text(LISTS, encoding="utf-8")
    (tmp_path / "test.csv").write_text(TRUTH, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


@pytest.mark.parametrize("shown", SHOWN, ids=lambda shown: shown[0][2:])
def test_the_commands_of_the_how_to_print_what_it_shows(shown, folder):
    arguments = shlex.split(shown[0].removeprefix("$ recbench score"))

    result = run(*arguments)

    assert result.exit_code == 0
    got = [line.rstrip() for line in result.output.strip().split("\n")]
    got = [re.sub(r"(\"mean\": 0\.\d{4})\d+", r"\1", line) for line in got]
    if len(shown) > 1:
        assert got == shown[1:]


def test_the_python_of_the_how_to_runs(folder):
    (code,) = re.findall(r"```python\n(.*?)```", HOW_TO, flags=re.DOTALL)
    space = {}

    exec(code, space)

    assert space["scores"].library == "LensKit 2026.4"


def test_json_has_the_form_that_scripts_rely_on(folder):
    result = run("lists.csv", "--truth", "test.csv", "--format", "json")

    body = json.loads(result.stdout)
    assert body["dialect"] == "recbench"
    assert list(body["metrics"]) == [f"{m}@{k}" for m in METRICS for k in (5, 10, 20)]
    assert all(m.keys() == {"mean", "definition"} for m in body["metrics"].values())


def test_json_of_all_dialects_is_a_list_of_such_bodies(folder):
    result = run(
        "lists.csv", "--truth", "test.csv", "--dialect", "all", "--format=json"
    )

    assert [body["dialect"] for body in json.loads(result.stdout)] == list(DIALECTS)


def test_options_may_be_repeated_or_separated_by_commas(folder):
    given = ("lists.csv", "--truth", "test.csv", "--format", "json")

    one = run(*given, "--metrics", "ndcg,mrr@3", "--k", "1,2")
    other = run(*given, "--metrics=ndcg", "--metrics=mrr@3", "--k=1", "--k=2")

    assert one.stdout == other.stdout
    assert list(json.loads(one.stdout)["metrics"]) == ["ndcg@1", "ndcg@2", "mrr@3"]


def test_seen_items_are_dropped_and_told(folder):
    (folder / "seen.csv").write_text("user,item\nana,matrix\n", encoding="utf-8")

    result = run("lists.csv", "--truth", "test.csv", "--seen", "seen.csv")

    assert "list rows of seen items, dropped: 1" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("absent.csv", "--truth", "test.csv"), DataError),
        (("lists.csv", "--truth", "test.csv", "--k", "ten"), UsageError),
        (("lists.csv", "--truth", "test.csv", "--dialect", "elliott"), UsageError),
        (("lists.csv", "--truth", "test.csv", "--metrics", "auc"), UsageError),
    ],
)
def test_a_mistake_is_an_error_with_exit_code_2(arguments, error, folder):
    with pytest.raises(error) as caught:
        run(*arguments)

    assert caught.value.exit_code == 2


def test_help_names_every_dialect():
    text = " ".join(run("--help").output.split())

    assert all(re.search(rf"\b{name}\b", text) for name in DIALECTS)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from recbench.cli.score import command; "
        "import recbench.dialects, recbench.dialects.declared; "
        "print({'numpy', 'pandas', 'torch', 'scipy'} & set(sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "set()"


def test_the_reference_page_is_what_its_script_writes():
    written = (ROOT / "docs/reference/dialects.md").read_text(encoding="utf-8")

    assert written == page()


def test_the_example_runs_from_0_19_to_0_53():
    example = page().partition("## One list")[2].partition("\n## ")[0]
    figures = [float(f) for f in re.findall(r"\| (0\.\d{4}) \|", example)]

    assert len(figures) == len(DIALECTS)
    assert (round(min(figures), 2), round(max(figures), 2)) == (0.19, 0.53)
    assert len(set(figures)) >= 7


def test_the_page_counts_the_cases():
    sys.path.insert(0, str(ROOT / "tests" / "peers"))
    from peer_cases import cases

    assert len(cases()) == N_CASES
