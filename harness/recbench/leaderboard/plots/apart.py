"""Pictures drawn in processes of their own, one on each core.

A board's pictures take seconds, which everybody waits for at the end of a run.
"""

import contextlib
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import IO, cast

from recbench import hardware
from recbench.leaderboard import plots
from recbench.leaderboard.board import Board

FEW = 4  # pictures that are drawn before another process has started
SLOW = ("curves", "ratings", "metrics")  # first, so that no core waits for them
Job = tuple[Board, str]


class Artist:
    """A process that draws one picture after another."""

    def __init__(self) -> None:
        """Start the process; it gets ready while the caller goes on."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # whoever draws in its stead tells what is wrong
        )

    def draw(self, job: Job) -> bytes:
        """Return a picture; draw it here where the process cannot."""
        try:
            pickle.dump(job, cast("IO[bytes]", self.process.stdin))
            cast("IO[bytes]", self.process.stdin).flush()
            return cast("bytes", pickle.load(cast("IO[bytes]", self.process.stdout)))  # noqa: S301 - our own process wrote it
        except (OSError, EOFError, pickle.PickleError):
            return plots.file(*job)

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            cast("IO[bytes]", self.process.stdin).close()
        self.process.kill()  # it has nothing left to do
        self.process.wait()
        cast("IO[bytes]", self.process.stdout).close()


def files(jobs: Sequence[Job]) -> list[bytes]:
    """Return the pictures as SVG, each as ``plots.file`` returns it."""
    n = min(hardware.cores(), len(jobs))
    if n < 2 or len(jobs) < FEW:
        return [plots.file(*job) for job in jobs]
    idle: SimpleQueue[Artist] = SimpleQueue()

    def drawn(number: int) -> bytes:
        artist = idle.get()
        try:
            return artist.draw(jobs[number])
        finally:
            idle.put(artist)

    turns = sorted(range(len(jobs)), key=lambda i: jobs[i][1] not in SLOW)
    with contextlib.ExitStack() as stack:
        for _ in range(n):
            artist = Artist()
            stack.callback(artist.close)
            idle.put(artist)
        pool = ThreadPoolExecutor(n)
        stack.callback(pool.shutdown, cancel_futures=True)  # at Ctrl-C too
        found = dict(zip(turns, pool.map(drawn, turns), strict=True))
    return [found[number] for number in range(len(jobs))]


def main() -> None:
    """Draw what is asked for on stdin until it ends."""
    answers = sys.stdout.buffer
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            picture = plots.file(*pickle.load(sys.stdin.buffer))  # noqa: S301 - from the process that started us
            pickle.dump(picture, answers)
            answers.flush()


if __name__ == "__main__":
    main()
