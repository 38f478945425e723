"""From draws to how often a protocol is right, and what it costs when it is not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recbench.truth.experiment import Trials

CLEAR = 0.01  # difference in true worth from which an order of two models matters


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How well a protocol recovers the true order of the models in one world.

    Attributes:
        protocol: Name of the protocol.
        winner: Share of draws in which its best model is truly the best.
        pairs: Share of clearly different pairs that it puts in the right order.
        tau: Mean Kendall tau-b to the true order.
        settled: Kendall tau-b of the mean figures of all draws to the mean true worth:
            what is left of the disagreement when there are data enough.
        loss: Mean true worth lost by shipping its winner in place of the best model.
        loss_error: Standard error of that mean.
    """

    protocol: str
    winner: float
    pairs: float
    tau: float
    settled: float
    loss: float
    loss_error: float


def recoveries(found: Trials) -> list[Recovery]:
    """Return the recovery of each protocol in one world."""
    return [
        recovery(name, values, found.truth) for name, values in found.figures.items()
    ]


def recovery(
    protocol: str, printed: NDArray[np.float64], truth: NDArray[np.float64]
) -> Recovery:
    """Return how well printed figures recover the true order.

    Args:
        protocol: Name of the protocol.
        printed: What it printed, shape ``(draws, models)``.
        truth: True worth, likewise.
    """
    first, second = np.triu_indices(truth.shape[1], k=1)
    true_gap = truth[:, first] - truth[:, second]
    gap = printed[:, first] - printed[:, second]
    clear = np.abs(true_gap) > CLEAR
    right = np.sign(gap) == np.sign(true_gap)
    draws = np.arange(len(truth))
    picked = printed.argmax(axis=1)
    losses = truth.max(axis=1) - truth[draws, picked]
    taus = _taus(np.sign(gap), np.sign(true_gap))
    means = [np.sign(g.mean(axis=0, keepdims=True)) for g in (gap, true_gap)]
    error = losses.std(ddof=1) / np.sqrt(len(losses)) if len(losses) > 1 else np.nan
    return Recovery(
        protocol=protocol,
        winner=float((picked == truth.argmax(axis=1)).mean()),
        pairs=float(right[clear].mean()) if clear.any() else float("nan"),
        tau=float(taus.mean()),
        settled=float(_taus(means[0], means[1])[0]),
        loss=float(losses.mean()),
        loss_error=float(error),
    )


def _taus(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return tau-b of each row of signs; 0 where an order holds nothing but ties."""
    scale = np.sqrt(np.abs(one).sum(axis=1) * np.abs(other).sum(axis=1))
    together = (one * other).sum(axis=1)
    out = np.zeros(len(one))
    np.divide(together, scale, out=out, where=scale > 0)
    return out
