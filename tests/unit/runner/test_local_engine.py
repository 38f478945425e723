"""In which order an engine starts cells: none waits for a server without need."""

import threading
import time
from pathlib import Path

import pytest

from recbench.runner.engines import Job, local
from recbench.runner.engines.local import LocalEngine
from recbench.runner.supervise import Limits, Outcome

PLAIN, NETWORK = (1, False), (1, True)


class Server:
    """Ready when it is told."""

    def __init__(self, *, ready: bool = False) -> None:
        self.is_ready, self.is_alive = ready, True

    def ready(self) -> bool:
        return self.is_ready or not self.is_alive

    def alive(self) -> bool:
        return self.is_alive

    def close(self) -> None:
        self.is_alive = False


class Engine(LocalEngine):
    """Notes what it runs, and runs nothing."""

    def __init__(self, jobs: int, servers: dict) -> None:
        super().__init__(jobs)
        self.launchers, self.started = servers, []

    def _attempt(self, job: Job) -> Outcome:
        self.started.append(job.number)
        return Outcome(status="ok")


@pytest.fixture(autouse=True)
def no_view(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local.Shelf, "put", lambda *_: None)


def job(number: int, kind: tuple[int, bool]) -> Job:
    request = {"view": "", "torch": kind[1]}
    limits = Limits()
    return Job(
        number=number,
        folder=Path(),
        request=request,
        env={},
        limits=limits,
        threads=kind[0],
        device="cpu",
    )


def finished(engine: LocalEngine, count: int) -> list[int]:
    messages = [engine.next(10) for _ in range(count)]
    return [message.number for message in messages if message is not None]


def test_what_can_start_does_not_wait_for_what_cannot() -> None:
    network = Server()
    engine = Engine(1, {PLAIN: Server(ready=True), NETWORK: network})
    kinds = [NETWORK, PLAIN, NETWORK, PLAIN]
    for number, kind in enumerate(kinds):
        engine.submit(job(number, kind))

    assert finished(engine, 2) == [1, 3]
    assert engine.next(0.1) is None
    network.is_ready = True
    assert finished(engine, 2) == [0, 2]
    engine.close()


def test_the_order_is_kept_where_all_can_start() -> None:
    engine = Engine(1, {kind: Server(ready=True) for kind in (PLAIN, NETWORK)})
    for number, kind in enumerate([NETWORK, PLAIN, NETWORK]):
        engine.submit(job(number, kind))

    assert finished(engine, 3) == [0, 1, 2]
    engine.close()


def test_a_server_that_ended_is_left_to_the_attempt() -> None:
    broken = Server()
    broken.is_alive = False
    engine = Engine(1, {NETWORK: broken})
    engine.submit(job(0, NETWORK))

    assert finished(engine, 1) == [0]
    engine.close()


def test_one_that_never_becomes_ready_is_not_waited_for_long(monkeypatch) -> None:
    monkeypatch.setattr(local, "START_SECONDS", 0.05)
    engine = Engine(1, {NETWORK: Server()})
    engine.submit(job(0, NETWORK))

    assert finished(engine, 1) == [0]
    engine.close()


def test_halting_ends_the_wait() -> None:
    engine = Engine(1, {NETWORK: Server()})
    engine.submit(job(0, NETWORK))
    threading.Timer(0.05, engine.halt).start()
    started = time.monotonic()

    message = engine.next(10)

    assert time.monotonic() - started < 5
    assert message.outcome.status == "interrupted"
    assert engine.started == []
    engine.close()
