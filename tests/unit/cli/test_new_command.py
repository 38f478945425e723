"""``recbench new model``: what it writes works at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from recbench.errors import UsageError
from recbench.scaffold import new_model
from recbench.testing.isolation import examine


def recbench(*args: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    code = "from recbench.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )


@pytest.mark.parametrize("task", ["top-n", "rating"])
@pytest.mark.parametrize("package", [False, True], ids=["file", "package"])
def test_the_new_model_passes_every_check(tmp_path, task, package) -> None:
    target = new_model("my-model", folder=tmp_path, task=task, package=package)

    outcomes = list(examine(str(target)))

    failed = [o for o in outcomes if o.status == "failed" and o.required]
    assert failed == []
    assert sum(o.status == "ok" for o in outcomes) >= 15


@pytest.mark.parametrize("task", ["top-n", "rating"])
def test_the_single_file_is_short(tmp_path, task) -> None:
    text = new_model("my-model", folder=tmp_path, task=task).read_text()

    code = [line for line in text.splitlines() if line.strip()]
    assert len(code) <= 25


def test_the_next_commands_are_printed_and_the_first_one_works(tmp_path) -> None:
    done = recbench("new", "model", "my-model", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    first, second = [line.strip() for line in done.stdout.splitlines()[-2:]]
    assert second == "recbench run ml-100k/top-n -p my_model.py -m my-model"
    command, *args = first.split()
    assert command == "recbench"
    assert recbench(*args, cwd=tmp_path).returncode == 0


def test_nothing_is_overwritten(tmp_path) -> None:
    target = new_model("my-model", folder=tmp_path)
    target.write_text("mine")

    with pytest.raises(UsageError, match="not overwritten"):
        new_model("my-model", folder=tmp_path)

    assert target.read_text() == "mine"
    (tmp_path / "other").mkdir()
    with pytest.raises(UsageError, match="not overwritten"):
        new_model("other", folder=tmp_path, package=True)


@pytest.mark.parametrize(
    ("name", "package", "text"),
    [
        pytest.param("My_Model", False, "lower-case letters", id="capitals"),
        pytest.param("a b", False, "lower-case letters", id="space"),
        pytest.param("../up", False, "lower-case letters", id="path"),
        pytest.param("", False, "lower-case letters", id="empty"),
        pytest.param("2-towers", False, "digit first", id="digit"),
        pytest.param("class", False, "Python's own word", id="keyword"),
        pytest.param("most-popular", False, "taken by plugin", id="taken"),
        pytest.param("numpy", True, "already installed", id="module taken"),
    ],
)
def test_a_name_that_cannot_be_used_is_explained(tmp_path, name, package, text) -> None:
    with pytest.raises(UsageError, match=text):
        new_model(name, folder=tmp_path, package=package)

    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_a_usage_error(tmp_path) -> None:
    done = recbench("new", "model", "m", "--path", "nowhere", cwd=tmp_path)

    assert done.returncode == 2
    assert "no folder nowhere" in done.stderr


def test_a_failure_while_writing_leaves_nothing(tmp_path, monkeypatch) -> None:
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)

    with pytest.raises(UsageError, match="No space left"):
        new_model("my-model", folder=tmp_path, package=True)

    assert list(tmp_path.iterdir()) == []
