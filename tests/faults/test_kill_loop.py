"""A run killed at random moments, again and again, loses and tears nothing."""

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_bench import NEIGHBOUR

from recbench.results.store import Store

SUITE = "tiny/top-n"
MODELS = ["most-popular", "raises", "exits-three"]
MODELS += [f"neighbour[number={i},pause=0.05]" for i in range(1, 4)]
FAULTY = str(Path(NEIGHBOUR).parent / "faulty_models")
DONE = re.compile(r"^\[\d+/\d+\] tiny/top-n (\S+) seed 0: (\S+?)[,:]", re.MULTILINE)
QUALITY = ("rank", "model", "params", "status", "metrics", "seeds", "device")


class Zygote:
    """Runs commands, and kills them."""

    def __init__(self, csv: Path) -> None:
        self.csv = csv
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).parent / "zygote.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.answer() == "ready"

    def answer(self) -> object:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def command(self, words: list[str], log: Path, *, kill: float | None) -> int:
        """Run a command, killed after some seconds; return its exit status."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([words, str(log)]) + "\n")
        self.process.stdin.flush()
        pid = self.answer()
        assert isinstance(pid, int)
        timer = threading.Timer(kill or 0, kill_now, [pid])
        if kill is not None:
            timer.start()
        code = self.answer()
        timer.cancel()
        assert isinstance(code, int)
        return code

    def run(self, out: Path, log: Path, *, kill: float | None = None) -> int:
        """Run all models."""
        words = ["run", SUITE, "-d", str(self.csv), "--out", str(out), "--jobs", "2"]
        for model in MODELS:
            words += ["-m", model]
        return self.command([*words, "-p", FAULTY, "-p", NEIGHBOUR], log, kill=kill)

    def board(self, out: Path, log: Path) -> bytes:
        """Return the quality board: all that is no time, memory or machine."""
        words = ["leaderboard", "show", SUITE, "--out", str(out), "--format", "json"]
        log.unlink(missing_ok=True)
        assert self.command(words, log, kill=None) == 0, log.read_text()
        rows = json.loads(log.read_text())
        kept = [{key: row[key] for key in QUALITY} for row in rows]
        blobs = {r.label: r.blobs for r in Store(out).records(SUITE)}
        return json.dumps([kept, blobs], indent=1, sort_keys=True).encode()

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def kill_now(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def zygote(tiny_csv: Path) -> Iterator[Zygote]:
    started = Zygote(tiny_csv)
    yield started
    started.close()


@pytest.mark.parametrize(
    "kills", [pytest.param(10, id="10"), pytest.param(200, marks=pytest.mark.slow)]
)
@pytest.mark.timeout(900)
def test_killed_runs_lose_nothing_and_end_with_the_same_board(
    zygote: Zygote, tmp_path: Path, kills: int
) -> None:
    rng = random.Random(kills)
    log = tmp_path / "log"
    assert zygote.run(tmp_path / "whole", log) == 1  # two models fail
    expected = zygote.board(tmp_path / "whole", tmp_path / "board")
    span = 3.0 if kills > 10 else 1.5
    done = stores = 0
    while done < kills:
        stores += 1
        out = tmp_path / f"store-{stores}"
        log = tmp_path / f"log-{stores}"
        while (code := zygote.run(out, log, kill=rng.uniform(0.0, span))) == -9:
            done += 1
            nothing_is_lost(out, log)
            if done >= kills:
                code = zygote.run(out, log)
                break
        assert code == 1, log.read_text()
        nothing_is_lost(out, log)
        assert zygote.board(out, tmp_path / "board") == expected

    assert {r.label: r.status for r in Store(out).records(SUITE)}["raises"] == "failed"
    assert stores >= 1


def nothing_is_lost(out: Path, log: Path) -> None:
    """Check that all that was told is stored, and all that is stored is whole."""
    store = Store(out)
    held = {r.label: r.status for r in store.records(SUITE)}
    for label, status in DONE.findall(log.read_text()):
        assert held.get(label) == status.lower().rstrip(","), (label, status, held)
    assert store.damaged(SUITE) == []
    assert set(held.values()) <= {"ok", "failed", "crashed"}
    for record in store.attempts(SUITE):
        for blob in record.blobs:
            store.arrays(record, blob)


def test_a_write_in_place_is_torn_by_a_kill(tmp_path: Path) -> None:
    """The protection taken away: what the temporary file and the rename are for."""
    code = (
        "import sys\n"
        "path, data = sys.argv[1], b'x' * 50_000_000\n"
        "print('go', flush=True)\n"
        "while True:\n"
        "    open(path, 'wb').write(data)\n"
    )
    torn = 0
    for number in range(10):
        path = tmp_path / str(number)
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        threading.Event().wait(0.05 + 0.013 * number)
        process.kill()
        process.wait()
        process.stdout.close()
        torn += path.exists() and path.stat().st_size < 50_000_000
        path.unlink(missing_ok=True)

    assert torn > 0
