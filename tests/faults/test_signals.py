"""Ctrl-C, SIGTERM and closed pipes, on the real command in a real terminal."""

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_bench import FAULTY, NEIGHBOUR

from recbench.results.store import Store

ENTRY = "from recbench.cli.main import main; main()"
SECONDS = 60.0


def arguments(tiny_csv: Path, out: Path, *models: str) -> list[str]:
    """Return the words of a run of some models, one cell at a time."""
    words = [sys.executable, "-c", ENTRY, "run", "tiny/top-n", "-d", str(tiny_csv)]
    for model in models:
        words += ["-m", model]
    words += ["-p", FAULTY, "-p", NEIGHBOUR, "--out", str(out), "--jobs", "1"]
    return words


class Terminal:
    """A command that believes it runs in a terminal."""

    def __init__(self, words: list[str]) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            words,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: claim(slave),  # noqa: PLW1509 - one system call
            env={**os.environ, "TERM": "dumb", "COLUMNS": "200"},
        )
        os.close(slave)
        self.text = ""

    def read_until(self, wanted: str) -> None:
        """Read what is shown until some text appears."""
        until = time.monotonic() + SECONDS
        while wanted not in self.text:
            assert time.monotonic() < until, self.text
            if not self.read() and self.process.poll() is not None:
                pytest.fail(f"it ended before it showed {wanted!r}: {self.text}")

    def read(self) -> bool:
        """Read a piece of what is shown; return whether there was any."""
        if not select.select([self.master], [], [], 0.05)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the other end is closed
            return False
        self.text += data.decode(errors="replace")
        return bool(data)

    def press_interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self.master, b"\x03")

    def end(self) -> int:
        """Read the rest and return the exit status."""
        until = time.monotonic() + SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < until, self.text
            self.read()
        while self.read():
            pass
        return self.process.returncode


def claim(slave: int) -> None:
    """Make a terminal the controlling one, so that Ctrl-C reaches this process."""
    import fcntl
    import termios

    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminal() -> Iterator:
    opened: list[Terminal] = []

    def open_one(words: list[str]) -> Terminal:
        opened.append(Terminal(words))
        return opened[-1]

    yield open_one
    for one in opened:
        with contextlib.suppress(OSError):
            os.killpg(one.process.pid, signal.SIGKILL)
        one.process.wait()
        os.close(one.master)


def statuses(out: Path) -> dict[str, str]:
    return {r.label: r.status for r in Store(out).records("tiny/top-n")}


MODELS = ("neighbour", "hangs", "constant-scores")


def test_one_interrupt_stops_politely_and_says_how_to_resume(
    terminal, tiny_csv: Path, tmp_path: Path
) -> None:
    shown = terminal(arguments(tiny_csv, tmp_path, *MODELS))
    shown.read_until("neighbour seed 0: ok")
    time.sleep(0.5)
    shown.press_interrupt()

    assert shown.end() == 130
    assert "once more to stop at once" in shown.text
    assert "this resumes where it stopped" in shown.text
    assert f"--out {tmp_path}" in shown.text.replace("\r\n", "")
    assert statuses(tmp_path) == {
        "neighbour": "ok",
        "hangs": "interrupted",
        "constant-scores": "interrupted",
    }


@pytest.mark.slow
def test_two_interrupts_stop_at_once_and_keep_what_is_finished(
    terminal, tiny_csv: Path, tmp_path: Path
) -> None:
    models = ("neighbour", "ignores-the-signal", "constant-scores")
    shown = terminal(arguments(tiny_csv, tmp_path, *models))
    shown.read_until("neighbour seed 0: ok")
    time.sleep(1.0)
    shown.press_interrupt()
    shown.read_until("once more to stop at once")
    shown.press_interrupt()

    assert shown.end() == 130
    assert "this resumes where it stopped" in shown.text
    # one would have waited for the hanging cell and written that it was interrupted
    assert statuses(tmp_path) == {"neighbour": "ok"}


@pytest.mark.slow
def test_an_interrupt_while_data_is_loaded_ends_it(
    terminal, tiny_csv: Path, tmp_path: Path
) -> None:
    shown = terminal(arguments(tiny_csv, tmp_path, *MODELS))
    shown.read_until("loading")
    shown.press_interrupt()

    assert shown.end() == 130
    assert "Traceback" not in shown.text


@pytest.mark.slow
def test_what_was_interrupted_is_resumed_by_the_same_command(
    terminal, tiny_csv: Path, tmp_path: Path
) -> None:
    models = ("neighbour[pause=3.0]", "constant-scores")
    shown = terminal(arguments(tiny_csv, tmp_path, *models))
    shown.read_until("cell")
    time.sleep(4)
    shown.press_interrupt()
    assert shown.end() == 130
    again = terminal(arguments(tiny_csv, tmp_path, *models))

    assert again.end() == 0
    assert set(statuses(tmp_path).values()) == {"ok"}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_polite_signal_is_like_one_interrupt(
    tiny_csv: Path, tmp_path: Path, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        arguments(tiny_csv, tmp_path, *MODELS), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "neighbour seed 0: ok" in line:
            break
    process.send_signal(number)
    rest = process.stderr.read()

    assert process.wait() == 130
    assert "this resumes where it stopped" in rest
    assert statuses(tmp_path)["neighbour"] == "ok"
    process.stderr.close()


@pytest.mark.slow
def test_an_ignored_hang_up_stays_ignored(tiny_csv: Path, tmp_path: Path) -> None:
    """As under ``nohup``."""
    words = arguments(tiny_csv, tmp_path, "neighbour[pause=2.0]")
    process = subprocess.Popen(
        words,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),  # noqa: PLW1509 - one system call
    )
    time.sleep(3)
    process.send_signal(signal.SIGHUP)

    assert process.wait() == 0


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["stderr", "stdout"])
def test_a_closed_pipe_loses_nothing(
    tiny_csv: Path, tmp_path: Path, closed: str
) -> None:
    """As under ``2>&1 | head -1``."""
    models = ("neighbour", "constant-scores", "scores-strided")
    other = "stdout" if closed == "stderr" else "stderr"
    process = subprocess.Popen(
        arguments(tiny_csv, tmp_path, *models),
        **{closed: subprocess.PIPE, other: subprocess.DEVNULL},
    )
    pipe = process.stderr if closed == "stderr" else process.stdout
    assert pipe is not None
    if closed == "stderr":
        pipe.readline()
    pipe.close()

    assert process.wait() == 0
    assert set(statuses(tmp_path).values()) == {"ok"}
    assert len(statuses(tmp_path)) == 3
