"""Two models of a suite side by side, with paired tests."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recbench.errors import NothingRanError, UsageError, unknown_name
from recbench.leaderboard import assemble, selection
from recbench.leaderboard.board import PerUserOf
from recbench.leaderboard.layout import Layout, from_records
from recbench.results.record import Record
from recbench.statistics.corrections import CORRECTIONS
from recbench.statistics.paired import Comparison
from recbench.statistics.paired import compare as compare_samples
from recbench.statistics.sample import Sample, units

Correction = Literal["holm", "bh", "none"]
ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One metric of two models on one suite.

    Attributes:
        suite: Name of the suite.
        metric: Name of the metric.
        label: Its column header.
        a: Label of the first model, or of the model in the first folder.
        b: Label of the second.
        a_mean: Figure of the first, over all its splits.
        b_mean: Figure of the second.
        found: First minus second, paired; None where they share no split.
        p_adjusted: P-value corrected for all lines of the comparison.
        better: ``a``, ``b`` or empty where no test tells them apart.
    """

    suite: str
    metric: str
    label: str
    a: str
    b: str
    a_mean: float
    b_mean: float
    found: Comparison | None
    p_adjusted: float | None = None
    better: str = ""


def models(
    suite: str,
    records: Sequence[Record],
    per_user: PerUserOf,
    names: tuple[str, str],
    *,
    layout: Layout | None = None,
    metrics: Sequence[str] = (),
    correction: Correction = "holm",
) -> list[Line]:
    """Compare two models of one suite, metric by metric.

    Args:
        suite: Name of the suite.
        records: Its records.
        per_user: Gives the per-user values of an ``ok`` record.
        names: Labels of the models, such as ``ncf[epochs=3]``; a bare name is enough
            where it names one row only or its defaults.
        layout: The suite's columns; None derives them from the records.
        metrics: Metrics to compare; empty for all.
        correction: How p-values are corrected for the number of lines.

    Raises:
        UsageError: If a model or metric is unknown.
        NothingRanError: If a model has no run that ended ``ok``.
    """
    chosen = selection.select(records, layout.protocol if layout else None)
    shown = layout or from_records(chosen.records)
    wanted = wanted_metrics(metrics, shown)
    first, second = (_row(chosen.rows, name, suite) for name in names)
    versions = assemble.newest_versions(chosen.records, wanted)
    rows = (first, second)
    a, b = (assemble.samples_of(row, versions, per_user, []) for row in rows)
    names = first[0].label, second[0].label
    lines = [
        line(suite, metric, shown, (names[0], a[metric]), (names[1], b[metric]))
        for metric in wanted
        if metric in a and metric in b
    ]
    if not lines:
        both = " and ".join(names)
        msg = f"{suite}: {both} have no metric in common whose runs ended ok"
        raise NothingRanError(msg)
    return judged(lines, correction, [*first, *second])


def wanted_metrics(metrics: Sequence[str], layout: Layout) -> list[str]:
    """Return the metrics to compare."""
    for metric in metrics:
        if metric not in layout.metrics:
            raise unknown_name("metric", metric, layout.metrics)
    return list(metrics or layout.metrics)


def _row(
    rows: Sequence[tuple[Record, ...]], name: str, suite: str
) -> tuple[Record, ...]:
    """Return the row that a name or label means."""
    labels = {row[0].label: row for row in rows}
    if name in labels:
        return labels[name]
    mine = [row for row in rows if row[0].model == name]
    if len(mine) == 1:
        return mine[0]
    if mine:
        several = ", ".join(sorted(row[0].label for row in mine))
        msg = f"{name!r} is several rows of {suite}: name one of {several}"
        raise UsageError(msg)
    raise unknown_name(f"model in {suite}", name, labels)


def line(
    suite: str,
    metric: str,
    layout: Layout,
    a: tuple[str, Sample],
    b: tuple[str, Sample],
) -> Line:
    """Compare two samples."""
    return Line(
        suite=suite,
        metric=metric,
        label=layout.label(metric),
        a=a[0],
        b=b[0],
        a_mean=units(a[1]).mean,
        b_mean=units(b[1]).mean,
        found=compare_samples(a[1], b[1]),
    )


def judged(
    lines: Sequence[Line], correction: Correction, records: Sequence[Record]
) -> list[Line]:
    """Correct the p-values of all lines together and say which side is better."""
    tested = [line for line in lines if line.found is not None]
    p = np.array([line.found.p for line in tested if line.found is not None])
    adjusted = p if correction == "none" else CORRECTIONS[correction](p)
    by_line = dict(zip(map(id, tested), adjusted.tolist(), strict=True))
    directions = {
        (r.suite, name): figure.higher_is_better
        for r in records
        for name, figure in r.metrics.items()
    }
    out = []
    for line in lines:
        value = by_line.get(id(line))
        upward = directions.get((line.suite, line.metric))
        better = ""
        if value is not None and value < ALPHA and upward is not None and line.found:
            better = "a" if (line.found.difference.mean > 0) == upward else "b"
        out.append(dataclasses.replace(line, p_adjusted=value, better=better))
    return out
