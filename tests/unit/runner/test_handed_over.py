"""What a child leaves is read as if it meant harm."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from recbench.runner import handed


def left(folder: Path, data: object, token: str = "t") -> dict[str, Any]:
    text = data if isinstance(data, str) else json.dumps(data)
    (folder / "result.json").write_text(text)
    return handed.result(folder, token)


def test_a_result_is_what_the_harness_in_the_child_wrote(tmp_path: Path) -> None:
    found = left(
        tmp_path,
        {
            "status": "ok",
            "token": "t",
            "seconds": {"fit": 1.5, "score": 0.5},
            "n_parameters": 10,
            "peak_mib": 100.5,
            "base_mib": 90.0,
        },
    )

    assert found["status"] == "ok"
    assert found["seconds"] == {"fit": 1.5, "score": 0.5}
    assert (found["n_parameters"], found["peak_mib"]) == (10, 100.5)
    assert found["message"] == ""


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"status": "ok"}, id="no token"),
        pytest.param({"status": "ok", "token": "u"}, id="a token of its own"),
        pytest.param({"status": "great", "token": "t"}, id="an unknown status"),
        pytest.param({"status": "timeout", "token": "t"}, id="a status of the parent"),
        pytest.param({"status": ["ok"], "token": "t"}, id="a status that is a list"),
        pytest.param([], id="a list"),
        pytest.param("{", id="half of one"),
        pytest.param("[" * 100_000, id="very deep"),
        pytest.param('{"status": "ok", "token": "t", "x": "' + "x" * 2**20, id="huge"),
        pytest.param('{"n": ' + "9" * 10_000 + "}", id="a huge number"),
    ],
)
def test_anything_else_is_no_result(tmp_path: Path, data: object) -> None:
    assert left(tmp_path, data) == {}


@pytest.mark.parametrize(
    "value",
    [1e400, -1, True, "1", None, [], {}, 10**30, float("nan")],
    ids=str,
)
def test_numbers_that_are_none_are_left_out(tmp_path: Path, value: object) -> None:
    names = ("n_parameters", "peak_mib", "base_mib")
    found = left(
        tmp_path,
        {"status": "ok", "token": "t", "seconds": value} | dict.fromkeys(names, value),
    )

    assert found["seconds"] == {}
    assert found["n_parameters"] is None
    assert found["peak_mib"] in (None, -1.0)


def test_a_pipe_instead_of_a_result_does_not_stop_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "result.json")

    assert handed.result(tmp_path, "t") == {}


def test_a_link_instead_of_a_result_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text('{"status": "ok", "token": "t"}')
    (tmp_path / "result.json").symlink_to(tmp_path / "other")

    assert handed.result(tmp_path, "t") == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain", "plain", id="plain"),
        pytest.param("\x1b[31mred\x1b[0m", "red", id="colours"),
        pytest.param("\x1b]0;title\x07text", "text", id="a window title"),
        pytest.param("a\r\nb\rc", "a\nb\nc", id="line ends"),
        pytest.param("a\x00b\x07c", "abc", id="control characters"),
        pytest.param("\u202eabc", "abc", id="text that runs backwards"),
        pytest.param("\ud800", "\\ud800", id="half a character"),
        pytest.param("grün 中文", "grün 中文", id="other scripts"),
    ],
)
def test_text_is_cleaned(text: str, expected: str) -> None:
    assert handed.clean(text, 100) == expected


def test_long_text_keeps_the_end_that_matters() -> None:
    text = "start" + "x" * 1000 + "end"

    assert handed.clean(text, 20) == "start" + "x" * 12 + "..."
    assert handed.clean(text, 20, end=True) == "..." + "x" * 14 + "end"


def test_a_tail_is_the_last_lines() -> None:
    log = "\n".join(f"line {i}" for i in range(1000)).encode()

    assert handed.tail(log).splitlines()[-1] == "line 999"
    assert len(handed.tail(log).splitlines()) == handed.LOG_LINES
