"""What a canary did, and whether it sang."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["silent", "sings", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """The verdict on one canary.

    Attributes:
        group: ``cheater``, or how the labels were shuffled.
        name: The channel it looked through, or the model that was trained.
        task: ``top-n`` or ``rating``.
        metric: What ``figure`` is.
        figure: What it reached; None where its cell did not end well.
        chance: What it may reach.
        z: Standard errors above what it may reach (cheaters: either side).
        verdict: ``silent``; ``sings`` where the harness leaks; ``lost`` where the
            cell failed, so that nothing was learnt.
        message: The verdict in a sentence.
    """

    group: str
    name: str
    task: str
    metric: str
    figure: float | None
    chance: float
    z: float | None
    verdict: Verdict
    message: str

    @property
    def sings(self) -> bool:
        """Return whether this canary shows a leak."""
        return self.verdict == "sings"
