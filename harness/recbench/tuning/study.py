"""One search: a model in a suite, what it has tried, and what comes next."""

from dataclasses import dataclass, field
from typing import Any

from recbench.results import canonical
from recbench.runner.cells import Cell
from recbench.specs import SuiteSpec
from recbench.tuning.propose import Sampler, Tried, propose
from recbench.tuning.space import Space
from recbench.tuning.trial import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What every model is granted, the same for all.

    Attributes:
        trials: Most trials, or None.
        minutes: Most minutes of all its trials together, or None.
    """

    trials: int | None = None
    minutes: float | None = None

    def data(self) -> dict[str, int | float | None]:
        """Return it as plain data."""
        return {"trials": self.trials, "minutes": self.minutes}


@dataclass(slots=True, kw_only=True)
class Study:
    """A search and its state.

    Attributes:
        suite: The suite, measured by its primary metric.
        cell: A cell with the parameters that the search starts from, at the first seed.
        protocol: Hash of the suite's protocol.
        space: What is searched.
        seeds: Split seeds; a trial's figure is the mean over them.
        sampler: How parameters are proposed.
        maximize: Whether a larger figure is better.
        past: Finished trials, by number.
        ended: Why the search is over; empty while it is not.
        trouble: What kept it from its end that is not the model's fault.
    """

    suite: SuiteSpec
    cell: Cell
    protocol: str
    space: Space
    seeds: tuple[int, ...]
    sampler: Sampler
    maximize: bool
    past: list[Trial] = field(default_factory=list)
    ended: str = ""
    trouble: str = ""

    @property
    def setup(self) -> dict[str, Any]:
        """Return what decides which trials belong to this search."""
        return {
            "dataset": self.cell.fingerprint,
            "protocol": self.protocol,
            "model": self.cell.spec.name,
            "base": self.cell.params,
            "space": {
                d.name: list(d.values)
                if d.kind == "choice"
                else [d.low, d.high, *(["log"] if d.log else [])]
                for d in self.space
            },
            "plugin": self.cell.plugin_hash,
            "seeds": list(self.seeds),
            "sampler": self.sampler,
            "device": self.cell.device,
            "threads": self.cell.threads,
        }

    @property
    def key(self) -> str:
        """Return the hash of the setup, 64 hex digits."""
        return canonical.digest(self.setup)

    @property
    def title(self) -> str:
        """Return the name of the search for people."""
        return f"{self.suite.name} {self.cell.label}"

    @property
    def spent(self) -> float:
        """Return the seconds that the trials took."""
        return sum(trial.seconds.get("total", 0.0) for trial in self.past)

    def resume(self, trials: list[Trial], budget: Budget) -> None:
        """Take over stored trials, but one that fewer minutes had cut off."""
        self.past = list(trials)
        last = self.past[-1] if self.past else None
        if last is not None and last.cut is not None:
            before = self.spent - last.seconds.get("total", 0.0)
            granted = None if budget.minutes is None else 60 * budget.minutes - before
            if granted is None or granted > last.cut + 1.0:
                self.past.pop()

    def left(self, budget: Budget) -> float | None:
        """Return the seconds that are left of the model's minutes; None for no cap."""
        return None if budget.minutes is None else 60 * budget.minutes - self.spent

    def next(self, budget: Budget) -> dict[str, Any] | None:
        """Return the parameters of the next trial; None where the search is over."""
        number = len(self.past)
        left = self.left(budget)
        if budget.trials is not None and number >= budget.trials:
            self.ended = f"{number} trials"
        elif number and not self.space:
            self.ended = "nothing to tune"
        elif left is not None and left <= 0:
            self.ended = f"{budget.minutes:g} minutes were over after {number} trials"
        if self.ended:
            return None
        if number == 0:
            return dict(self.cell.params)
        found = propose(
            self.space,
            [Tried(params=trial.params, value=trial.value) for trial in self.past],
            maximize=self.maximize,
            sampler=self.sampler,
            seed=self.seeds[0],
        )
        if found is None:
            self.ended = f"all there is was tried, {number} trials"
            return None
        return {**self.cell.params, **found}
