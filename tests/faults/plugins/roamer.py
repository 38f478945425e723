"""A model that shows where it runs, for tests on a cluster. A plugin of one file."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recbench import ModelSpec, hookimpl, param


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Where it leaves marks, and how long it waits for the file ``go`` there."""

    marks: str = ""
    number: int = param(0, low=0)
    pause: float = param(0.0, low=0.0)


class Roamer:
    """Writes its pid into a file named by its number, waits, then ranks by a sum."""

    def __init__(self, params):
        self.params = params

    def fit(self, train, context):
        """Leave a mark and a child process, report what is visible, and wait."""
        marks, until = Path(self.params.marks), time.monotonic() + self.params.pause
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "missing")
        context.report(
            epoch=1,
            gpu={"": -1, "missing": -2}.get(visible, visible),
            accelerated=context.device == "cuda:0",
            cluster=sum(name.startswith("RAY_") for name in os.environ),
        )
        if self.params.marks:
            with (marks / f"{self.params.number}").open("a") as file:
                file.write(f"{os.getpid()}\n")
            subprocess.Popen(["sleep", "98765.77"])
            while not (marks / "go").exists() and time.monotonic() < until:
                time.sleep(0.02)
        self.counts = np.bincount(train.items, train.ratings, minlength=train.n_items)
        self.counts += context.rng.random(train.n_items)

    def score(self, users):
        """Return the same for everyone."""
        return np.tile(self.counts.astype(np.float32), (len(users), 1))


@hookimpl
def recbench_models():
    """Offer it, with a GPU and without."""
    for name, devices in (("roamer", ("cpu",)), ("gpu-roamer", ("cuda", "cpu"))):
        yield ModelSpec(
            name=name,
            factory=Roamer,
            tasks=("top-n",),
            params=Params,
            devices=devices,
            default=False,
        )
