"""From records to a board: figures with intervals, then how the rows stand."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from recbench.errors import DataError, NothingRanError
from recbench.leaderboard import notes, selection, standing
from recbench.leaderboard.board import Board, Estimate, PerUserOf
from recbench.leaderboard.layout import Layout, from_records
from recbench.leaderboard.rows import row
from recbench.leaderboard.selection import run_of
from recbench.metrics.views import PerUser
from recbench.results.record import Record
from recbench.statistics.intervals import interval, within
from recbench.statistics.sample import Run, Sample, sample, units


def board(
    suite: str,
    records: Sequence[Record],
    per_user: PerUserOf,
    layout: Layout | None,
) -> Board:
    """Return the board of a suite; see :func:`recbench.leaderboard.board.build`."""
    if not records:
        msg = f"suite {suite!r} has no records: run `recbench run {suite}` first"
        raise NothingRanError(msg)
    chosen = selection.select(records, layout.protocol if layout else None)
    shown = layout or from_records(chosen.records)
    versions = newest_versions(chosen.records, shown.metrics)
    splits = tuple(sorted({run_of(record)[0] for record in chosen.records}))
    said = list(chosen.notes)
    found: list[standing.Standing] = []
    for group in chosen.rows:
        samples = samples_of(group, versions, per_user, said)
        figures = {
            m: _estimate(samples[m], *shown.bounds.get(m, (None, None)))
            for m in shown.metrics
            if m in samples
        }
        one = row(group, figures, splits)
        ranks = one.status == "ok" and shown.primary in samples
        primary = samples[shown.primary] if ranks else None
        found.append(standing.Standing(row=one, sample=primary))
    higher = _directions(chosen.records, shown.metrics)
    placed = standing.place(found, shown, upward=higher[shown.primary] is not False)
    base = Board(
        suite=suite,
        task=chosen.records[0].task,
        layout=shown,
        higher_is_better=higher,
        splits=splits,
        **placed,
        **_context(chosen.records),
    )
    return dataclasses.replace(base, notes=notes.of(base, said))


def newest_versions(
    records: Sequence[Record], metrics: Iterable[str]
) -> dict[str, int]:
    """Return the newest version of each metric's definition that any record has."""
    return {
        metric: max(record.metrics[metric].version for record in known)
        for metric in metrics
        if (known := [record for record in records if metric in record.metrics])
    }


def samples_of(
    records: Sequence[Record],
    versions: Mapping[str, int],
    per_user: PerUserOf,
    said: list[str],
) -> dict[str, Sample]:
    """Return the sample of each metric of one row.

    Args:
        records: The row's records.
        versions: The metrics wanted, with the version of the definition that counts.
        per_user: Gives the per-user values of an ``ok`` record.
        said: Takes a sentence for whatever cannot be had.
    """
    return _samples(records, versions, _tables(records, per_user, said), said)


def _tables(
    records: Sequence[Record], per_user: PerUserOf, said: list[str]
) -> dict[Run, Mapping[str, PerUser]]:
    """Return the per-user values of the ``ok`` runs; say which have none."""
    tables = {}
    for record in records:
        if record.status == "ok":
            try:
                tables[run_of(record)] = per_user(record)
            except (DataError, OSError) as error:
                said.append(
                    f"{record.label} has intervals over splits only, as per-user "
                    f"values are missing: {error}"
                )
    return tables


def _samples(
    records: Sequence[Record],
    versions: Mapping[str, int],
    tables: Mapping[Run, Mapping[str, PerUser]],
    said: list[str],
) -> dict[str, Sample]:
    """Return the sample of each metric that all of the row's ``ok`` runs have."""
    ok = [record for record in records if record.status == "ok"]
    found = {}
    for metric, version in versions.items():
        known = {run_of(r): r.metrics[metric] for r in ok if metric in r.metrics}
        if any(figure.version != version for figure in known.values()):
            said.append(
                f"{ok[0].label} lacks {metric}: it was measured by an older definition "
                "(`recbench rescore` computes it anew)."
            )
            continue
        figures = {r: f.value for r, f in known.items() if f.value is not None}
        if figures and len(figures) == len(ok):
            parts = {run: t[metric] for run, t in tables.items() if metric in t}
            found[metric] = sample(figures, parts)
    return found


def _estimate(found: Sample, low: float | None, high: float | None) -> Estimate:
    """Return the figure of a sample with its interval, inside the metric's bounds."""
    known = within(interval(units(found)), low, high)
    return Estimate(mean=known.mean, low=known.low, high=known.high)


def _directions(
    records: Sequence[Record], metrics: Iterable[str]
) -> dict[str, bool | None]:
    """Return the direction of each metric, as recorded."""
    found: dict[str, bool | None] = {}
    for metric in metrics:
        known = (r.metrics[metric] for r in records if metric in r.metrics)
        found[metric] = next((figure.higher_is_better for figure in known), None)
    return found


def _context(records: Sequence[Record]) -> dict[str, Any]:
    """Return what the records say about data, protocol, machines and versions."""
    told = [record for record in records if record.status == "ok"] or list(records)
    machines = {str(r.machine.get("id", "")): r.machine for r in told}
    versions: dict[str, set[str]] = defaultdict(set)
    for record in told:
        for name, version in record.versions.items():
            versions[name].add(str(version))
    return {
        "dataset": told[0].dataset,
        "protocol": told[0].protocol,
        "split": min(told, key=run_of).split,
        "machines": {name: machines[name] for name in sorted(machines)},
        "versions": {name: tuple(sorted(versions[name])) for name in sorted(versions)},
    }
