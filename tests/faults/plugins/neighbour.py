"""A model without fault, which notices whatever is not its own."""

import time
from dataclasses import dataclass

import numpy as np
import torch

from recbench import ModelSpec, hookimpl, param


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """Which of several equal models this is."""

    number: int = param(0, low=0)
    pause: float = param(0.3, low=0.0)


class Neighbour:
    """Its scores depend on the data, the seed, torch, NumPy and the environment."""

    def __init__(self, params):
        self.params = params

    def fit(self, train, context):
        """Wait, so that others have time to do harm, then look at everything."""
        time.sleep(self.params.pause)
        value = context.validate(_Zero(train.n_items))
        torch_noise = torch.randn(train.n_items).numpy()  # the global generators
        numpy_noise = np.random.standard_normal(train.n_items)
        counts = np.bincount(train.items, train.ratings, minlength=train.n_items)
        self.scores = counts + 0.1 * (torch_noise + numpy_noise) + (value or 0.0)
        self.scores += context.rng.random(train.n_items) + torch.get_num_threads()
        context.report(epoch=1, loss=float(self.scores.sum()))
        self.users = np.bincount(train.users, minlength=train.n_users)

    def score(self, users):
        """Return scores that depend on user and item."""
        rows = self.users[users][:, None] * np.sin(np.arange(len(self.scores)))
        return (rows + self.scores).astype(np.float32)


class RatingNeighbour:
    """The same for the task rating."""

    def __init__(self, params):
        self.params = params

    def fit(self, train, context):
        """Wait, then look at the data."""
        time.sleep(self.params.pause)
        self.means = np.bincount(train.items, train.ratings, minlength=train.n_items)
        self.means /= np.maximum(1, np.bincount(train.items, minlength=train.n_items))

    def predict(self, users, items):
        """Return the mean of each item."""
        return self.means[items].astype(np.float32)


class _Zero:
    def __init__(self, n_items):
        self.n_items = n_items

    def score(self, users):
        return np.zeros((len(users), self.n_items), dtype=np.float32)


@hookimpl
def recbench_models():
    """Offer both."""
    yield ModelSpec(
        name="neighbour",
        factory=Neighbour,
        tasks=("top-n",),
        params=Params,
        default=False,
    )
    yield ModelSpec(
        name="rating-neighbour",
        factory=RatingNeighbour,
        tasks=("rating",),
        params=Params,
        default=False,
    )
