"""``recbench check``: one line a check, and no plugin can bring it down."""

import json
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from recbench.errors import UsageError
from recbench.testing.isolation import examine

MODELS = Path(__file__).parents[1] / "testing" / "models"
FEW = ("top-n/batch-size", "top-n/beats-luck")
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

    few = ("--only", "described", "--only", "finite")
    assert recbench("check", target, *few).returncode == 0
    strict = recbench("check", target, *few, "--strict")
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
    outcomes = {o.check: o for o in examine(dying(tmp_path, how), only=FEW)}

    assert outcomes["top-n/batch-size"].status == "failed"
    assert reason in outcomes["top-n/batch-size"].message
    assert outcomes["top-n/beats-luck"].status == "ok"
    assert len(outcomes) == 1 + len(FEW)


def test_an_endless_loop_costs_the_timeout_and_no_more(tmp_path) -> None:
    target = dying(tmp_path, "time.sleep(1000)")
    started = time.monotonic()

    outcomes = {o.check: o for o in examine(target, only=FEW, timeout=5)}

    assert "still running after 5 s" in outcomes["top-n/batch-size"].message
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
        pytest.param("time.sleep(1000)", "still running after 5 s", id="never ends"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_says_why(tmp_path, line, reason) -> None:
    outcomes = list(examine(written(tmp_path, line), timeout=5))

    assert [(o.check, o.status) for o in outcomes] == [("loads", "failed")]
    assert reason in outcomes[0].message


def test_what_a_model_prints_does_not_garble_the_answers(tmp_path) -> None:
    target = dying(tmp_path, "print('{'); os.write(1, b'noise\\n')")

    done = recbench("check", target, "--format", "json", "--only", "batch-size")

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
        pytest.param(["bias", "--only", "finte"], "did you mean", id="no such check"),
        pytest.param(["bias", "--timeout", "never"], "90s, 30m", id="bad timeout"),
    ],
)
def test_a_users_mistake_exits_with_2(args, text) -> None:
    done = recbench("check", *args)

    assert done.returncode == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_is_found_by_name_among_extra_plugins(tmp_path) -> None:
    done = recbench("check", "popular", "-p", written(tmp_path), "--only", "finite")

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


def test_a_package_folder_is_checked_like_a_file(tmp_path) -> None:
    package = tmp_path / "popular_package"
    package.mkdir()
    written(package, name="__init__.py")

    outcomes = list(examine(str(package)))

    assert {o.status for o in outcomes if o.required} == {"ok", "skipped"}
    assert len(outcomes) > 15


def test_a_plugin_without_models_loads_and_that_is_all(tmp_path) -> None:
    file = tmp_path / "metrics_only.py"
    file.write_text(
        "from recbench import MetricSpec, hookimpl\n\n\n"
        "@hookimpl\ndef recbench_metrics():\n"
        "    yield MetricSpec(name='odd', compute='odd:odd', kind='ranking')\n"
    )

    (only,) = examine(str(file))

    assert (only.check, only.status) == ("loads", "ok")
    assert only.message == "offers metrics odd"


def test_a_model_whose_libraries_are_missing_is_skipped(tmp_path) -> None:
    target = written(tmp_path)
    text = Path(target).read_text()
    Path(target).write_text(
        text.replace("baseline=True", "baseline=True, requires=('no_such_library',)")
    )

    outcomes = {o.check: o for o in examine(target, only=["finite"])}

    assert outcomes["top-n/finite"].status == "skipped"
    assert "no_such_library, which is not installed" in outcomes["top-n/finite"].message


def test_what_a_model_started_ends_with_the_check(tmp_path) -> None:
    note = tmp_path / "pid"
    start = "subprocess.Popen(['sleep', '1000']).pid"
    target = dying(
        tmp_path, f"import subprocess; open({str(note)!r}, 'w').write(str({start}))"
    )

    list(examine(target, only=FEW))

    deadline = time.monotonic() + 10
    while alive(int(note.read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(int(note.read_text()))


def alive(pid: int) -> bool:
    """Return whether a process runs; one that waits to be reaped does not."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False


def test_ctrl_c_ends_the_command_and_the_model(tmp_path) -> None:
    note = tmp_path / "pid"
    how = f"open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(1000)"
    code = "from recbench.cli.main import main; main()"
    command = subprocess.Popen(
        [sys.executable, "-c", code, "check", dying(tmp_path, how), "--only", FEW[0]],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)

    command.send_signal(signal.SIGINT)
    _, complaint = command.communicate(timeout=30)

    assert command.returncode == 130
    assert "interrupted" in complaint
    assert not alive(int(note.read_text()))
