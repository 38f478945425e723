"""Interactions with strong tastes, uneven popularity and ratings that follow both."""

import numpy as np

from recbench.audit.canaries import planted
from recbench.datasets.dataset import Dataset
from recbench.interactions import Interactions

USERS, ITEMS, EACH = 240, 120, 24
COMMUNITIES = 4
LOYALTY = 6.0  # how much likelier an item of the own community is met
SKEW = 0.4  # exponent of the popularity law


def communities(entropy: int) -> Dataset:
    """Return 24 rated interactions of each of 240 users in four communities.

    Simple models find the communities and beat popularity by far, so that nothing is
    left of it only where the labels were truly shuffled.

    Args:
        entropy: Seed of everything.
    """
    rng = np.random.default_rng([entropy, 0x636F6D6D])
    side = rng.integers(0, COMMUNITIES, USERS)
    group = rng.integers(0, COMMUNITIES, ITEMS)
    law = (rng.permutation(ITEMS) + 1.0) ** -SKEW
    own = side[:, None] == group[None, :]  # (users, items)
    weight = np.log(law)[None, :] + np.log(LOYALTY) * own
    # the largest of these are a draw without replacement by weight (Gumbel, 1954)
    drawn = weight + rng.gumbel(size=weight.shape)
    items = np.argsort(-drawn, axis=1)[:, :EACH]
    rows = rng.permutation(USERS * EACH)
    users = np.repeat(np.arange(USERS, dtype=np.int32), EACH)[rows]
    met = items.ravel()[rows].astype(np.int32)
    quality = rng.normal(0, 0.4, ITEMS)
    liking = 2.8 + 1.4 * own[users, met] + quality[met] + rng.normal(0, 0.6, len(met))
    table = Interactions(
        users=users,
        items=met,
        ratings=np.clip(np.round(liking), 1, 5).astype(np.float32),
        timestamps=rng.integers(0, planted.SPAN, len(met)).astype(np.int64),
        n_users=USERS,
        n_items=ITEMS,
        scale=(1.0, 5.0),
    )
    return Dataset(
        name=planted.NAME,
        interactions=table,
        user_ids=np.arange(USERS, dtype=np.int64),
        item_ids=np.arange(ITEMS, dtype=np.int64),
        source="drawn for this audit",
    )
