"""Simulated logs of users whose preferences are known, at the moment of serving.

A log is made in rounds. In each, an item is exposed to a user with a chance that
follows a fixed popularity law, what was met before (*feedback*: what is shown becomes
popular and is shown more), or both; of what is exposed, users pick what they like
(*taste*), each item once. Preferences are ``mean + b_u + b_i + q_u . q_i`` as in
:mod:`recbench.datasets.world`; with *drift*, ``b_i`` and ``q_u`` turn from one draw to
another, independent one while the log grows. The truth is the preference at its end,
which is when a model that learnt the whole log would serve.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.dataset import Dataset
from recbench.datasets.samples import SEED, SIZES
from recbench.datasets.simulator import SPAN, START, simulate
from recbench.datasets.world import STARS, World, make_world
from recbench.interactions import Interactions

ROUNDS = 20
LIKED = 4.0  # a rating of at least this is one that a user is glad of


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How a log comes about.

    Attributes:
        name: Name of the world.
        summary: What is special about it.
        skew: Exponent of the popularity law; 0 exposes all items alike.
        taste: How much likelier a liked item is picked; 0 for not at all.
        feedback: Share of exposures that follow what was met before.
        drift: How far preferences turn: 0 not at all, 1 to an independent draw.
        noise: Standard deviation of a rating around the preference, in stars.
    """

    name: str
    summary: str
    skew: float = 0.4
    taste: float = 0.0
    feedback: float = 0.0
    drift: float = 0.0
    noise: float = 0.8


SCENARIOS = (
    Scenario(
        name="even",
        summary="items met almost evenly, whatever the user likes",
        skew=0.2,
    ),
    Scenario(
        name="popularity",
        summary="a few items are shown far more, for no merit of theirs",
        skew=1.2,
    ),
    Scenario(
        name="taste",
        summary="users pick what they like: ratings are not missing at random",
        taste=1.5,
    ),
    Scenario(
        name="exposure",
        summary="what was met before is shown again, and users pick what they like",
        skew=0.6,
        taste=1.0,
        feedback=0.8,
    ),
    Scenario(
        name="drift",
        summary="users pick what they like, and what they like changes",
        taste=1.5,
        drift=0.6,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a world is."""

    users: int = 300
    items: int = 400
    interactions: int = 12_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """A log and the truth behind it.

    Attributes:
        dataset: The log.
        liked: Chance that a user rates an item 4 or better at the end of the log,
            float64, shape ``(n_users, n_items)``.
    """

    dataset: Dataset
    liked: NDArray[np.float64]


def likely(preference: NDArray[np.float32], noise: float) -> NDArray[np.float64]:
    """Return the chance that a rating is at least 4, float64, same shape."""
    from scipy.special import ndtr

    border = LIKED - 0.5
    return np.asarray(ndtr((preference.astype(np.float64) - border) / noise))


def sample(number: int) -> Drawn:
    """Return the data set ``sample`` (number 0), or a sibling of another seed."""
    seed = SEED + number
    data = simulate(*SIZES, seed, name="sample")
    world = make_world(*SIZES, seed)
    return Drawn(dataset=data, liked=likely(_table(world), world.noise))


def draw(scenario: Scenario, size: Size, seed: int) -> Drawn:
    """Simulate a log.

    Args:
        scenario: How it comes about.
        size: How large it is; at most a quarter of all pairs are met.
        seed: Seed of everything.

    Raises:
        UsageError: If the sizes make no world.
    """
    sizes = (size.users, size.items, size.interactions)
    skew, noise = scenario.skew, scenario.noise
    before = make_world(*sizes, seed, skew=skew, noise=noise)
    other = make_world(*sizes, seed + 2**31, skew=skew, noise=noise)
    after = _turned(before, other, scenario.drift)
    rng = np.random.default_rng([seed, 0x7472757468])
    table = _log(scenario, before, after, rng)
    data = Dataset(
        name=scenario.name,
        interactions=table,
        user_ids=np.arange(size.users, dtype=np.int64),
        item_ids=np.arange(size.items, dtype=np.int64),
        source=f"simulated (seed {seed})",
    )
    return Drawn(dataset=data, liked=likely(_table(after), scenario.noise))


def _turned(one: World, other: World, share: float) -> World:
    """Return the world in which appeal and tastes have turned towards another's.

    Variances stay what they are: the angle is ``share`` of a right one.
    """
    angle = share * np.pi / 2
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return dataclasses.replace(
        one,
        item_bias=c * one.item_bias + s * other.item_bias,
        users=c * one.users + s * other.users,
    )


def _table(world: World) -> NDArray[np.float32]:
    """Return the preference of every pair, shape ``(n_users, n_items)``."""
    bias = world.user_bias[:, None] + world.item_bias[None, :]
    return np.asarray(world.mean + bias + world.users @ world.items.T)


def _log(
    scenario: Scenario, before: World, after: World, rng: np.random.Generator
) -> Interactions:
    """Return the interactions, in the order in which they happened."""
    n_users, n_items = len(before.user_bias), len(before.item_bias)
    met = np.zeros((n_users, n_items), dtype=np.bool_)
    counts = np.ones(n_items)
    shares = rng.multinomial(before.activity, np.full(ROUNDS, 1 / ROUNDS))
    parts = []
    for number in range(ROUNDS):
        now = _turned(before, after, 0.0)
        if scenario.drift:
            now = _between(before, after, (number + 0.5) / ROUNDS)
        liking = _table(now)
        chance = (1 - scenario.feedback) * before.popularity
        chance = chance + scenario.feedback * counts / counts.sum()
        weight = np.log(chance)[None, :] + scenario.taste * (liking - now.mean)
        # the largest of these are a draw without replacement by weight (Gumbel)
        weight = weight + rng.gumbel(size=weight.shape)
        weight[met] = -np.inf
        users, items = _largest(weight, shares[:, number])
        met[users, items] = True
        counts += np.bincount(items, minlength=n_items)
        noise = rng.normal(0, scenario.noise, len(users))
        stars = np.clip(np.floor(liking[users, items] + noise + 0.5), *STARS)
        stamps = START + (number + rng.random(len(users))) * SPAN / ROUNDS
        parts.append((users, items, stars, stamps))
    users, items, stars, stamps = (np.concatenate(c) for c in zip(*parts, strict=True))
    order = np.argsort(stamps, kind="stable")
    return Interactions(
        users=users[order].astype(np.int32),
        items=items[order].astype(np.int32),
        ratings=stars[order].astype(np.float32),
        timestamps=stamps[order].astype(np.int64),
        n_users=n_users,
        n_items=n_items,
        scale=STARS,
    )


def _between(before: World, after: World, time: float) -> World:
    """Return the world at a moment between two, by linear interpolation."""
    t = np.float32(time)
    return dataclasses.replace(
        before,
        item_bias=(1 - t) * before.item_bias + t * after.item_bias,
        users=(1 - t) * before.users + t * after.users,
    )


def _largest(
    weight: NDArray[np.float64], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return row and column of the ``sizes[r]`` largest entries of each row."""
    order = np.argsort(-weight, axis=1)
    users = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(users)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return users, order[users, place]
