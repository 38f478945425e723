"""A simulated world with known preferences.

A user's preference for an item is ``p = mean + b_u + b_i + q_u . q_i`` with normal
biases and low-rank normal factors. An observed rating is ``p`` plus normal noise,
rounded to whole stars and clipped. The expectation of a rating given ``p`` is therefore
known, and so is the error that no model can go below: the square root of the mean
variance of a rating around that expectation. It rises with ``p``, so sorting by it is
the best possible ranking.

Who meets which item is skewed by popularity (a power law) and by taste: a user is
likelier to pick what they will like, as in real logs (ratings are not missing at
random). Users differ in activity (log-normal).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recbench.errors import UsageError

STARS = (1.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """The hidden truth.

    Attributes:
        mean: Mean preference.
        user_bias: float32, shape ``(n_users,)``.
        item_bias: float32, shape ``(n_items,)``.
        users: float32 factors, shape ``(n_users, d)``.
        items: float32 factors, shape ``(n_items, d)``.
        popularity: float64 chance of an item to be met, shape ``(n_items,)``.
        activity: int64 interactions per user, shape ``(n_users,)``.
        noise: Standard deviation of the noise on a preference.
        taste: How much likelier a liked item is picked; 0 for not at all.
    """

    mean: float
    user_bias: NDArray[np.float32]
    item_bias: NDArray[np.float32]
    users: NDArray[np.float32]
    items: NDArray[np.float32]
    popularity: NDArray[np.float64]
    activity: NDArray[np.int64]
    noise: float
    taste: float

    def preference(
        self, users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Return the preferences of pairs, float32, in stars and unbounded."""
        dot = np.einsum("nd,nd->n", self.users[users], self.items[items])
        both = self.user_bias[users] + self.item_bias[items]
        return np.asarray(self.mean + both + dot, dtype=np.float32)


def make_world(
    n_users: int,
    n_items: int,
    n_interactions: int,
    seed: int,
    *,
    factors: int = 8,
    noise: float = 0.8,
    skew: float = 1.0,
    taste: float = 1.0,
) -> World:
    """Draw a world.

    Args:
        n_users: Users.
        n_items: Items.
        n_interactions: Interactions wanted in all.
        seed: Seed of everything.
        factors: Rank of the taste.
        noise: Standard deviation of the noise, in stars.
        skew: Exponent of the popularity law; 0 for none.
        taste: How much likelier a liked item is picked.

    Raises:
        UsageError: If the sizes make no world.
    """
    if min(n_users, n_items) < 4 or not n_users <= n_interactions <= (
        n_users * n_items // 4
    ):
        msg = (
            f"cannot simulate {n_interactions:,} interactions of {n_users:,} users "
            f"with {n_items:,} items: at least 4 of each, and between one interaction "
            "per user and a quarter of all pairs"
        )
        raise UsageError(msg)
    rng = np.random.default_rng([seed, 0])
    activity = rng.lognormal(0.0, 0.8, n_users)
    law = (rng.permutation(n_items) + 1.0) ** -skew
    scale = np.float32((0.7 / factors**0.5) ** 0.5)  # the dot product's sd is 0.7
    return World(
        mean=3.4,
        user_bias=rng.normal(0, 0.35, n_users).astype(np.float32),
        item_bias=rng.normal(0, 0.45, n_items).astype(np.float32),
        users=scale * rng.standard_normal((n_users, factors), dtype=np.float32),
        items=scale * rng.standard_normal((n_items, factors), dtype=np.float32),
        popularity=law / law.sum(),
        activity=_share(activity, n_interactions, n_items // 2),
        noise=noise,
        taste=taste,
    )


def _share(weight: NDArray[np.float64], total: int, most: int) -> NDArray[np.int64]:
    """Return whole numbers, 1 to ``most``, like the weights, that sum to ``total``."""
    low, high = 0.0, total * most / weight.mean()
    for _ in range(200):  # bisection for the factor that fills the total
        factor = (low + high) / 2
        if np.clip(weight * factor, 1, most).sum() < total:
            low = factor
        else:
            high = factor
    exact: NDArray[np.float64] = np.clip(weight * high, 1, most)
    shares = np.floor(exact).astype(np.int64)
    missing = total - int(shares.sum())
    order = np.argsort(-(exact - shares), kind="stable")
    open_ = order[shares[order] < most]
    shares[open_[:missing]] += 1
    return np.asarray(shares, dtype=np.int64)


def expected_rating(
    preference: NDArray[np.float64] | NDArray[np.float32], noise: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and variance of the rating given the preference, float64.

    A rating is at least ``s`` stars when the noisy preference is at least ``s - 1/2``.
    """
    from scipy.special import ndtr

    p = np.asarray(preference, dtype=np.float64)
    mean, square = np.full_like(p, STARS[0]), np.full_like(p, STARS[0] ** 2)
    for star in range(int(STARS[0]) + 1, int(STARS[1]) + 1):
        at_least = ndtr((p - (star - 0.5)) / noise)
        mean += at_least
        square += (2 * star - 1) * at_least  # s^2 - (s - 1)^2
    return mean, square - mean**2
