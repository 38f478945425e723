"""Models whose process ends."""

import ctypes
import os
import signal

from faulty_models.base import Fine


class ExitsZero(Fine):
    def spoil(self, train, context):
        os._exit(0)


class ExitsThree(Fine):
    def spoil(self, train, context):
        os._exit(3)


class Segfaults(Fine):
    def spoil(self, train, context):
        ctypes.string_at(0)


class Aborts(Fine):
    def spoil(self, train, context):
        os.abort()


class KillsItself(Fine):
    def spoil(self, train, context):
        os.kill(os.getpid(), signal.SIGKILL)


class KillsItsNanny(Fine):
    def spoil(self, train, context):
        os.kill(os.getppid(), signal.SIGKILL)
        signal.pause()


class ClosesEverything(Fine):
    def spoil(self, train, context):
        os.closerange(0, 4096)
        context.report(epoch=1, loss=1.0)


class DiesInScore(Fine):
    def score(self, users):
        ctypes.string_at(0)
