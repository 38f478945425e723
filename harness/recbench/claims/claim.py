"""A claim: a figure that somebody published, and how it is measured here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from recbench.specs import Protocol

Effort = Literal["quick", "minutes", "slow"]

EFFORTS: tuple[Effort, ...] = ("quick", "minutes", "slow")
CHECKS = {
    "V": "recomputed by hand from the data, all digits equal",
    "V~": "recomputed by hand, equal up to ties or random starts",
    "R": "read in the source",
}
FACTS = ("interactions", "users", "items")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where figures were published.

    Attributes:
        name: Short name, unique within a file.
        title: What to call it.
        where: Address, repository and commit, or page.
    """

    name: str
    title: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How the publisher measured, as the harness repeats it.

    Attributes:
        name: Short name, unique within a file.
        words: The exact protocol in words.
        protocol: The same as data.
        each: Split parameters that take several values; the figure is the mean.
        seeds: Split and model seeds; the figure is the mean.
        candidates: ``"module:function"`` that returns the few items each test user is
            ranked over; empty for a full ranking.
    """

    name: str
    words: str
    protocol: Protocol
    each: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    candidates: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One published number.

    Attributes:
        metric: Name with cut-off, or one of the facts of a data set.
        published: The number with the digits it was printed with.
        tolerance: Largest distance at which it counts as reproduced.
    """

    metric: str
    published: Decimal
    tolerance: Decimal

    @property
    def digits(self) -> int:
        """Return how many decimals were printed."""
        exponent = self.published.as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0

    def gap(self, measured: float) -> float:
        """Return measured minus published."""
        return measured - float(self.published)

    def shown(self, measured: float | None) -> str:
        """Return a measured value with one digit more than were printed."""
        if measured is None:
            return ""
        return f"{measured:.{self.digits + 1 if self.digits else 0}f}"

    def holds(self, measured: float) -> bool:
        """Return whether a measured value reproduces the number."""
        return abs(self.gap(measured)) <= float(self.tolerance) + 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Published figures of one model in one setting.

    Attributes:
        name: Unique name, for the command line.
        file: The ``claims.toml`` that states it.
        plugin: Name of the plugin the file stands beside.
        source: Where it was published.
        dataset: Name of a data set.
        setting: How it was measured; None for facts of a data set.
        model: Model with parameters, such as ``ease[reg=1320]``; empty for facts.
        figures: The numbers.
        dialect: Library whose definitions of the metrics hold; empty for recbench's.
        check: ``V``, ``V~`` or ``R``: how far the figure was checked beforehand.
        because: Why the tolerance is what it is.
        why: The reason of a gap, where it is known.
        effort: ``quick`` (seconds), ``minutes`` or ``slow``.
    """

    name: str
    file: Path
    plugin: str
    source: Source
    dataset: str
    setting: Setting | None
    model: str
    figures: tuple[Figure, ...]
    dialect: str = ""
    check: str = "R"
    because: str = ""
    why: str = ""
    effort: Effort = "quick"

    @property
    def command(self) -> str:
        """Return the command that measures it."""
        return f"recbench verify {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Published figures that are not measured, and why.

    Attributes:
        what: The figures.
        why: The reason.
        file: The ``claims.toml`` that says so.
    """

    what: str
    why: str
    file: Path
