"""Models that use too much."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from faulty_models.base import Fine
from faulty_models.leaving import daemon

BLOCK = 32 * 2**20


def devour():
    held = []
    for _ in range(200):  # 6 GiB at most, should nothing stop it
        held.append(np.ones(BLOCK, dtype=np.uint8))
        time.sleep(0.01)
    time.sleep(60)


class AllocatesForEver(Fine):
    def spoil(self, train, context):
        devour()


class ChildAllocates(Fine):
    def spoil(self, train, context):
        code = "import time\nx=[]\n"
        code += f"for _ in range(200): x.append(b'x' * {BLOCK}); time.sleep(0.01)"
        subprocess.run([sys.executable, "-c", code], check=False)
        time.sleep(60)


class DaemonAllocates(Fine):
    def spoil(self, train, context):
        daemon(devour)
        time.sleep(60)


class PrintsGigabytes(Fine):
    def spoil(self, train, context):
        block = b"line of a very chatty model\n" * 40_000
        for _ in range(1000):  # 1.1 GB
            os.write(1, block)
        msg = "printed enough"
        raise ValueError(msg)


class PrintsNoise(Fine):
    def spoil(self, train, context):
        os.write(1, bytes(range(256)) * 20 + b"\x1b]0;owned\x07\x1b[31m\xff\xfe")
        print("\x1b[1mfinal words\x1b[0m", flush=True)
        msg = "noisy"
        raise ValueError(msg)


class ReportsForEver(Fine):
    def spoil(self, train, context):
        for epoch in range(20_000):
            context.report(epoch=epoch, loss=1.0)


class ReportsNonsense(Fine):
    def spoil(self, train, context):
        context.report(epoch="one", loss=float("nan"), phase="score", odd=[1])
        context.report(epoch=10**400, loss=1e308 * 10, **{"\ud800\x1b[31m": 1.0})
        context.report(epoch=1, **{f"curve{i}": i for i in range(5000)})
        context.report(epoch=2, loss=np.float32(0.5), step=np.int64(3))
        context.report(epoch=3, name=1, number=2, title=3, status=4, data=5)
        with Path("../events.jsonl").open("a") as file:
            file.write('{"phase": 1, "epoch": 4}\n{"phase": "done"}\n')
