"""A plugin for the tests: a data set, the same with other test labels, and models."""

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recbench import DatasetSpec, ModelSpec, Protocol, SuiteSpec, hookimpl, param

WORLD = __file__


def table(context, *, twisted: bool = False, name: str = "tiny"):
    from recbench.datasets.simulator import simulate
    from recbench.splits.at_random import random

    made = simulate(80, 60, 1200, 5, name=name)
    if not twisted:
        return made
    rows = random(made, seed=0).test
    ratings = made.interactions.ratings.copy()
    ratings[rows] = 6 - ratings[rows]
    changed = dataclasses.replace(made.interactions, ratings=ratings)
    return dataclasses.replace(made, interactions=changed)


def plain(context):
    return table(context)


def twisted(context):
    return table(context, twisted=True, name="twisted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    level: float = param(2.0, low=0, tune=(1.0, 5.0), help="what is predicted")
    pause: float = param(0.0, low=0, help="seconds of work")


class Constant:
    """Predicts one number: the best is the mean, and the error is known."""

    def __init__(self, params):
        self.params = params

    def fit(self, train, context):
        time.sleep(self.params.pause)
        if self.params.level < 1.8:
            msg = "no level below 1.8"
            raise ValueError(msg)

    def predict(self, users, items):
        return np.full(len(users), self.params.level, dtype=np.float32)


class Fixed:
    """Scores that depend on nothing but user and item, all of them different."""

    def fit(self, train, context):
        self.shape = (train.n_users, train.n_items)

    def score(self, users):
        return np.random.default_rng(1).random(self.shape, np.float32)[users]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeParams:
    hidden: tuple[int, ...] = param((8,), tune=((8,), (16, 8), (32,)))
    wide: bool = param(default=False, tune=(False, True))


class Shaped(Fixed):
    """A model with six settings in all."""

    def __init__(self, params):
        self.seed = len(params.hidden) + 10 * params.wide + params.hidden[0]

    def score(self, users):
        return np.random.default_rng(self.seed).random(self.shape, np.float32)[users]


@hookimpl
def recbench_datasets() -> Iterator[DatasetSpec]:
    for name, load in (("tiny", plain), ("twisted", twisted)):
        yield DatasetSpec(name=name, load=load, scale=(1, 5), has=("ratings",))


@hookimpl
def recbench_suites() -> Iterator[SuiteSpec]:
    for name, refit, share in (("refitted", True, 0.15), ("bare", False, 0.0)):
        yield SuiteSpec(
            name=f"tiny/{name}",
            dataset="tiny",
            protocol=Protocol(
                task="rating",
                split="random",
                split_params={"validation": share, "test": 0.15},
                refit=refit,
            ),
            metrics=("mae", "rmse"),
            primary="rmse",
        )


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    yield ModelSpec(name="constant", factory=Constant, params=Params, tasks=("rating",))
    yield ModelSpec(name="fixed", factory=Fixed, tasks=("top-n",))
    yield ModelSpec(name="shaped", factory=Shaped, params=ShapeParams, tasks=("top-n",))
