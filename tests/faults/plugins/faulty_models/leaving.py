"""Models that leave processes behind: each is a ``sleep`` with a telling number."""

import os
import subprocess
import time

from faulty_models.base import Fine

MARK = "98765"


def sleeper(number, **options):
    return subprocess.Popen(["sleep", f"{MARK}.{number}"], **options)


def daemon(work):
    """Do some work in a process that left family and session."""
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    work()
    os._exit(0)


class LeavesADaemon(Fine):
    def spoil(self, train, context):
        daemon(lambda: os.execvp("sleep", ["sleep", f"{MARK}.1"]))
        time.sleep(0.1)


class LeavesChildren(Fine):
    def spoil(self, train, context):
        self.children = [sleeper(2) for _ in range(5)]


class LeavesAGroup(Fine):
    def spoil(self, train, context):
        self.children = [
            sleeper(3, process_group=0),
            sleeper(4, start_new_session=True),
        ]


class ForksFast(Fine):
    def spoil(self, train, context):
        for _ in range(4):
            daemon(self.generations)
        time.sleep(0.1)

    def generations(self):
        """Replace itself again and again, faster than a list of processes is read."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if os.fork():
                os._exit(0)
            time.sleep(0.002)
