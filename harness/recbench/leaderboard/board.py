"""A board: what a suite's records add up to. Pure and deterministic."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recbench.leaderboard.layout import Layout
from recbench.referee.case import Search

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawing

    from recbench.metrics.views import PerUser
    from recbench.results.record import Record

PerUserOf = Callable[["Record"], Mapping[str, "PerUser"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with its 95 % interval; None where there is none."""

    mean: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model with its parameters.

    Attributes:
        rank: Rank, shared by models that cannot be told apart; None where any of the
            row's runs did not end ``ok``.
        model: Name of the model.
        label: Model with the parameters that differ from their defaults.
        params: All parameters.
        budget: Tuning budget, empty where nothing was tuned.
        status: ``ok``, or what became of the runs that failed.
        note: The status for people, such as ``failed (2 of 3 seeds)``.
        reason: What the failed runs said.
        metrics: Metric name to figure, over the runs that ended ``ok``.
        difference: Primary metric minus that of the reference model, paired.
        ratio: Primary metric over that of the reference model.
        best_probability: Chance that the model is the best of the ranked ones.
        pareto: Whether no ranked model on the same machine is both better and faster
            to fit.
        fit_seconds: Median over the runs on ``machine``; likewise the next four.
        score_seconds: See above.
        latency_ms: One user (or pair) at a time, exact and in the harness.
        peak_mib: See above.
        size_mib: Of the saved model, where it can be saved.
        n_parameters: Learned numbers, where the model says.
        seeds: Runs that ended ``ok``.
        runs: (split seed, model seed, status) of every run.
        missing: Split seeds that other rows have and this one lacks.
        device: Device of the fits.
        threads: Threads of the fits.
        machine: Id of the machine whose timings are shown.
        machines: Ids of all machines the row's runs come from.
        plugin: Name and version of the plugin.
        commands: What reproduces the row.
        records: The records behind the row.
    """

    rank: int | None = None
    model: str
    label: str
    params: Mapping[str, Any]
    budget: Mapping[str, Any] = field(default_factory=dict)
    status: str = "ok"
    note: str = ""
    reason: str = ""
    metrics: Mapping[str, Estimate] = field(default_factory=dict)
    difference: Estimate | None = None
    ratio: float | None = None
    best_probability: float | None = None
    pareto: bool = False
    fit_seconds: float | None = None
    score_seconds: float | None = None
    latency_ms: float | None = None
    peak_mib: float | None = None
    size_mib: float | None = None
    n_parameters: int | None = None
    seeds: int = 0
    runs: tuple[tuple[int, int, str], ...] = ()
    missing: tuple[int, ...] = ()
    device: str = ""
    threads: int = 1
    machine: str = ""
    machines: tuple[str, ...] = ()
    plugin: str = ""
    commands: tuple[str, ...] = ()
    records: "tuple[Record, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a suite's records add up to.

    Attributes:
        suite: Name of the suite.
        task: ``rating``, ``top-n`` or ``next-item``.
        layout: Its columns.
        rows: Rows by primary metric, best first; those without a rank at the end.
        higher_is_better: Direction of each metric; None where neither end is better.
        over: What the intervals of the primary metric reflect.
        splits: Split seeds, ascending.
        groups: Labels of the models that share a rank, best group first.
        cliques: First and last row of each stretch of which no pair differs.
        smallest: Smallest difference to the best model that the test would find in
            half of the comparisons, at 80 % power.
        dataset: As recorded; likewise the next two.
        protocol: See above.
        split: Of the first split: sizes, users, leakage.
        machines: Machine id to what it is.
        versions: Library to its versions, ascending.
        notes: What a reader must know about this board.
        searches: Model to the searches beside the records, each with the parameters
            that it found and its budget.
    """

    suite: str
    task: str
    layout: Layout
    rows: tuple[Row, ...]
    higher_is_better: Mapping[str, bool | None]
    over: str = ""
    splits: tuple[int, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    cliques: tuple[tuple[int, int], ...] = ()
    smallest: float | None = None
    dataset: Mapping[str, Any]
    protocol: Mapping[str, Any]
    split: Mapping[str, Any]
    machines: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()
    searches: Mapping[str, tuple[Search, ...]] = field(default_factory=dict)

    @property
    def ranked(self) -> tuple[Row, ...]:
        """Return the rows that have a rank."""
        return tuple(row for row in self.rows if row.rank is not None)

    @property
    def unranked(self) -> tuple[Row, ...]:
        """Return the rows of which a run did not end ``ok``."""
        return tuple(row for row in self.rows if row.rank is None)

    def _repr_html_(self) -> str:
        """Show the board as a table in a notebook."""
        from recbench.leaderboard.html import fragment

        return fragment(self)

    def __str__(self) -> str:
        """Return the board as a table for a terminal of 80 columns."""
        from recbench.leaderboard.text import render

        return render(self)

    def to_frame(self) -> "pd.DataFrame":
        """Return the rows as a data frame, one column a figure."""
        from recbench.leaderboard.flat import frame

        return frame(self)

    def plot(self, name: str = "metrics") -> "Drawing":
        """Return one of the board's pictures as a Matplotlib figure.

        Raises:
            UsageError: If the board has no such plot; the message names those it has.
        """
        from recbench.leaderboard.plots import draw

        return draw(self, name)


def build(
    suite: str,
    records: "Sequence[Record]",
    per_user: PerUserOf,
    *,
    layout: Layout | None = None,
) -> Board:
    """Return the board of a suite.

    The same records give the same board, in whatever order they come.

    Args:
        suite: Name of the suite.
        records: Its records, one attempt a cell, of any status.
        per_user: Gives the per-user values of each metric of an ``ok`` record.
        layout: The columns; None derives them from the records.

    Raises:
        NothingRanError: If there is no record.
    """
    from recbench.leaderboard.assemble import board

    return board(suite, records, per_user, layout)
