"""Features of simulated users and items, which tell something of their hidden taste."""

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.world import World
from recbench.features import Categories, Column, Features, Numbers, Text

TITLED = 100_000  # items of the largest catalogue that gets titles
GENRES = ("action", "comedy", "crime", "drama", "fantasy", "romance", "war", "western")
JOBS = ("artist", "clerk", "engineer", "nurse", "student", "teacher")


def _groups(
    vectors: NDArray[np.float32], names: tuple[str, ...], rng: np.random.Generator
) -> Categories:
    """Return the group, of these names, that each vector points to."""
    axes = rng.standard_normal((vectors.shape[1], len(names)), dtype=np.float32)
    codes = np.argmax(vectors @ axes, axis=1).astype(np.int32)
    offsets = np.arange(len(codes) + 1, dtype=np.int64)
    return Categories(offsets=offsets, codes=codes, names=np.array(names))


def user_features(world: World, seed: int) -> Features:
    """Return features that tell something of the taste."""
    rng = np.random.default_rng([seed, 2])
    spread = float(world.users[:, 0].std()) or 1.0
    age = (
        38
        + 10 * (world.users[:, 0] / spread)
        + 4 * rng.standard_normal(len(world.users))
    )
    ages = np.clip(np.rint(age), 16, 90).astype(np.float32)
    return Features(
        columns={
            "age": Numbers(values=ages),
            "occupation": _groups(world.users, JOBS, rng),
        }
    )


def item_features(world: World, seed: int) -> Features:
    """Return features that tell something of the items; up to two genres each."""
    rng = np.random.default_rng([seed, 3])
    n = len(world.items)
    axes = rng.standard_normal((world.items.shape[1], len(GENRES)), dtype=np.float32)
    order = np.argsort(-(world.items @ axes), axis=1)[:, :2].astype(np.int32)
    second = rng.random(n) < 0.5
    chosen = np.stack((np.ones(n, dtype=bool), second), axis=1)
    offsets = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(1 + second, out=offsets[1:])
    columns: dict[str, Column] = {
        "genres": Categories(
            offsets=offsets, codes=order[chosen], names=np.array(GENRES)
        ),
        "year": Numbers(values=rng.integers(1970, 2020, n).astype(np.float32)),
    }
    if n > TITLED:
        return Features(columns=columns)
    titles = np.char.add("Item ", np.arange(1, n + 1).astype(np.str_))
    return Features(columns={"title": Text(values=titles), **columns})
