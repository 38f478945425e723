"""Plugins: found, loaded one by one, and reported by name when they fail."""

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from recbench import plugins
from recbench.errors import PluginError, UsageError
from recbench.plugins.sources import source_hash

GOOD = """
from recbench import ModelSpec, hookimpl

class Toy:
    def fit(self, train, context): ...
    def score(self, users): ...

@hookimpl
def recbench_models():
    yield ModelSpec(name="{name}", factory=Toy, tasks=("top-n",))
"""


def write(folder: Path, name: str, text: str) -> str:
    path = folder / f"{name}.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return str(path)


def load(*paths: str) -> plugins.Catalogue:
    return plugins.load(paths, installed=False)


def test_a_single_file_is_a_plugin(tmp_path: Path) -> None:
    catalogue = load(write(tmp_path, "toy", GOOD.format(name="toy")))

    assert catalogue.problems == []
    assert catalogue.models["toy"].tasks == ("top-n",)
    assert catalogue.origin["models", "toy"].kind == "path"


def test_a_package_folder_is_a_plugin(tmp_path: Path) -> None:
    package = tmp_path / "toy_package_a"
    package.mkdir()
    write(package, "__init__", GOOD.format(name="toy"))

    assert "toy" in load(str(package)).models


def test_a_project_folder_is_a_plugin_through_its_entry_points(tmp_path: Path) -> None:
    package = tmp_path / "src" / "toy_package_b"
    package.mkdir(parents=True)
    write(package, "__init__", GOOD.format(name="toy"))
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n'
        '[project.entry-points.recbench]\ntoy = "toy_package_b"\n'
    )

    assert "toy" in load(str(tmp_path)).models


def test_plugins_are_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "toy", GOOD.format(name="toy"))
    monkeypatch.setenv(plugins.ENVIRONMENT, path)

    assert "toy" in load().models


BROKEN = {
    "raises when imported": ("1 / 0", "ZeroDivisionError"),
    "exits when imported": ("import sys; sys.exit(3)", "SystemExit"),
    "has a syntax error": ("def", "SyntaxError"),
    "misses a module": ("import no_such_module_x", "no_such_module_x"),
    "misspells a hook": (
        GOOD.format(name="x").replace("recbench_models", "recbench_model"),
        "did you mean recbench_models",
    ),
    "forgets the marker": (
        GOOD.format(name="x").replace("@hookimpl", ""),
        "not marked with @recbench.hookimpl",
    ),
    "speaks another API": ("recbench_api = 99\n" + GOOD.format(name="x"), "API 99"),
    "offers no spec": (
        GOOD.format(name="x").replace("yield ModelSpec", "yield dict"),
        "expected ModelSpec",
    ),
    "has a bad name": (GOOD.format(name="Not Allowed"), "not allowed"),
    "raises in its hook": (
        GOOD.format(name="x").replace("Toy, ", "1 / 0, "),
        "ZeroDivisionError",
    ),
    "takes arguments no hook has": (
        GOOD.format(name="x").replace("recbench_models()", "recbench_models(extra)"),
        "extra",
    ),
}


@pytest.mark.parametrize(("text", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_plugin_is_named_with_its_reason_and_harms_nobody(
    tmp_path: Path, text: str, reason: str
) -> None:
    bad = write(tmp_path, "bad", text)
    good = write(tmp_path, "good", GOOD.format(name="good"))
    catalogue = load(bad, good)

    assert "good" in catalogue.models
    assert "x" not in catalogue.models
    [problem] = catalogue.problems
    assert problem.plugin.name == "bad"
    assert reason in str(problem)
    with pytest.raises(PluginError, match="bad"):
        catalogue.require_no_problem()


def test_two_plugins_with_one_model_name(tmp_path: Path) -> None:
    first = write(tmp_path, "first", GOOD.format(name="toy"))
    second = write(tmp_path, "second", GOOD.format(name="toy"))
    catalogue = load(first, second)

    assert catalogue.origin["models", "toy"].name == "first"
    [problem] = catalogue.problems
    assert problem.plugin.name == "second"
    assert "already taken by plugin first" in problem.reason


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    [problem] = load(str(tmp_path / "none.py")).problems

    assert "there is no file" in problem.reason


def test_what_a_plugin_prints_when_imported_does_not_reach_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(write(tmp_path, "loud", "print('noise')\n" + GOOD.format(name="loud")))

    assert capsys.readouterr().out == ""


def test_what_a_hook_prints_does_not_reach_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = """
        from recbench import ModelSpec, hookimpl

        @hookimpl
        def recbench_models():
            print("noise")
            return [ModelSpec(name="loud", factory=dict, tasks=("top-n",))]
        """
    catalogue = load(write(tmp_path, "loud", text))

    assert "loud" in catalogue.models
    assert capsys.readouterr().out == ""


def test_threads_that_load_at_once_find_whole_plugins_and_leave_stdout(
    tmp_path: Path,
) -> None:
    slow = "import time\ntime.sleep(0.05)\n" + GOOD.format(name="toy")
    path = write(tmp_path, "toy", slow)
    before = sys.stdout
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(load, [path] * 4))

    assert [set(catalogue.models) & {"toy"} for catalogue in found] == [{"toy"}] * 4
    assert sys.stdout is before


def test_an_observer_that_raises_is_logged_and_harms_nobody(tmp_path: Path) -> None:
    text = GOOD.format(name="toy") + textwrap.dedent("""
        @hookimpl
        def recbench_event(name, data):
            raise ValueError(name)
        """)
    catalogue = load(write(tmp_path, "toy", text))
    lines: list[str] = []
    catalogue.emit("run-started", {}, lines.append)

    assert lines == ["plugin toy: recbench_event failed: run-started"]


def test_a_factory_string_is_resolved() -> None:
    assert plugins.resolve("collections:OrderedDict").__name__ == "OrderedDict"
    with pytest.raises(PluginError, match=r"package\.module:Name"):
        plugins.resolve("collections")
    with pytest.raises(PluginError, match="has no 'Nothing'"):
        plugins.resolve("collections:Nothing")


def test_a_model_is_made_only_for_a_task_it_offers(tmp_path: Path) -> None:
    spec = load(write(tmp_path, "toy", GOOD.format(name="toy"))).models["toy"]

    assert type(plugins.make(spec, "top-n")).__name__ == "Toy"
    with pytest.raises(UsageError, match="does not offer"):
        plugins.make(spec, "rating")


def test_the_source_hash_follows_the_source(tmp_path: Path) -> None:
    path = write(tmp_path, "toy", GOOD.format(name="toy"))
    [plugin] = plugins.named_plugins(path)
    before = source_hash(plugin)
    write(tmp_path, "toy", GOOD.format(name="toy") + "# changed\n")

    assert source_hash(plugin) != before


HEAVY = ("torch", "numpy", "pandas", "scipy", "sklearn", "surprise", "matplotlib")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["list", "models"], ["list", "suites"], ["run", "--help"]]
)
def test_listing_and_help_import_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; sys.argv[1:] = {!r}\n"
        "from recbench.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as e: assert not e.code, e.code\n"
        "heavy = [m for m in {!r} if m in sys.modules]\n"
        "assert not heavy, heavy\n"
    ).format(arguments, (*HEAVY, "ray", "optuna"))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
