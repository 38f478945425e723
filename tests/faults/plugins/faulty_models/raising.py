"""Models that raise."""

import errno
import sys

from faulty_models.base import Fine


class Raises(Fine):
    def spoil(self, train, context):
        msg = "the learning rate went wild"
        raise ValueError(msg)


class OddError(BaseException):
    """Not an ``Exception``."""


class RaisesBaseException(Fine):
    def spoil(self, train, context):
        msg = "not an Exception"
        raise OddError(msg)


class MuteError(Exception):
    """Cannot say what it is."""

    def __str__(self):
        msg = "even its text is broken"
        raise RuntimeError(msg)

    __repr__ = __str__


class StrRaises(Fine):
    def spoil(self, train, context):
        raise MuteError


class EndsWithZero(Fine):
    def spoil(self, train, context):
        sys.exit(0)


class RaisesInterrupt(Fine):
    def spoil(self, train, context):
        raise KeyboardInterrupt


class HugeMessage(Fine):
    def spoil(self, train, context):
        raise ValueError("x" * 100_000_000 + " the end")


class DirtyMessage(Fine):
    def spoil(self, train, context):
        msg = "\x1b[2J\x1b[31mred\x1b[0m \ud800 \u202eabc\x00 | <script> =cmd()\r\nlast"
        raise ValueError(msg)


class RecursesForEver(Fine):
    def spoil(self, train, context):
        self.spoil(train, context)


class RaisesMemoryError(Fine):
    def spoil(self, train, context):
        raise MemoryError


class RaisesInScore(Fine):
    def score(self, users):
        msg = "no scores today"
        raise ValueError(msg)


class RaisesInInit(Fine):
    def __init__(self):
        msg = "not even built"
        raise ValueError(msg)


class BrokenSize(Fine):
    @property
    def n_parameters(self):
        msg = "cannot count"
        raise ValueError(msg)


class RaisesGroup(Fine):
    def spoil(self, train, context):
        errors = [ValueError(str(i)) for i in range(100)]
        msg = "a hundred at once"
        raise ExceptionGroup(msg, errors)


class FillsTheDisk(Fine):
    def spoil(self, train, context):
        raise OSError(errno.ENOSPC, "No space left on device")
