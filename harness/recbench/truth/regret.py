"""How good lists truly are, beside the best that any ranker could have made."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recbench.evaluation.rules import RankingRules, seen_pairs
from recbench.metrics.ranking import discounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """The true worth of lists, one entry per user.

    Attributes:
        share: Discounted gain over that of the best possible list, float64 ``(n,)``.
        gain: Mean gain of the ``k`` places, float64 ``(n,)``.
        best: The same for the best possible list.
    """

    share: NDArray[np.float64]
    gain: NDArray[np.float64]
    best: NDArray[np.float64]

    @property
    def regret(self) -> float:
        """Return the share of the best possible worth that is lost, on average."""
        return float(1 - self.share.mean())


def worth(
    lists: NDArray[np.int32],
    users: NDArray[np.int32],
    gains: NDArray[np.float64],
    rules: RankingRules,
    k: int,
) -> Worth:
    """Return the true worth of the first ``k`` places of lists.

    The best possible list holds the ``k`` items of largest gain among those that the
    rules allow. An empty place gains nothing.

    Args:
        lists: Item codes, shape ``(n, >= k)``, padded with -1.
        users: User code of each list.
        gains: True gain of each pair, not negative, shape ``(n_users, n_items)``.
        rules: What could have been listed.
        k: Places that count.
    """
    shown = lists[:, :k]
    rows = gains[users]
    found = np.where(shown >= 0, np.take_along_axis(rows, np.maximum(shown, 0), 1), 0.0)
    allowed = rows.copy()
    allowed[:, ~rules.candidates] = 0.0
    if rules.seen is not None:
        allowed[seen_pairs(users, rules.seen)] = 0.0
    best = -np.sort(-allowed, axis=1)[:, :k]
    weights = discounts(k)
    most = best @ weights[: best.shape[1]]
    got = found @ weights[: found.shape[1]]
    share = np.divide(got, most, out=np.ones_like(got), where=most > 0)
    return Worth(share=share, gain=found.mean(axis=1), best=best.mean(axis=1))
