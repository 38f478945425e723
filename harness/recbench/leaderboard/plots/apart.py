"""Pictures drawn in processes of their own, one on each core.

A board's pictures take seconds, which everybody waits for at the end of a run. A
studio is a process that loads Matplotlib while other work goes on, and forks for each
core when there is something to draw.
"""

import contextlib
import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, cast

from recbench import hardware
from recbench.leaderboard import plots
from recbench.leaderboard.board import Board

FEW = 4  # pictures that are drawn before another process has started
SLOW = ("curves", "ratings", "metrics")  # first, so that no core waits for them
Job = tuple[Board, str]


class Studio:
    """Draws pictures on all cores; has to be closed (``contextlib.closing``)."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self.process: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Start the process, if one would help; it gets ready while others go on."""
        if self.process is None and hardware.cores() > 1:
            self.process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # who draws in its stead tells
                env=os.environ | hardware.thread_limits(1),
                start_new_session=True,  # Ctrl-C stops the cells, not the pages
            )

    def files(self, jobs: Sequence[Job]) -> list[bytes]:
        """Return the pictures as SVG, each as ``plots.file`` returns it."""
        if self.process is None and len(jobs) >= FEW:
            self.open()
        if self.process is not None and jobs:
            try:
                pickle.dump(list(jobs), cast("IO[bytes]", self.process.stdin))
                cast("IO[bytes]", self.process.stdin).flush()
                return list(pickle.load(cast("IO[bytes]", self.process.stdout)))  # noqa: S301 - our own process wrote it
            except (OSError, EOFError, pickle.PickleError):
                self.close()
        return [plots.file(*job) for job in jobs]

    def close(self) -> None:
        """End the process and those that it forked."""
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)  # it has nothing left to do
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                cast("IO[bytes]", pipe).close()


def main() -> None:
    """Get ready, then draw what is asked for on stdin until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    plots.load()
    gc.freeze()  # so that the collector of a fork does not touch, and copy, these pages
    # a fork of this process, which has no threads, finds Matplotlib loaded
    start = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    with contextlib.suppress(EOFError):
        while True:
            jobs: list[Job] = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started us
            turns = sorted(range(len(jobs)), key=lambda i: jobs[i][1] not in SLOW)
            with start.Pool(min(hardware.cores(), len(jobs))) as pool:
                ordered = [jobs[number] for number in turns]
                drawn = pool.starmap(plots.file, ordered, chunksize=1)
            found = dict(zip(turns, drawn, strict=True))
            pickle.dump([found[i] for i in range(len(jobs))], sys.stdout.buffer)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
