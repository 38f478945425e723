"""A model that cannot run here is seen: in the plan, while it runs, and at the end."""

import io
import sys
from pathlib import Path

import pytest

import recbench
from recbench.cli.main import cli
from recbench.plugins import Plugin
from recbench.plugins.requirements import absent, told
from recbench.results.store import Store
from recbench.runner.lines import Lines
from recbench.specs import ModelSpec

CARD = """
import numpy as np
from recbench import ModelSpec, hookimpl

class Needy:
    def fit(self, train, context):
        self.n = train.n_items
    def score(self, users):
        return np.zeros((len(users), self.n), dtype=np.float32)

@hookimpl
def recbench_models():
    yield ModelSpec(
        name="needy", factory=Needy, tasks=("top-n",), requires=("colorsys",)
    )
"""
NEEDS = "needs the module 'colorsys', which is not installed"


@pytest.fixture
def card(tmp_path) -> str:
    path = tmp_path / "needy.py"
    path.write_text(CARD)
    return str(path)


def without(monkeypatch, module: str) -> None:
    """Make a module one that cannot be imported in this process."""
    monkeypatch.setitem(sys.modules, module, None)


def planned(card: str, out: Path, **options):
    (only,) = recbench.plan(
        "sample/top-n", models="needy", plugins=[card], out=out, **options
    )
    return only


@pytest.mark.parametrize(
    ("rerun", "expected"),
    [
        (None, ("cached", "ok")),
        ("all", ("skip", f"{NEEDS}; the record made here stands")),
    ],
)
def test_what_was_recorded_here_stands(card, tmp_path, monkeypatch, rerun, expected):
    out = tmp_path / "out"
    recbench.run(
        "sample/top-n", models="needy", plugins=[card], out=out, progress=False
    )
    without(monkeypatch, "colorsys")

    item = planned(card, out, rerun=rerun)

    assert (item.action, item.why) == expected


def test_a_record_that_came_with_a_clone_stands_and_the_run_says_so(
    card, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "out"
    run = {"models": "needy", "plugins": [card], "out": out}
    recbench.run("sample/top-n", **run, progress=False)
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path / "another cache"))
    without(monkeypatch, "colorsys")

    done = recbench.run("sample/top-n", **run)

    said = capsys.readouterr().err.splitlines()
    why = f"{NEEDS}; the record made elsewhere stands"
    assert any(", 0 from the store, 1 cannot run here; " in line for line in said)
    assert f"cannot run here: needy (1 cell): {why}" in said
    assert planned(card, out).why == why
    (record,) = done.records
    assert (record.status, record.message) == ("skipped", NEEDS)
    assert [r.status for r in Store(out).records("sample/top-n")] == ["ok"]


def test_the_command_says_it_again_below_the_boards(card, tmp_path, monkeypatch, capfd):
    without(monkeypatch, "colorsys")
    words = ["sample/top-n", "-m", "needy", "-m", "random", "-p", card]
    words += ["--out", str(tmp_path / "out")]

    with pytest.raises(SystemExit) as stopped:
        cli(["run", *words])
    told_by_run = capfd.readouterr().err.splitlines()
    with pytest.raises(SystemExit):
        cli(["plan", *words])
    told_by_plan = capfd.readouterr().err.splitlines()

    assert stopped.value.code == 0
    line = f"cannot run here: needy (1 cell): {NEEDS}"
    assert told_by_run.count(line) == 2
    assert told_by_run[-2] == line
    assert told_by_plan[-2:] == ["2 cells, 0 to run, 1 cannot run here", line]


def test_cells_that_cannot_run_for_one_reason_share_a_line():
    stream = io.StringIO()
    unable = [("a", "needs x"), ("b", "needs x"), ("a", "needs x")]

    Lines(stream).listen(
        "run-started",
        {"cells": 5, "to_run": 1, "estimate": 3, "jobs": 2, "unable": unable},
    )

    assert stream.getvalue().splitlines() == [
        "5 cells: 1 to run, 1 from the store, 3 cannot run here; about 2 s; 2 at once",
        "cannot run here: a (2 cells): needs x",
        "cannot run here: b (1 cell): needs x",
    ]


@pytest.fixture
def plugin(tmp_path, monkeypatch) -> Plugin:
    """A plugin whose distribution has extras."""
    folder = tmp_path / "recbench_toy-1.0.dist-info"
    folder.mkdir()
    lines = [
        "Metadata-Version: 2.1",
        "Name: recbench-toy",
        "Version: 1.0",
        "Requires-Dist: numpy>=2",
        'Requires-Dist: my-jit>=0.61; (python_version >= "3.11") and extra == "fast"',
        "Requires-Dist: my-jit; extra == 'test'",
        "Requires-Dist: another; extra == 'test'",
        "Requires-Dist: far[all]<3; extra == 'more'",
    ]
    (folder / "METADATA").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    return Plugin(name="toy", kind="module", value="toy", distribution="recbench-toy")


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        pytest.param(
            ["my_jit"],
            "needs the module 'my_jit', which is not installed: "
            "pip install 'recbench-toy[fast]'",
            id="the smaller extra of two",
        ),
        pytest.param(
            ["my_jit.core", "far"],
            "needs the modules 'my_jit.core' and 'far', which are not installed: "
            "pip install 'recbench-toy[fast,more]'",
            id="two extras",
        ),
        pytest.param(
            ["my_jit", "unheard_of"],
            "needs the modules 'my_jit' and 'unheard_of', which are not installed",
            id="no extra brings it",
        ),
    ],
)
def test_how_modules_are_installed_follows_from_the_plugins_extras(
    plugin, modules, expected
):
    assert told(modules, plugin) == expected


def test_a_plugin_that_is_a_file_has_no_extras():
    plugin = Plugin(name="toy", kind="path", value="toy.py")

    assert told(["x"], plugin) == "needs the module 'x', which is not installed"


def test_a_part_of_a_package_that_is_absent_is_absent():
    spec = ModelSpec(
        name="toy",
        factory="toy:Toy",
        tasks=("top-n",),
        requires=("json", "no_such_package.part"),
    )

    assert absent(spec) == ["no_such_package.part"]
