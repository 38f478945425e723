"""The canary: looks for test labels through one channel, guesses by what it finds."""

import numpy as np
from numpy.typing import NDArray

from recbench.audit.canaries import in_columns, in_machine
from recbench.audit.canaries.birds import Params
from recbench.audit.canaries.guess import Guess, Look
from recbench.interactions import Interactions
from recbench.protocols import FitContext

LOOKS: dict[str, Look] = {
    "ties": in_columns.ties,
    "codes": in_columns.codes,
    "codes-near": in_columns.codes_near,
    "item-features": in_columns.item_features,
    "user-features": in_columns.user_features,
    "row-order": in_columns.row_order,
    "row-neighbours": in_columns.row_neighbours,
    "timestamps": in_columns.timestamps,
    "time-gaps": in_columns.time_gaps,
    "questions": in_columns.questions,
    "pair-order": in_columns.ties,
    "seed": in_columns.seed,
    "files": in_machine.files,
    "environment": in_machine.environment,
    "process": in_machine.process,
    "memory": in_machine.memory,
    "timing": in_machine.timing,
}


class Canary:
    """A model that learns nothing and looks everywhere."""

    def __init__(self, params: Params) -> None:
        """Remember where to look."""
        self.channel = params.channel
        self.guess: Guess | None = None

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Look."""
        self.guess = LOOKS[self.channel](train, context)

    def score(self, users: NDArray[np.int32]) -> NDArray[np.float32]:
        """Score items by what was found, float32 ``(b, n_items)``."""
        if self.guess is None:
            msg = "score was called before fit"
            raise RuntimeError(msg)
        return self.guess(users).astype(np.float32)

    def predict(
        self, users: NDArray[np.int32], items: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Predict by rank, from 1 to 5, float32 ``(n,)``."""
        found = np.arange(len(users), dtype=np.float64)
        if self.channel != "pair-order":
            found = self.score(users)[np.arange(len(users)), items].astype(np.float64)
        spread = float(np.ptp(found)) or 1.0
        return np.asarray(1 + 4 * (found - found.min()) / spread, dtype=np.float32)
