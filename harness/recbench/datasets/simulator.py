"""Drawing interactions from a simulated world, in blocks, for any number of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.dataset import Dataset
from recbench.datasets.simulated_features import item_features, user_features
from recbench.datasets.world import STARS, World, expected_rating, make_world
from recbench.interactions import Interactions

BLOCK = 1 << 20  # interactions made at once; a seed means the same only while it stays
DENSE = 4_000_000  # cells of the largest preference matrix that is kept
ROUNDS = 60
START = 1_500_000_000  # first possible event, seconds since 1970
SPAN = 2 * 365 * 86_400  # users arrive during two years
PAUSE = 6 * 3600.0  # mean seconds between two events of a user


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """Interactions of some consecutive users, grouped by user, in time order.

    Attributes:
        users: int32 codes.
        items: int32 codes; no pair occurs twice.
        ratings: float32, whole stars.
        timestamps: int64 seconds.
        variance: Sum over rows of the variance of a rating given the preference.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    ratings: NDArray[np.float32]
    timestamps: NDArray[np.int64]
    variance: float


def simulate_blocks(world: World, seed: int) -> Iterator[Block]:
    """Yield the interactions of a world in blocks of about a million.

    Memory is bounded by the world and one block, however many there are.

    Args:
        world: The hidden truth.
        seed: Seed of what happens in it.
    """
    ends = np.cumsum(world.activity)
    n_blocks = int(ends[-1] // BLOCK) + 1
    cuts = np.searchsorted(ends, np.arange(1, n_blocks) * BLOCK)
    bounds = np.unique(np.concatenate(([0], cuts, [len(ends)])))
    chance = np.cumsum(world.popularity)
    for number, (low, high) in enumerate(pairwise(bounds.tolist())):
        rng = np.random.default_rng([seed, 1, number])
        users, items = _meet(world, low, high, chance, rng)
        yield _rate(world, users, items, rng)


def _meet(
    world: World,
    low: int,
    high: int,
    chance: NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return who meets what among the users ``low`` to ``high``, grouped by user.

    Items are proposed by popularity and taken by taste until each user has as many
    different ones as their activity says.
    """
    n_items = len(chance)
    kept = np.zeros(0, dtype=np.int64)  # pairs, ascending
    short = world.activity[low:high].copy()
    for _ in range(ROUNDS):
        open_ = np.flatnonzero(short > 0)
        if not len(open_):
            break
        asking = np.repeat(open_, 2 * short[open_] + 16)
        items = np.searchsorted(chance, rng.random(len(asking)) * chance[-1])
        codes = (asking + low).astype(np.int32)
        liking = world.preference(codes, items.astype(np.int32)) - world.mean
        taken = rng.random(len(asking)) < 1 / (1 + np.exp(-2 * world.taste * liking))
        pairs, first = np.unique(
            asking[taken] * np.int64(n_items) + items[taken], return_index=True
        )
        at = np.minimum(np.searchsorted(kept, pairs), max(len(kept) - 1, 0))
        new = kept[at] != pairs if len(kept) else np.ones(len(pairs), dtype=bool)
        pairs, first = pairs[new], first[new]
        # the first ones proposed, not those of the smallest code
        order = np.lexsort((first, pairs // n_items))
        owner = pairs[order] // n_items
        rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
        pairs = pairs[order][rank < short[owner]]
        short -= np.bincount(pairs // n_items, minlength=len(short))
        kept = np.sort(np.concatenate((kept, pairs)))
    owner = kept // n_items
    order = np.lexsort((rng.random(len(kept)), owner))
    users = (owner + low).astype(np.int32)
    return users, (kept[order] % n_items).astype(np.int32)


def _rate(
    world: World,
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    rng: np.random.Generator,
) -> Block:
    """Return the block: ratings and times of the interactions given."""
    preference = world.preference(users, items)
    noise = world.noise * rng.standard_normal(len(users), dtype=np.float32)
    ratings = np.clip(np.floor(preference + noise + np.float32(0.5)), *STARS)
    _, variance = expected_rating(preference, world.noise)
    gaps = rng.exponential(PAUSE, len(users))
    starts = np.flatnonzero(np.r_[True, users[1:] != users[:-1]])
    arrival = START + rng.random(len(starts)) * SPAN
    total = np.cumsum(gaps)
    sizes = np.diff(np.r_[starts, len(users)])
    base = np.repeat(arrival - total[starts], sizes)
    return Block(
        users=users,
        items=items,
        ratings=ratings.astype(np.float32),
        timestamps=(base + total).astype(np.int64),
        variance=float(variance.sum()),
    )


def simulate(
    n_users: int,
    n_items: int,
    n_interactions: int,
    seed: int = 0,
    *,
    name: str = "simulated",
    factors: int = 8,
    noise: float = 0.8,
    skew: float = 1.0,
    taste: float = 1.0,
) -> Dataset:
    """Simulate a data set with known preferences.

    Args:
        n_users: Users; each has at least one interaction.
        n_items: Items; in a small world some may have none.
        n_interactions: Interactions, at most a quarter of all pairs.
        seed: Seed of everything.
        name: Name of the data set.
        factors: Rank of the taste.
        noise: Standard deviation of the noise on a preference, in stars.
        skew: Exponent of the popularity law; 0 for none.
        taste: How much likelier a liked item is picked; 0 for not at all.

    Returns:
        The data set. Its ``truth`` holds ``irreducible_rmse`` (shape ``(1,)``: no model
        can be better on the whole table) and, in worlds of up to four million pairs,
        ``preference`` (the expected rating of each pair, the best possible prediction
        and ranking) and ``variance`` (of the rating around it), both float64
        ``(n_users, n_items)``.

    Raises:
        UsageError: If the sizes make no world.
    """
    world = make_world(
        n_users,
        n_items,
        n_interactions,
        seed,
        factors=factors,
        noise=noise,
        skew=skew,
        taste=taste,
    )
    n = int(world.activity.sum())
    users, items = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    ratings, times = np.empty(n, dtype=np.float32), np.empty(n, dtype=np.int64)
    done, variance = 0, 0.0
    for block in simulate_blocks(world, seed):
        span = slice(done, done + len(block.users))
        users[span], items[span] = block.users, block.items
        ratings[span], times[span] = block.ratings, block.timestamps
        done, variance = span.stop, variance + block.variance
    truth = _truth(world, variance / done)
    return Dataset(
        name=name,
        interactions=Interactions(
            users=users[:done],
            items=items[:done],
            ratings=ratings[:done],
            timestamps=times[:done],
            n_users=n_users,
            n_items=n_items,
            scale=STARS,
            user_features=user_features(world, seed),
            item_features=item_features(world, seed),
        ),
        user_ids=np.arange(1, n_users + 1, dtype=np.int64),
        item_ids=np.arange(1, n_items + 1, dtype=np.int64),
        source=f"simulator (seed {seed})",
        licence="CC0-1.0 (simulated)",
        truth=truth,
        notes=(f"simulated: seed {seed}, noise {noise:g}, skew {skew:g}",),
    )


def _truth(world: World, mean_variance: float) -> dict[str, NDArray[np.float64]]:
    truth = {"irreducible_rmse": np.array([mean_variance**0.5])}
    n_users, n_items = len(world.user_bias), len(world.item_bias)
    if n_users * n_items <= DENSE:
        # the very sums that the ratings were drawn from, in their float32
        users = np.repeat(np.arange(n_users, dtype=np.int32), n_items)
        items = np.tile(np.arange(n_items, dtype=np.int32), n_users)
        mean, variance = expected_rating(world.preference(users, items), world.noise)
        truth["preference"] = mean.reshape(n_users, n_items)
        truth["variance"] = variance.reshape(n_users, n_items)
    return truth
