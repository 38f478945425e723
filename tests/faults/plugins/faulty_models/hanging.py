"""Models that do not end."""

import atexit
import ctypes
import os
import signal
import threading
import time

from faulty_models.base import Fine
from faulty_models.leaving import daemon, sleeper


class Hangs(Fine):
    def spoil(self, train, context):
        while True:
            pass


class HangsInC(Fine):
    def spoil(self, train, context):
        ctypes.PyDLL(None).pause()  # PyDLL keeps the interpreter lock meanwhile


class IgnoresTheSignal(Fine):
    def spoil(self, train, context):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(1)


class StopsItself(Fine):
    def spoil(self, train, context):
        os.kill(os.getpid(), signal.SIGSTOP)


class HangsWithoutNews(Fine):
    def spoil(self, train, context):
        context.report(epoch=1, loss=0.5)
        threading.Event().wait()


class BlocksAtExit(Fine):
    def spoil(self, train, context):
        atexit.register(time.sleep, 1000)


class LeavesAThread(Fine):
    def spoil(self, train, context):
        threading.Thread(target=time.sleep, args=(1000,), daemon=False).start()


class ReadsInput(Fine):
    def spoil(self, train, context):
        input("continue? ")


class HangsWithFamily(Fine):
    def spoil(self, train, context):
        daemon(lambda: os.execvp("sleep", ["sleep", "98765.7"]))
        self.children = [sleeper(8), sleeper(9, start_new_session=True)]
        time.sleep(0.1)
        context.report(epoch=1, loss=1.0)
        time.sleep(60)


class PrintsAndReports(Fine):
    """Slow but alive: now it prints, now it reports."""

    def spoil(self, train, context):
        for epoch in range(4):
            time.sleep(0.4)
            if epoch % 2:
                print("still here", flush=True)
            else:
                context.report(epoch=epoch, loss=1.0)
