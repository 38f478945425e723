"""``recbench check``: one line a check, and no plugin can bring it down."""

import json
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from recbench.errors import UsageError
from recbench.testing.isolation import examine

MODELS = Path(__file__).parents[1] / "testing" / "models"
SOUND = """
    import ctypes, os, sys, time
    import numpy as np
    from recbench import ModelSpec, hookimpl

    class Model:
        def fit(self, train, context):
            self.counts = np.bincount(train.items, minlength=train.n_items)
        def score(self, users):
            row = self.counts.astype(np.float32)
            return np.broadcast_to(row, (len(users), len(row)))

    @hookimpl
    def recbench_models():
        yield ModelSpec(name="popular", factory=Model, tasks=("top-n",), baseline=True)
"""


def recbench(*args: str) -> "subprocess.CompletedProcess[str]":
    code = "from recbench.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, check=False
    )


def written(folder: Path, more: str = "", name: str = "popular.py") -> str:
    file = folder / name
    file.write_text(textwrap.dedent(SOUND) + textwrap.dedent(more), encoding="utf-8")
    return str(file)


def dying(folder: Path, how: str, when: str = "len(users) == 1") -> str:
    """Write a model that does something drastic when users are asked one by one."""
    return written(
        folder,
        f"""
        class Dying(Model):
            def score(self, users):
                if {when}:
                    {how}
                return super().score(users)

        Model = Dying
        """,
    )


def test_a_sound_file_has_one_line_a_check_and_exit_code_0(tmp_path) -> None:
    done = recbench("check", written(tmp_path))

    assert done.returncode == 0, done.stderr
    assert "loads                        ok       offers models popular" in done.stdout
    assert "  top-n/deterministic          ok\n" in done.stdout
    assert "checks passed" in done.stdout
    assert done.stderr == ""


def test_a_broken_model_exits_with_3_and_says_what_to_do(tmp_path) -> None:
    more = "Model.score = lambda self, users: np.zeros((1, 1), dtype=np.float32)"

    done = recbench("check", written(tmp_path, more))

    assert done.returncode == 3
    assert "top-n/shape-and-dtype        FAILED   score(users) returns" in done.stdout
    assert "checks failed: top-n/shape-and-dtype" in done.stderr


def test_json_is_one_array_whose_entries_have_a_name(tmp_path) -> None:
    done = recbench("check", written(tmp_path), "--format", "json")

    entries = json.loads(done.stdout)
    assert entries[0]["name"] == "loads"
    assert {entry["status"] for entry in entries} <= {"ok", "failed", "skipped"}
    assert entries[-1]["model"] == "popular"


def test_advice_counts_only_when_strict(tmp_path) -> None:
    target = written(tmp_path)  # has no summary

    assert recbench("check", target).returncode == 0
    strict = recbench("check", target, "--strict")
    assert strict.returncode == 3
    assert "described                    FAILED" in strict.stdout


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        pytest.param("os._exit(0)", "ended itself with exit code 0", id="exits with 0"),
        pytest.param("ctypes.string_at(0)", "killed by SIGSEGV", id="segfault"),
        pytest.param("sys.exit('enough')", "SystemExit: enough", id="sys.exit"),
        pytest.param("raise KeyboardInterrupt", "KeyboardInterrupt", id="interrupt"),
        pytest.param(
            "1 / 0", "ZeroDivisionError: division by zero (popular", id="raise"
        ),
    ],
)
def test_a_model_that_dies_fails_its_check_and_no_other(tmp_path, how, reason) -> None:
    outcomes = {o.check: o for o in examine(dying(tmp_path, how))}

    assert outcomes["top-n/batch-size"].status == "failed"
    assert reason in outcomes["top-n/batch-size"].message
    assert outcomes["top-n/beats-luck"].status == "ok"
    assert [c for c, o in outcomes.items() if o.status == "failed"] in (
        ["top-n/batch-size"],
        ["described", "top-n/batch-size"],
    )


def test_an_endless_loop_costs_the_timeout_and_no_more(tmp_path) -> None:
    target = dying(tmp_path, "time.sleep(1000)")
    started = time.monotonic()

    outcomes = {o.check: o for o in examine(target, timeout=6)}

    assert "still running after 6 s" in outcomes["top-n/batch-size"].message
    assert outcomes["top-n/beats-luck"].status == "ok"
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(
            "raise ValueError('oh')", "ValueError: oh (popular.py", id="raise"
        ),
        pytest.param("os._exit(7)", "exit code 7", id="dies"),
        pytest.param("sys.exit(1)", "SystemExit", id="sys.exit"),
        pytest.param("import nonexistent_module", "nonexistent_module", id="missing"),
        pytest.param(
            "recbench_modles = hookimpl(lambda: [])", "did you mean", id="misspelt hook"
        ),
        pytest.param("recbench_api = 99", "API 99", id="wrong API number"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_says_why(tmp_path, line, reason) -> None:
    outcomes = list(examine(written(tmp_path, line)))

    assert [(o.check, o.status) for o in outcomes] == [("loads", "failed")]
    assert reason in outcomes[0].message


def test_what_a_model_prints_does_not_garble_the_answers(tmp_path) -> None:
    target = dying(tmp_path, "print('{'); os.write(1, b'noise\\n')")

    done = recbench("check", target, "--format", "json")

    assert json.loads(done.stdout)
    assert done.returncode == 0


def test_a_name_that_an_installed_plugin_has_is_reported(tmp_path) -> None:
    target = written(tmp_path)
    text = Path(target).read_text().replace('"popular"', '"most-popular"')
    Path(target).write_text(text)

    first = next(examine(target))

    assert first.status == "failed"
    assert (
        "'most-popular' is already taken by plugin recbench-baselines" in first.message
    )


@pytest.mark.parametrize(
    ("args", "text"),
    [
        pytest.param(["most-populer"], "did you mean most-popular", id="near name"),
        pytest.param(["missing.py"], "no file or folder missing.py", id="no file"),
        pytest.param(["bias[dampling=3]"], "parameter of bias", id="bad parameter"),
        pytest.param(["bias[damping"], "closing ']'", id="bad brackets"),
        pytest.param(["bias", "--timeout", "never"], "90s, 30m", id="bad timeout"),
    ],
)
def test_a_users_mistake_exits_with_2(args, text) -> None:
    done = recbench("check", *args)

    assert done.returncode == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_is_found_by_name_among_extra_plugins(tmp_path) -> None:
    done = recbench("check", "popular", "-p", written(tmp_path))

    assert done.returncode == 0, done.stderr


def test_parameters_of_the_command_line_reach_the_model() -> None:
    good = str(MODELS / "good_models.py")

    quick = {
        o.check: o for o in examine("factors", params={"epochs": 1}, plugins=[good])
    }

    assert "reports 1 epochs" in quick["top-n/stops-in-time"].message
    assert quick["top-n/beats-luck"].status == "failed"


def test_an_unknown_path_is_refused_before_a_process_starts() -> None:
    with pytest.raises(UsageError, match="existing path"):
        list(examine("nowhere/at/all.py"))
