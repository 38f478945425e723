"""What a right next item should outscore, and by which loss.

``N`` positions have states ``(N, d)`` and one target each; items have vectors and
biases. The target competes with the whole catalogue, or with a sample of it that all
positions of a batch share, drawn by ``popularity ** power``. Sampling is corrected by
the logarithm of how often an item is expected in the sample (logQ; Bengio and Senécal,
2008), so that the sampled softmax estimates the full one.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding, logsigmoid, softmax

from recbench.neural import linear, moved

TINY = 1e-24


class Competitors:
    """Draws the items that targets compete with.

    Args:
        counts: Events of each item, shape ``(n_items,)``.
        negatives: Size of a sample; 0, or as many as there are items, for all.
        power: Exponent of the popularity; 0 draws uniformly.
        device: Where they are wanted.
    """

    def __init__(
        self,
        counts: NDArray[np.int64],
        *,
        negatives: int,
        power: float,
        device: torch.device,
    ) -> None:
        """Sum up the distribution."""
        self.device = device
        known = np.flatnonzero(counts)
        self.n_items = len(known)
        self.negatives = negatives if 0 < negatives < len(known) else 0
        weights = counts[known].astype(np.float64) ** power
        self.known = torch.from_numpy(known)
        self.cumulative = torch.from_numpy(np.cumsum(weights))
        expected = np.zeros(len(counts), dtype=np.float32)
        expected[known] = np.log(self.negatives * weights / weights.sum() + TINY)
        self.log_expected = torch.from_numpy(expected).to(device)

    def draw(self) -> Tensor | None:
        """Return a sample, int64 ``(negatives,)``, or None for the whole catalogue."""
        if not self.negatives:
            return None
        where = torch.rand(self.negatives, dtype=torch.float64) * self.cumulative[-1]
        at = torch.searchsorted(self.cumulative, where, right=True)
        return moved(self.known[at.clamp_(max=len(self.known) - 1)], self.device)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A loss and its settings.

    Attributes:
        kind: ``cross-entropy``, ``bpr-max`` or ``gbce``.
        competitors: What targets compete with.
        log_q: Share of the correction for sampling, for ``cross-entropy``.
        calibration: ``t`` of gBCE: 0 is plain binary cross-entropy.
        penalty: Weight of the squared scores of negatives in ``bpr-max``.
    """

    kind: str
    competitors: Competitors
    log_q: float = 1.0
    calibration: float = 0.75
    penalty: float = 0.0

    def __call__(
        self, states: Tensor, targets: Tensor, vectors: Tensor, bias: nn.Parameter
    ) -> Tensor:
        """Return the mean loss of a batch.

        Args:
            states: float32, shape ``(N, d)``.
            targets: int64, shape ``(N,)``.
            vectors: float32, shape ``(n_items, d)``.
            bias: float32, shape ``(n_items,)``.
        """
        sample = self.competitors.draw()
        if sample is None and self.kind == "cross-entropy":
            return cross_entropy(linear(states, vectors, bias), targets)
        if sample is None:
            sample = self.competitors.known.to(states.device)
        right = (states * embedding(targets, vectors)).sum(dim=1)
        right = right + embedding(targets, bias[:, None])[:, 0]
        biases = embedding(sample, bias[:, None])[:, 0]
        wrong = linear(states, embedding(sample, vectors), biases)  # (N, negatives)
        same = sample == targets[:, None]
        if self.kind == "cross-entropy":
            if self.competitors.negatives:
                wrong = wrong - self.log_q * self.competitors.log_expected[sample]
            return sampled_softmax(right, wrong.masked_fill(same, -torch.inf))
        if self.kind == "bpr-max":
            return bpr_max(right, wrong, same, self.penalty)
        rate = len(sample) / max(self.competitors.n_items - 1, 1)
        return gbce(right, wrong, same, min(rate, 1.0), self.calibration)


def sampled_softmax(right: Tensor, wrong: Tensor) -> Tensor:
    """Return the mean negative log-probability of the right items.

    Args:
        right: Scores of the targets, shape ``(N,)``.
        wrong: Corrected scores of the sample, shape ``(N, negatives)``; -inf where
            the sampled item is the target.
    """
    total = torch.logaddexp(right, torch.logsumexp(wrong, dim=1))
    return (total - right).mean()


def bpr_max(right: Tensor, wrong: Tensor, same: Tensor, penalty: float) -> Tensor:
    """Return BPR-max (Hidasi and Karatzoglou, 2018).

    The chance that the right item beats a wrong one, averaged over the wrong ones by
    the softmax of their scores; plus ``penalty`` times their squares, weighted alike.
    """
    weights = softmax(wrong.masked_fill(same, -torch.inf), dim=1)
    beaten = (weights * torch.sigmoid(right[:, None] - wrong)).sum(dim=1)
    squares = (weights * wrong.square()).sum(dim=1)
    return (penalty * squares - torch.log(beaten + TINY)).mean()


def gbce(
    right: Tensor, wrong: Tensor, same: Tensor, rate: float, calibration: float
) -> Tensor:
    """Return generalised binary cross-entropy (Petrov and Macdonald, 2023).

    With few negatives plain cross-entropy drives every positive towards certainty.
    The positive's term is weakened by ``beta``, which lies between ``rate`` (then the
    probabilities are calibrated) and 1.

    Args:
        right: Scores of the targets, shape ``(N,)``.
        wrong: Scores of the sample, shape ``(N, negatives)``.
        same: Where the sampled item is the target.
        rate: Share of the catalogue that is sampled.
        calibration: From 0 (plain) to 1 (calibrated).
    """
    beta = rate * (calibration * (1 - 1 / rate) + 1 / rate)
    against = logsigmoid(-wrong).masked_fill(same, 0.0).sum(dim=1)
    return -(beta * logsigmoid(right) + against).mean()
