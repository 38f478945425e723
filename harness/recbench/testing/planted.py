"""Small data sets with a planted answer, so that learning can be told from luck."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recbench.features import Categories, Features
from recbench.interactions import Interactions

COMMUNITIES = 2
COMMUNITY_ITEMS = 20  # items that each community likes
DUDS = 20  # items that nobody likes
COMMUNITY_USERS = 100
LIKED = 10  # items of the own community that a user has in training
RATING_USERS, RATING_ITEMS, RATINGS_EACH = 120, 80, 36


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planted:
    """Interactions whose answer is known.

    Attributes:
        task: ``top-n`` or ``rating``.
        train: What a model is fitted on. Every user and item occurs.
        validation: One withheld interaction per user.
        truth: float64, shape ``(n_users, n_items)``. Task ``top-n``: 1 where the user
            likes the item, else 0. Task ``rating``: the rating without its noise.
    """

    task: str
    train: Interactions
    validation: Interactions
    truth: NDArray[np.float64]

    def withheld(self) -> NDArray[np.bool_]:
        """Return which pairs are neither in train nor in validation."""
        free = np.ones(self.truth.shape, dtype=np.bool_)
        for part in (self.train, self.validation):
            free[part.users, part.items] = False
        return free


def planted_topn(seed: int = 0, *, rated: bool = False) -> Planted:
    """Return implicit feedback of two communities of users.

    Each user knows ten of the twenty items that their community likes, one item of
    the other community and one of the twenty that nobody likes. Within a community
    all items are equally popular, so popularity separates only the last group, and
    codes are shuffled, so they say nothing. A model that finds the communities puts
    the ten unknown items of the own community before all others.

    Args:
        seed: Seed of the simulator.
        rated: Whether the interactions are ratings: 4 or 5 for what the user likes,
            1 or 2 for ten items of the other community, with 4 as the threshold of
            positive feedback. The pattern of who rated what then says nothing.
    """
    rng = _generator(seed)
    n_users = COMMUNITIES * COMMUNITY_USERS
    n_items = COMMUNITIES * COMMUNITY_ITEMS + DUDS
    side = rng.permutation(np.arange(n_users) % COMMUNITIES)
    group = rng.permutation(np.repeat(np.arange(COMMUNITIES + 1), COMMUNITY_ITEMS))
    truth = (side[:, None] == group[None, :]).astype(np.float64)
    order = rng.random((n_users, n_items))
    own = _first(np.where(truth == 1, order, np.inf), LIKED + 1)
    foreign = group[None, :] == 1 - side[:, None]
    other = _first(np.where(foreign, order, np.inf), LIKED if rated else 1)
    dud = _first(np.where(group[None, :] == COMMUNITIES, order, np.inf), 1)
    items = np.concatenate((own[:, 1:], other, dud), axis=1)
    users = np.repeat(np.arange(n_users, dtype=np.int32), items.shape[1])
    liked = truth[users, items.ravel()] == 1
    ratings = rng.integers(1, 3, len(users)) + 3 * liked
    shuffled = rng.permutation(len(users))
    train = Interactions(
        users=users[shuffled],
        items=items.ravel()[shuffled].astype(np.int32),
        ratings=ratings[shuffled].astype(np.float32) if rated else None,
        timestamps=np.arange(len(users), dtype=np.int64),
        n_users=n_users,
        n_items=n_items,
        scale=(1.0, 5.0) if rated else None,
        threshold=4.0 if rated else None,
        user_features=_features(side),
        item_features=_features(group),
    )
    validation = replace(
        train,
        users=np.arange(n_users, dtype=np.int32),
        items=own[:, 0].astype(np.int32),
        ratings=np.full(n_users, 5, dtype=np.float32) if rated else None,
        timestamps=len(users) + np.arange(n_users, dtype=np.int64),
    )
    return Planted(task="top-n", train=train, validation=validation, truth=truth)


def planted_ratings(seed: int = 0) -> Planted:
    """Return ratings from 1 to 5 made of biases, two hidden tastes and noise.

    The true rating is ``3.3 + b_u + b_i + <p_u, q_i>``, where the biases have a
    standard deviation of 0.5 and the product one of about 0.5; observed ratings carry
    noise of 0.3 and are rounded to halves. Always answering with the mean leaves a
    root mean squared error of about 0.8.
    """
    rng = _generator(seed)
    shape = (RATING_USERS, RATING_ITEMS)
    user_bias = rng.normal(0, 0.5, shape[0])
    item_bias = rng.normal(0, 0.5, shape[1])
    tastes = rng.normal(0, 0.6, (shape[0], 2)) @ rng.normal(0, 0.6, (2, shape[1]))
    truth = np.clip(3.3 + user_bias[:, None] + item_bias + tastes, 1, 5)
    chosen = _first(rng.random(shape), RATINGS_EACH + 1)
    users = np.repeat(np.arange(shape[0], dtype=np.int32), RATINGS_EACH + 1)
    items = chosen.ravel().astype(np.int32)
    noisy = truth[users, items] + rng.normal(0, 0.3, len(users))
    table = Interactions(
        users=users,
        items=items,
        ratings=(np.clip(np.round(2 * noisy) / 2, 1, 5)).astype(np.float32),
        timestamps=rng.permutation(len(users)).astype(np.int64),
        n_users=shape[0],
        n_items=shape[1],
        scale=(1.0, 5.0),
        user_features=_features((user_bias > 0).astype(np.int64)),
        item_features=_features((item_bias > 0).astype(np.int64)),
    )
    last = np.arange(len(users)) % (RATINGS_EACH + 1) == RATINGS_EACH
    train_rows = rng.permutation(np.flatnonzero(~last))
    return Planted(
        task="rating",
        train=table.take(train_rows),
        validation=table.take(last),
        truth=truth,
    )


def _generator(seed: int) -> np.random.Generator:
    """Return a stream that no model with the same seed draws from."""
    return np.random.default_rng((seed, 0x706C616E746564))


def _first(keys: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the columns of the ``count`` smallest keys of each row."""
    return np.argsort(keys, axis=1)[:, :count]


def _features(codes: NDArray[np.int64]) -> Features:
    """Return one category per row."""
    names = np.array([f"group-{c}" for c in range(int(codes.max()) + 1)])
    offsets = np.arange(len(codes) + 1, dtype=np.int64)
    column = Categories(offsets=offsets, codes=codes.astype(np.int32), names=names)
    return Features(columns={"group": column})
