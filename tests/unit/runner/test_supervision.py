"""The loop that watches a cell, against processes that a test plays itself."""

import json
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recbench.runner import supervise as module
from recbench.runner.launch import LaunchError
from recbench.runner.supervise import Limits, Outcome, supervise


class Played:
    """A child that a function plays in a thread."""

    def __init__(self, play: Callable[["Played"], int], folder: Path) -> None:
        self.pid = self.watcher = 2**22 + 1  # above what the kernel gives
        self.lost, self.folder = False, folder
        self.code: int | None = None
        self.on_end: Callable[[], None] = lambda: None
        self.request = json.loads((folder / "request.json").read_text())
        self.thread = threading.Thread(target=self.run, args=(play,), daemon=True)
        self.thread.start()

    def run(self, play: Callable[["Played"], int]) -> None:
        code = play(self)
        self.code = code
        self.on_end()

    def poll(self) -> int | None:
        return self.code

    def event(self, **data: Any) -> None:
        with (self.folder / "events.jsonl").open("a") as file:
            file.write(json.dumps(data) + "\n")

    def result(self, **data: Any) -> int:
        whole = {"token": self.request["token"], "status": "ok"} | data
        (self.folder / "result.json").write_text(json.dumps(whole))
        return 0


class Stage:
    """A launcher whose children are played."""

    def __init__(self, play: Callable[[Played], int]) -> None:
        self.play = play

    def start(self, folder: Path, log: Path, env: dict[str, str]) -> Played:
        return Played(self.play, folder)

    def alive(self) -> bool:
        return True

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def watch(tmp_path: Path):
    """Return a function that supervises a played child."""
    heard: list[dict[str, Any]] = []
    (tmp_path / "request.json").write_text("{}")

    def run(
        play: Callable[[Played], int],
        *,
        limits: Limits | None = None,
        halt: threading.Event | None = None,
        questions: bytes | None = None,
    ) -> Outcome:
        return supervise(
            Stage(play),
            tmp_path,
            env={},
            limits=limits or Limits(),
            halt=halt or threading.Event(),
            tell=lambda event: heard.append(dict(event)),
            questions=questions,
        )

    run.heard = heard  # type: ignore[attr-defined]
    return run


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The signals that were sent, in place of sending them."""
    sent: list[str] = []
    monkeypatch.setattr(module, "stop", lambda _pid, number: sent.append(number.name))
    monkeypatch.setattr(module, "kill_session", lambda _pid: sent.append("SIGKILL"))
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.1)
    return sent


def test_a_good_end(watch) -> None:
    def play(child: Played) -> int:
        child.event(phase="load")
        child.event(phase="fit")
        child.event(epoch=1, loss=0.5)
        return child.result(seconds={"fit": 1.0})

    outcome = watch(play)

    assert (outcome.status, outcome.phase, outcome.message) == ("ok", "done", "")
    assert outcome.curves == {"loss": [(1.0, 0.5)]}
    assert {"phase": "fit"} in watch.heard
    assert outcome.trouble == ""


def test_the_end_is_noticed_at_once(watch) -> None:
    """A poll alone would take up to a tenth of a second, in every cell."""
    ended: list[float] = []

    def play(child: Played) -> int:
        time.sleep(0.5)
        code = child.result()
        ended.append(time.monotonic())
        return code

    watch(play)

    assert time.monotonic() - ended[0] < module.POLL_SECONDS


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (0, "ended with status 0 and left no result"),
        (3, "ended with status 3 and left no result"),
        (-11, "killed by SIGSEGV while in phase prepare"),
        (-9, "killed by SIGKILL while in phase prepare"),
    ],
)
def test_an_end_without_a_result_is_a_crash(watch, code: int, message: str) -> None:
    outcome = watch(lambda _: code)

    assert (outcome.status, outcome.message) == ("crashed", message)
    assert outcome.trouble == ""


def test_a_kill_by_the_system_for_memory_is_told_apart(
    watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter([7, 8])
    monkeypatch.setattr(module, "kernel_kills", lambda: next(counts))
    outcome = watch(lambda _: -signal.SIGKILL)

    assert outcome.status == "out-of-memory"
    assert "killed by the system for its memory" in outcome.message


def test_a_child_whose_watcher_ended_says_nothing_about_its_model(watch) -> None:
    def play(child: Played) -> int:
        child.lost = True
        return -9

    outcome = watch(play)

    assert outcome.status == "interrupted"
    assert outcome.trouble == "the process that starts cells has ended"


@pytest.mark.parametrize("retry", [True, False])
def test_trouble_that_the_child_claims(watch, retry: bool) -> None:
    outcome = watch(
        lambda child: child.result(status="trouble", message="disk", retry=retry)
    )

    assert outcome.status == "interrupted"
    assert outcome.message == "not the model's fault: disk"
    assert (outcome.trouble, outcome.retry) == ("disk", retry)


def test_a_result_that_could_not_be_written_is_trouble(watch) -> None:
    assert watch(lambda _: module.CANNOT_WRITE).trouble.startswith("its result could")


def wait_for(sent: list[str], name: str) -> Callable[[Played], int]:
    """Return a child that ends when it gets a signal."""

    def play(_child: Played) -> int:
        until = time.monotonic() + 5
        while name not in sent and time.monotonic() < until:
            time.sleep(0.005)
        return -int(signal.Signals[name])

    return play


def test_the_wall_clock(watch, signals: list[str]) -> None:
    outcome = watch(wait_for(signals, "SIGTERM"), limits=Limits(timeout=0.2))

    assert (outcome.status, outcome.message) == ("timeout", "longer than 0.2 s")
    assert signals == ["SIGTERM"]


def test_a_child_that_ignores_the_signal_is_killed(watch, signals: list[str]) -> None:
    outcome = watch(wait_for(signals, "SIGKILL"), limits=Limits(timeout=0.2))

    assert outcome.status == "timeout"
    assert signals[0] == "SIGTERM"
    assert "SIGKILL" in signals


def test_a_child_that_cannot_be_killed_is_given_up(
    watch, signals: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GIVE_UP_SECONDS", 0.2)
    release = threading.Event()

    def play(_child: Played) -> int:
        release.wait(10)
        return 0

    outcome = watch(play, limits=Limits(timeout=0.1))
    release.set()

    assert outcome.status == "timeout"


def test_memory(watch, signals: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "exceeds", lambda _pid, _limit: 3 * 2**30)
    outcome = watch(wait_for(signals, "SIGTERM"), limits=Limits(memory=2**30))

    assert outcome.status == "out-of-memory"
    assert outcome.message == "used 3,072 MiB, allowed are 1,024"


def test_no_progress_counts_from_the_last_news(watch, signals: list[str]) -> None:
    def play(child: Played) -> int:
        for epoch in range(4):
            time.sleep(0.15)
            child.event(epoch=epoch, loss=1.0)
        return wait_for(signals, "SIGTERM")(child)

    outcome = watch(play, limits=Limits(idle=0.4))

    assert outcome.message == "no progress for 0.4 s"
    assert outcome.seconds > 0.9


def test_output_is_news_too(watch, signals: list[str]) -> None:
    def play(child: Played) -> int:
        for _ in range(4):
            time.sleep(0.15)
            with (child.folder / "log.txt").open("a") as log:
                log.write("still here\n")
        return child.result()

    assert watch(play, limits=Limits(idle=0.4)).status == "ok"


def test_a_halt_interrupts(watch, signals: list[str]) -> None:
    halt = threading.Event()
    threading.Timer(0.2, halt.set).start()
    outcome = watch(wait_for(signals, "SIGTERM"), halt=halt)

    assert (outcome.status, outcome.message) == (
        "interrupted",
        "stopped before it was done",
    )


def test_what_was_finished_when_the_halt_came_is_kept(
    watch, signals: list[str]
) -> None:
    halt = threading.Event()

    def play(child: Played) -> int:
        halt.set()
        time.sleep(0.3)
        return child.result()

    assert watch(play, halt=halt).status == "ok"


def test_questions_come_when_the_model_is_fitted_and_not_before(watch) -> None:
    seen: list[bool] = []

    def play(child: Played) -> int:
        path = child.folder / "questions.npz"
        child.event(phase="fit")
        time.sleep(0.3)
        seen.append(path.exists())
        child.event(phase="score")
        until = time.monotonic() + 5
        while not path.exists() and time.monotonic() < until:
            time.sleep(0.005)
        seen.append(path.read_bytes() == b"ask")
        return child.result()

    assert watch(play, questions=b"ask").status == "ok"
    assert seen == [False, True]


def test_a_process_that_cannot_be_started_raises(tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text("{}")

    class Broken(Stage):
        def start(self, folder: Path, log: Path, env: dict[str, str]) -> Played:
            msg = "no more processes"
            raise LaunchError(msg)

    with pytest.raises(LaunchError, match="no more processes"):
        supervise(
            Broken(lambda _: 0),
            tmp_path,
            env={},
            limits=Limits(),
            halt=threading.Event(),
            tell=lambda _: None,
        )
