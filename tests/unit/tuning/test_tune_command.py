"""``recbench tune``: thin, light, and its reports say what they show."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner
from tuning_world import WORLD

from recbench.cli.tune import command
from recbench.errors import NothingRanError, UsageError
from recbench.runner.api import run_request
from recbench.tuning import text
from recbench.tuning.report import build
from recbench.tuning.trial import Trials


def invoke(*args: str, out=None):
    more = ["--out", str(out)] if out is not None else []
    result = CliRunner().invoke(command, [*args, *more])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_run_may_be_left_out(tmp_path):
    args = ("tiny/rating", "-m", "constant", "-p", WORLD, "--jobs", "1")
    one = invoke(*args, "--trials", "2", out=tmp_path)
    two = invoke("--trials", "2", *args, out=tmp_path)
    three = invoke("run", *args, "--trials", "2", out=tmp_path)

    assert one.exit_code == two.exit_code == three.exit_code == 0
    assert one.stdout == two.stdout == three.stdout
    assert "test labels took no part" in one.stdout
    assert re.search(r"constant +\d\.\d{4}", one.stdout)
    assert "trial 1 of 2" in one.stderr


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from recbench.cli.main import cli\n"
        "for args in (['tune', '--help'], ['tune', 'run', '--help']):\n"
        "    assert CliRunner().invoke(cli, args).exit_code == 0\n"
        "heavy = {'optuna', 'numpy', 'torch', 'pandas', 'matplotlib', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_without_optuna_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(UsageError, match=r"recbench-harness\[tune\]"):
        invoke("tiny/rating", "--trials", "1", out=tmp_path)


def test_a_report_without_trials_says_how_to_make_some(tmp_path):
    with pytest.raises(NothingRanError, match="recbench tune SUITE --trials 20"):
        invoke("report", out=tmp_path)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A folder with the trials of three models, one of them cut by its minutes."""
    from recbench.tuning.tune import tune

    out = tmp_path_factory.mktemp("searched")
    models = ["constant", "bias", "global-mean", "constant[pause=0.8]"]
    tune(
        "tiny/rating",
        models=models,
        trials=4,
        minutes=2.2 / 60,
        jobs=1,
        plugins=[WORLD],
        out=out,
    )
    return out


def test_a_report_shows_default_tuned_and_what_was_cut(searched):
    report = build(Trials(searched), "tiny/rating")
    lines = {line.label: line for line in report.lines}

    assert lines["global-mean"].note == "no parameter to tune"
    assert lines["global-mean"].trials == 1
    assert lines["constant[pause=0.8]"].note.startswith("cut at ")
    assert lines["bias"].note == ""
    assert any("constant[pause=0.8]" in note for note in report.notes)
    best = lines["constant"]
    assert best.tuned == best.observed[-1] == pytest.approx(best.expected[-1])
    assert best.default == best.expected[0]
    ordered = [x.tuned for x in report.lines if x.tuned is not None]
    assert ordered == sorted(ordered)  # a smaller error is better


def test_the_winner_changes_where_the_curves_cross(searched):
    report = build(Trials(searched), "tiny/rating")

    for trials, model, value in report.by_trials:
        held = {x.label: x.expected for x in report.lines}
        now = {name: curve[min(trials, len(curve)) - 1] for name, curve in held.items()}
        known = {name: v for name, v in now.items() if v is not None}
        assert min(known.values()) == known[model] == value


def test_every_format_says_the_same(searched):
    shown = {
        style: invoke("report", "tiny", "--format", style, out=searched).stdout
        for style in ("text", "markdown", "json")
    }
    [data] = json.loads(shown["json"])

    for line in data["lines"]:
        if line["tuned"] is not None:
            figure = f"{line['tuned']:.4f}"
            assert figure in shown["text"]
            assert figure in shown["markdown"]
        assert f"`{line['label']}`" in shown["markdown"]
    assert data["by_trials"][0]["from_trials"] == 1
    assert all(len(x["observed"]) == x["trials"] for x in data["lines"])


def test_pages_and_plot_are_written_the_same_each_time(searched):
    first = invoke("report", "tiny/rating", "--write", out=searched).stdout.split()
    before = {path: Path(path).read_bytes() for path in first}
    again = invoke("report", "tiny/rating", "--write", out=searched).stdout.split()

    assert {path: Path(path).read_bytes() for path in again} == before
    page, picture = first
    assert "expected-best.svg" in before[page].decode()
    assert ET.fromstring(before[picture]).tag.endswith("svg")


def test_figures_on_the_test_part_stand_beside_where_runs_left_them(searched):
    before = text.render(build(Trials(searched), "tiny/rating"))
    report = build(Trials(searched), "tiny/rating")
    spelled = {x.label: x.spelled for x in report.lines}
    models = ["constant", spelled["constant"]]
    done = run_request(
        suites=["tiny/rating"],
        models=models,
        seeds=(0, 1),
        plugins=[WORLD],
        out=searched,
        device="cpu",
        jobs=1,
    )
    line = {x.label: x for x in build(Trials(searched), "tiny/rating").lines}[
        "constant"
    ]

    values: dict[float, list[float]] = {}
    for record in done.records:
        values.setdefault(record.params["level"], []).append(
            record.metrics["rmse"].value
        )
    assert "Test tuned" not in before
    assert line.test_default.value == pytest.approx(sum(values.pop(2.0)) / 2)
    assert line.test_tuned.value == pytest.approx(sum(*values.values()) / 2)
    assert line.test_tuned.splits == 2
    assert "Test tuned" in text.render(build(Trials(searched), "tiny/rating"))


def test_an_export_names_what_it_wrote(searched, tmp_path):
    to = tmp_path / "tuned.json"
    done = invoke(
        "export",
        "tiny/rating",
        "--for",
        "tuning_world",
        "--to",
        str(to),
        "-p",
        WORLD,
        out=searched,
    )

    assert done.stdout.splitlines() == ["constant[preset=tuned-tiny] for rating"]
    assert json.loads(to.read_text(encoding="utf-8"))["tuned"][0]["model"] == "constant"
