"""What a model may implement. What it has decides which tasks it can enter.

None of these is a base class: a model is any object with the right methods.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from recbench.interactions import Interactions

if TYPE_CHECKING:
    from recbench.features import Features

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Queries:
    """Users to be served, known by what they did before.

    Attributes:
        users: int32, shape ``(n,)``; -1 where the user is unseen in training.
        offsets: int64, shape ``(n + 1,)``; query ``q`` owns the history entries
            ``offsets[q]:offsets[q + 1]``, oldest first.
        items: int32 item codes of the histories.
        ratings: float32, aligned with ``items``, or None.
        timestamps: int64, aligned with ``items``, or None.
        times: int64, shape ``(n,)``, the moment of each query, or None.
        user_features: One row per query, or None.
    """

    users: Codes
    offsets: NDArray[np.int64]
    items: Codes
    ratings: NDArray[np.float32] | None = None
    timestamps: NDArray[np.int64] | None = None
    times: NDArray[np.int64] | None = None
    user_features: "Features | None" = None

    def __len__(self) -> int:
        """Return the number of queries."""
        return len(self.users)


def _no_report(_values: Mapping[str, float]) -> None:
    """Drop a report: nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitContext:
    """What the harness lends a model while it is fitted.

    Attributes:
        task: ``rating``, ``top-n`` or ``next-item``.
        seed: Seed of everything random in the model.
        device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        threads: Threads the model may use; already set for torch and BLAS.
        metric: The suite's primary metric, which ``validate`` returns.
        maximize: Whether a larger ``validate`` is better.
        deadline: ``time.monotonic()`` value after which the cell is stopped, or None.
        log: Logger whose lines end in the record.
        validation: The validation interactions; None where the suite has none.
    """

    task: str = "top-n"
    seed: int = 0
    device: str = "cpu"
    threads: int = 1
    metric: str = ""
    maximize: bool = True
    deadline: float | None = None
    log: logging.Logger = field(default=logging.getLogger("recbench.model"))
    validation: Interactions | None = None
    validator: Callable[[Any], float] | None = field(default=None, repr=False)
    reporter: Callable[[Mapping[str, float]], None] = field(
        default=_no_report, repr=False
    )

    @property
    def rng(self) -> np.random.Generator:
        """Return a fresh NumPy generator from the seed; the same at every call."""
        return np.random.default_rng(self.seed)

    def validate(self, model: object) -> float | None:
        """Return the suite's primary metric of ``model`` on the validation part.

        Computed by the harness's own evaluator on the validation interactions, with
        the suite's candidates and seen-item policy.

        Returns:
            The metric, in the direction that ``maximize`` states; None where the
            suite has no validation part.
        """
        return None if self.validator is None else self.validator(model)

    def report(self, **values: float) -> None:
        """Report progress: ``report(epoch=3, epochs=20, loss=0.41)``.

        ``epoch`` counts from 1; ``epochs``, where given, lets the harness say how
        long is left. Any other name becomes a curve in the record.
        """
        self.reporter(values)

    def should_stop(self) -> bool:
        """Return whether the deadline has passed, so that a polite model stops."""
        return self.deadline is not None and time.monotonic() > self.deadline


@runtime_checkable
class Model(Protocol):
    """Anything that can be fitted."""

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Learn from ``train``. This call, and only this call, is timed as training.

        Args:
            train: The training interactions, a private copy-on-write copy.
            context: Task, seed, device, threads and validation.
        """
        ...


@runtime_checkable
class Sized(Protocol):
    """A model that says how many numbers it has learned."""

    n_parameters: int


@runtime_checkable
class Saved(Protocol):
    """A model that can be kept: ``save``, then ``load`` into a new one."""

    def save(self, path: Path) -> None:
        """Write the fitted model to ``path``, where nothing exists yet.

        It may become a file or a folder; nothing in it may be a pickle.
        """
        ...

    def load(self, path: Path) -> object:
        """Read what ``save`` wrote, into this untrained model or into another.

        Returns:
            The fitted model, or None where this object is it.
        """
        ...


@runtime_checkable
class Predictor(Protocol):
    """A model for the task ``rating``."""

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Predict ratings of pairs.

        Args:
            users: User codes, shape ``(n,)``; some may have no training row.
            items: Item codes, shape ``(n,)``; likewise.

        Returns:
            float32, shape ``(n,)``, finite, in rating units; the harness clips them
            to the scale of the data set.
        """
        ...


@runtime_checkable
class Scorer(Protocol):
    """A model that scores the whole catalogue for users it was trained on."""

    def score(self, users: Codes) -> Scores:
        """Score every item for a batch of users.

        Seen items are the harness's business: return their scores like any other.

        Args:
            users: User codes, shape ``(b,)``.

        Returns:
            float32, shape ``(b, n_items)``, finite; only the order within a row
            carries meaning.
        """
        ...


@runtime_checkable
class DotProduct(Protocol):
    """A model whose score is a dot product; scored in blocks by the harness."""

    def user_vectors(self, users: Codes) -> Scores:
        """Return float32 vectors of users, shape ``(b, d)``, finite."""
        ...

    def item_vectors(self) -> Scores:
        """Return float32 vectors of all items, shape ``(n_items, d)``, finite."""
        ...


@runtime_checkable
class Recommender(Protocol):
    """A model that retrieves by itself; its lists are verified, never repaired."""

    def recommend(self, users: Codes, k: int) -> Codes:
        """Return int32 item codes, best first, shape ``(b, k)``, padded with -1.

        Items of the user's training and validation part (as the suite's seen-item
        policy says), items outside the candidates and repeats make the cell invalid.
        Candidates are the items with a training interaction unless the suite says
        otherwise; ``context.validation`` holds the validation part.
        """
        ...


@runtime_checkable
class QueryScorer(Protocol):
    """A model that serves users known by their history alone."""

    def score_queries(self, queries: Queries) -> Scores:
        """Score every item for each query: float32, shape ``(n, n_items)``, finite."""
        ...
