"""Three ways to shuffle labels, each with the most that can honestly be known after it.

=================== ==================================== ============================
Shuffled            What is left in training             The most anyone can reach
=================== ==================================== ============================
users               how active users, how popular items  counting positives
items               nothing about the items tested       a random order
ratings             the mean rating                      predicting that mean
=================== ==================================== ============================

*Users*: the user column of training and validation is permuted over rows. Popularity
survives, so chance would be the wrong bar. *Items*: one permutation of the catalogue is
applied to training and validation but not to the test part, so that popularity is that
of other items. *Ratings*: the rating column is permuted over rows.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from recbench.audit.canaries import bars, planted
from recbench.interactions import Interactions
from recbench.runner.prepare import Prepared
from recbench.specs import Protocol, SuiteSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to shuffle.

    Attributes:
        name: What is shuffled.
        task: The task whose models it is for.
        bar: The most that can be known afterwards.
        what: That bar in words.
    """

    name: str
    task: str
    bar: bars.Bar
    what: str


WAYS = (
    Way(name="users", task="top-n", bar=bars.popularity, what="popularity"),
    Way(name="items", task="top-n", bar=bars.chance, what="chance"),
    Way(name="ratings", task="rating", bar=bars.mean, what="the mean rating"),
)


def suite_of(task: str, name: str) -> SuiteSpec:
    """Return the suite that models of a task are measured by here."""
    metric, k = ("rmse", 50) if task == "rating" else ("ndcg@10", 20)
    return SuiteSpec(
        name=f"{planted.NAME}/{name}",
        dataset=planted.NAME,
        protocol=Protocol(
            task=task, split="random", split_params=planted.HOLD_OUT, k=k
        ),
        metrics=(metric,),
        primary=metric,
    )


def shuffled(part: Prepared, way: str, seed: int) -> Prepared:
    """Return a part whose training and validation labels are shuffled.

    Args:
        part: The part; its test labels stay as they are.
        way: ``users``, ``items`` or ``ratings``.
        seed: Seed of the permutation.
    """
    view = part.view
    rng = np.random.default_rng([seed, 0x73687566])
    n_train, n_items = len(view.train), part.test.n_items
    rows = rng.permutation(n_train + len(view.validation))
    catalogue = rng.permutation(n_items).astype(np.int32)
    users = np.concatenate((view.train.users, view.validation.users))[rows]
    ratings = np.concatenate([_ratings(view.train), _ratings(view.validation)])[rows]

    def changed(table: Interactions, where: slice) -> Interactions:
        if way == "users":
            return dataclasses.replace(table, users=users[where])
        if way == "items":
            return dataclasses.replace(table, items=catalogue[table.items])
        return dataclasses.replace(table, ratings=ratings[where])

    train = changed(view.train, slice(None, n_train))
    candidates = view.candidates
    if view.task != "rating":
        candidates = np.bincount(train.items, minlength=n_items) > 0
    new = dataclasses.replace(
        view,
        train=train,
        validation=changed(view.validation, slice(n_train, None)),
        candidates=candidates,
    )
    return dataclasses.replace(part, view=new)


def _ratings(table: Interactions) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.asarray(table.ratings, dtype=np.float32)
