"""Models that kill what is above them."""

import os
import signal
import time
from pathlib import Path

from faulty_models.base import Fine


def parent_of(pid):
    """Return the parent of a process."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(stat[1])


class KillsTheServer(Fine):
    def spoil(self, train, context):
        os.kill(parent_of(os.getppid()), signal.SIGKILL)
        time.sleep(60)


class KillsTheRun(Fine):
    def spoil(self, train, context):
        os.kill(parent_of(parent_of(os.getppid())), signal.SIGKILL)
        time.sleep(60)
