"""What is known of each claim: measured values, kept in a JSON file beside the page."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from recbench.claims.claim import Claim
from recbench.errors import DataError
from recbench.results import atomic, canonical

Verdict = Literal["reproduced", "not reproduced", "failed", "no data", "not run"]


class Entry(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the ledger keeps of a claim.

    Attributes:
        values: Metric to measured value.
        seconds: Time of all cells together.
        trouble: Why there are no values.
        absent: Whether the data set was not there.
        digest: Hash of what was measured, model source included.
        machine: Where, in a few words.
    """

    values: dict[str, float] = {}
    seconds: float = 0.0
    trouble: str = ""
    absent: bool = False
    digest: str = ""
    machine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A claim and what is known about it.

    Attributes:
        claim: The claim.
        entry: What was measured; None where nothing was.
        stale: Whether the claim or the model has changed since.
    """

    claim: Claim
    entry: Entry | None = None
    stale: bool = False

    def verdict(self, metric: str = "") -> Verdict:
        """Return the verdict on a metric, or on all of them together."""
        if self.entry is None:
            return "not run"
        if self.entry.absent:
            return "no data"
        if self.entry.trouble:
            return "failed"
        figures = [f for f in self.claim.figures if metric in ("", f.metric)]
        held = all(
            f.metric in self.entry.values and f.holds(self.entry.values[f.metric])
            for f in figures
        )
        return "reproduced" if held else "not reproduced"


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What was measured, by claim; a JSON file beside the page.

    Attributes:
        path: The file.
        entries: Claim name to entry.
    """

    path: Path
    entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> "Ledger":
        """Read a ledger; a missing file is an empty one.

        Raises:
            DataError: If it is damaged.
        """
        if not path.exists():
            return cls(path=path)
        try:
            entries = msgspec.json.decode(path.read_bytes(), type=dict[str, Entry])
        except (OSError, msgspec.MsgspecError) as error:
            msg = f"{path} is no ledger of claims: {error}; move it away"
            raise DataError(msg) from error
        return cls(path=path, entries=entries)

    def keep(self, name: str, entry: Entry) -> None:
        """Store an entry, durably."""
        self.entries[name] = entry
        text = msgspec.json.format(canonical.encode(self.entries), indent=1)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(self.path, text + b"\n")
