"""Offline protocols, each a way to put models in order without knowing the truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.evaluation import measure
from recbench.interactions import Interactions
from recbench.metrics.ranking import discounts
from recbench.runner.prepare import Prepared
from recbench.runner.targets import relevant
from recbench.specs import MetricSpec
from recbench.truth.worlds import Drawn

K = 10
NEGATIVES = 50
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """A protocol.

    Attributes:
        name: Its name in tables.
        split: Name of a split.
        params: Its parameters.
        relevance: Smallest test rating that is relevant; None for all.
        negatives: Items that each relevant one is ranked among; 0 for all candidates.

    ``split`` is empty for an experiment: it shows users items at random in place of
    splitting a log.
    """

    name: str
    split: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    relevance: float | None = 4.0
    negatives: int = 0


HOLD_OUT = {"validation": 0.15, "test": 0.15}
LAST = {"n": 1, "validation": 1}
LATE = {"validation": 0.1, "test": 0.1}

PROTOCOLS = (
    Offline(name="random hold-out", split="random", params=HOLD_OUT),
    Offline(name="leave-last-out", split="leave-last-out", params=LAST),
    Offline(name="global-time", split="global-time", params=LATE),
    Offline(
        name=f"random hold-out, {NEGATIVES} sampled negatives",
        split="random",
        params=HOLD_OUT,
        negatives=NEGATIVES,
    ),
    Offline(
        name=f"leave-last-out, {NEGATIVES} sampled negatives",
        split="leave-last-out",
        params=LAST,
        negatives=NEGATIVES,
    ),
    Offline(
        name="random hold-out, every event relevant",
        split="random",
        params=HOLD_OUT,
        relevance=None,
    ),
    Offline(
        name="random hold-out, rating 3 or better",
        split="random",
        params=HOLD_OUT,
        relevance=3.0,
    ),
    Offline(
        name="random hold-out, rating 5",
        split="random",
        params=HOLD_OUT,
        relevance=5.0,
    ),
    Offline(name=f"{SHOWN} items shown at random"),
)


def figure(
    protocol: Offline,
    lists: NDArray[np.int32],
    part: Prepared,
    specs: Mapping[str, MetricSpec],
    seed: int,
) -> float:
    """Return NDCG@10 of complete lists as a protocol would print it.

    Args:
        protocol: The protocol.
        lists: All candidates of each asked user, best first, padded with -1.
        part: The split.
        specs: The known metrics.
        seed: Seed of the sampled negatives.
    """
    users = part.view.ask_users
    if protocol.negatives:
        test = relevant(part.test, protocol.relevance)
        return sampled_ndcg(lists, test, part, negatives=protocol.negatives, seed=seed)
    name = f"ndcg@{K}"
    values = measure.of_lists(
        lists,
        users,
        test=part.test,
        train=part.view.train,
        candidates=part.view.candidates,
        relevance=protocol.relevance,
        names=[name],
        specs=specs,
    )
    return measure.figure(values[name])


def sampled_ndcg(
    lists: NDArray[np.int32],
    test: Interactions,
    part: Prepared,
    *,
    negatives: int,
    seed: int,
) -> float:
    """Return NDCG@10 where each test item is ranked among a few sampled others.

    As in He et al. (2017): one relevant item and some negatives that the user never
    met, drawn uniformly without replacement. Fewer where there are not as many.

    Args:
        lists: All candidates of each asked user, best first, padded with -1.
        test: The relevant test interactions.
        part: The split.
        negatives: Negatives per test item.
        seed: Seed of the draw.
    """
    users, n_items = part.view.ask_users, test.n_items
    place = places(lists, n_items)
    row_of = np.full(test.n_users, -1, dtype=np.int64)
    row_of[users] = np.arange(len(users))
    owner = row_of[test.users]
    met = np.zeros((len(users), n_items), dtype=np.bool_)
    for table in (part.view.train, part.view.validation, part.test):
        known = row_of[table.users] >= 0
        met[row_of[table.users[known]], table.items[known]] = True
    met[:, ~part.view.candidates] = True
    rng = np.random.default_rng([seed, 1])
    keys = np.where(met[owner], np.inf, rng.random((len(owner), n_items)))
    drawn = np.argpartition(keys, negatives - 1, axis=1)[:, :negatives]
    usable = np.isfinite(np.take_along_axis(keys, drawn, axis=1))
    above = np.take_along_axis(place[owner], drawn, axis=1)
    rank = ((above < place[owner, test.items][:, None]) & usable).sum(axis=1)
    weights = np.concatenate((discounts(K), [0.0]))
    values = weights[np.minimum(rank, K)]
    counts = np.bincount(owner, minlength=len(users))
    sums = np.bincount(owner, weights=values, minlength=len(users))
    return float((sums[counts > 0] / counts[counts > 0]).mean())


def shown_at_random(
    lists: NDArray[np.int32],
    users: NDArray[np.int32],
    drawn: Drawn,
    seen: Interactions,
    seed: int,
) -> float:
    """Return the discounted gain that items shown at random prove.

    The experiment that a log does not replace: every user is shown some unmet items,
    drawn uniformly, and says of each whether they like it. A liked item gains by its
    place in the model's first ten. Since all items are as likely to be shown, the
    figure is true worth times a constant, but for luck.

    Args:
        lists: All candidates of each user, best first, padded with -1.
        users: User code of each list.
        drawn: The world.
        seen: What users have met.
        seed: Seed of the experiment; the same for every model.
    """
    n_items = seen.n_items
    rng = np.random.default_rng([seed, 2])
    keys = rng.random((seen.n_users, n_items))
    keys[seen.users, seen.items] = np.inf
    shown = np.argpartition(keys, SHOWN - 1, axis=1)[users, :SHOWN]
    chance = np.take_along_axis(drawn.liked[users], shown, axis=1)
    liked = rng.random(chance.shape) < chance
    rank = np.take_along_axis(places(lists, n_items), shown, axis=1)  # (n, shown)
    weights = np.concatenate((discounts(K), [0.0]))
    return float((weights[np.minimum(rank, K)] * liked).sum(axis=1).mean())


def places(lists: NDArray[np.int32], n_items: int) -> NDArray[np.int64]:
    """Return where each item stands, from 0; ``n_items`` where it is not listed.

    Args:
        lists: Item codes, shape ``(n, k)``, padded with -1.
        n_items: Size of the catalogue.

    Returns:
        int64, shape ``(n, n_items)``.
    """
    found = np.full((len(lists), n_items), n_items, dtype=np.int64)
    rows, columns = np.nonzero(lists >= 0)
    found[rows, lists[rows, columns]] = columns
    return found
