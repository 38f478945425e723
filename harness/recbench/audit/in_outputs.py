"""Checks of the stored lists, predictions and per-user values."""

import math

import numpy as np

from recbench.audit.evidence import Evidence
from recbench.errors import RecbenchError
from recbench.evaluation import measure
from recbench.metrics.views import PerUser
from recbench.referee.case import named, seed_of
from recbench.referee.finding import Finding, Verdict
from recbench.results.record import Record

TOLERANCE = 1e-9


def rescored(found: Evidence) -> list[Finding]:
    """Whether stored lists yield the stored figures, and per-user values too."""
    wrong: dict[str, list[str]] = {}
    broken: dict[str, str] = {}
    for record in found.measured():
        name = f"{record.label} (split {seed_of(record)})"
        try:
            faults = _faults(found, record)
        except (RecbenchError, OSError) as error:
            broken[name] = str(error)
            continue
        if faults:
            wrong[name] = faults
    n = len(found.measured())
    verdict: Verdict = "fail" if wrong else "pass"
    message = f"the figures of {n} records follow from their stored lists"
    if wrong:
        message = f"figures that the stored lists do not yield: {named(list(wrong))}"
    elif found.absent or not n:
        verdict, message = "unknown", found.absent or "no record could be measured"
    outputs = Finding(
        id="rescored",
        looks_at="figures and per-user values, computed again from stored lists",
        verdict=verdict,
        weight="fatal",
        message=message,
        evidence={"records": n, "differing": wrong},
    )
    return [outputs, *_unreadable(broken)]


def _unreadable(broken: dict[str, str]) -> list[Finding]:
    if not broken:
        return []
    first = next(iter(broken.values()))
    finding = Finding(
        id="rescored",
        looks_at="figures and per-user values, computed again from stored lists",
        verdict="fail",
        weight="major",
        message=f"outputs that cannot be measured: {named(list(broken))} ({first})",
        evidence={"unreadable": sorted(broken)},
    )
    return [finding]


def _faults(found: Evidence, record: Record) -> list[str]:
    """Return the metrics of a record that its stored output does not yield."""
    values = found.rescorer.values(record)
    stored = found.store.per_user(record)
    faults = []
    for name, figure in record.metrics.items():
        computed = measure.figure(values[name])
        if not _same(figure.value, computed):
            faults.append(name)
        value = values[name]
        if isinstance(value, PerUser):
            table = stored.get(name)
            if table is None or not _agree(table, value):
                faults.append(f"{name} per user")
    return faults


def _same(stored: float | None, computed: float) -> bool:
    if stored is None or math.isnan(computed):
        return stored is None and math.isnan(computed)
    return math.isclose(stored, computed, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _agree(one: PerUser, other: PerUser) -> bool:
    """Return whether two tables hold the same users, weights and values."""
    return (
        np.array_equal(one.users, other.users)
        and np.allclose(one.weights, other.weights, rtol=0, atol=TOLERANCE)
        and np.allclose(
            one.values[one.weights != 0],
            other.values[other.weights != 0],
            rtol=TOLERANCE,
            atol=TOLERANCE,
        )
    )


def users(found: Evidence) -> Finding:
    """Whether every row was asked for the same users or pairs: those of the test."""
    bad = []
    for record in found.measured():
        part = found.parts[seed_of(record)]
        try:
            if record.task == "rating":
                same = len(found.store.predictions(record)) == len(part.test)
            else:
                asked, _ = found.store.lists(record)
                same = np.array_equal(asked, part.view.ask_users)
        except (RecbenchError, OSError):
            continue  # what cannot be read is another check's finding
        if not same:
            bad.append(f"{record.label} (split {seed_of(record)})")
    n = len(found.measured())
    verdict: Verdict = "fail" if bad else "pass"
    message = f"all {n} records answer for the same test users or pairs"
    if bad:
        message = f"other test users than those of the split: {named(bad)}"
    elif found.absent or not n:
        verdict, message = "unknown", found.absent or "no record could be looked at"
    return Finding(
        id="users",
        looks_at="the same test users or pairs behind every row",
        verdict=verdict,
        weight="fatal",
        message=message,
        evidence={"records": n, "differing": bad},
    )


def coverage(found: Evidence) -> Finding:
    """Test users without a list."""
    empty: dict[str, float] = {}
    looked = 0
    for record in found.case.ok:
        if record.task == "rating":
            continue
        try:
            _, lists = found.store.lists(record)
        except (RecbenchError, OSError):
            continue
        looked += 1
        share = float((lists < 0).all(axis=1).mean()) if lists.size else 1.0
        if share:
            empty[record.label] = max(share, empty.get(record.label, 0.0))
    message = f"every test user has a list in all {looked} records"
    if found.case.ok and found.case.ok[0].task == "rating":
        message = "every test pair has a prediction"
    if empty:
        most = max(empty.values())
        message = (
            f"rows with users who got no list and count 0: {named(list(empty))} "
            f"(up to {most:.1%} of the users)"
        )
    return Finding(
        id="coverage",
        looks_at="test users without a list",
        verdict="fail" if empty else "pass",
        weight="minor",
        message=message,
        evidence={"records": looked, "share_without_list": empty},
    )
