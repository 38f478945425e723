"""Checks of how the rows of a board came about."""

from recbench.referee.case import Case, named, seed_of
from recbench.referee.finding import Finding, Verdict

SEEDS = 3


def protocol(case: Case) -> Finding:
    """Records of another protocol or data set in the same folder."""
    shown = {(r.protocol_hash, str(r.dataset.get("fingerprint"))) for r in case.records}
    n = len(case.others)
    message = "every record of the suite is shown, all of one protocol and data set"
    if n:
        message = (
            f"{n} {'record' if n == 1 else 'records'} of the suite cannot stand beside "
            "the others (another protocol, data set, split or plugin source)"
        )
    if len(shown) > 1:
        message = f"the rows were measured under {len(shown)} protocols or data sets"
    return Finding(
        id="protocol",
        looks_at="one protocol, filter rule, candidate set and data set for all rows",
        verdict="fail" if n or len(shown) > 1 else "pass",
        weight="fatal" if len(shown) > 1 else "minor",
        message=message,
        evidence={"protocols_shown": len(shown), "left_out": n},
    )


def baselines(case: Case) -> Finding:
    """The simple models that every board must show."""
    ranked = {
        rows[0].model
        for rows in case.rows.values()
        if all(r.status == "ok" for r in rows)
    }
    required = case.baselines or ()
    lacking = [name for name in required if name not in ranked]
    verdict: Verdict = "fail" if lacking else "pass"
    message = f"all {len(required)} required baselines are ranked"
    if lacking:
        message = f"required baselines that are not ranked: {', '.join(lacking)}"
    elif case.baselines is None:
        verdict, message = "unknown", "the suite is not known here, nor its baselines"
    elif not required:
        message = "the suite requires no baseline"
    return Finding(
        id="baselines",
        looks_at="the simple baselines that the suite requires",
        verdict=verdict,
        weight="major",
        message=message,
        evidence={"required": list(required), "lacking": lacking},
    )


def seeds(case: Case) -> Finding:
    """How many splits a row rests on."""
    few = [
        label
        for label, rows in case.rows.items()
        if 0 < len({seed_of(r) for r in rows if r.status == "ok"}) < SEEDS
    ]
    message = f"every row rests on {SEEDS} splits or more"
    if few:
        message = f"fewer than {SEEDS} splits: {named(few)}"
    return Finding(
        id="seeds",
        looks_at=f"at least {SEEDS} splits for every model",
        verdict="fail" if few else "pass",
        weight="major",
        message=message,
        evidence={"splits": list(case.splits), "few": few},
    )


def all_seeds(case: Case) -> Finding:
    """Every row on every split that any row has: nobody shows only the good ones."""
    runs = {(seed_of(r), r.seed) for r in case.records}
    lacking = {
        label: sorted(runs - {(seed_of(r), r.seed) for r in rows})
        for label, rows in case.rows.items()
    }
    lacking = {label: missing for label, missing in lacking.items() if missing}
    message = f"every row has all {len(runs)} runs"
    if lacking:
        message = f"runs that other rows have are missing: {named(list(lacking))}"
    return Finding(
        id="all-seeds",
        looks_at="all declared seeds for all rows, none picked",
        verdict="fail" if lacking else "pass",
        weight="major",
        message=message,
        evidence={
            "runs": len(runs),
            "lacking": {label: len(missing) for label, missing in lacking.items()},
        },
    )


def seed_choice(case: Case) -> Finding:
    """Seeds as anyone would take them: 0, 1, 2, ..."""
    plain = case.splits == tuple(range(len(case.splits)))
    message = "split seeds count from 0 without a gap"
    if not plain:
        shown = ", ".join(map(str, case.splits[:8]))
        message = (
            f"the split seeds are {shown}: seeds that do not count from 0 may have "
            "been picked"
        )
    return Finding(
        id="seed-choice",
        looks_at="split seeds that nobody chose",
        verdict="pass" if plain else "fail",
        weight="minor",
        message=message,
        evidence={"splits": list(case.splits)},
    )


def failed_cells(case: Case) -> Finding:
    """Cells that did not end well."""
    bad = [r for r in case.records if r.status not in ("ok", "skipped")]
    counts: dict[str, int] = {}
    for record in bad:
        counts[record.status] = counts.get(record.status, 0) + 1
    message = f"all {len(case.records)} cells ended ok or were skipped with a reason"
    if bad:
        rows = list(dict.fromkeys(r.label for r in bad))
        message = (
            f"{len(bad)} of {len(case.records)} cells did not end ok: {named(rows)}"
        )
    return Finding(
        id="failed-cells",
        looks_at="cells that did not end ok",
        verdict="fail" if bad else "pass",
        weight="minor",
        message=message,
        evidence={"cells": len(case.records), **counts},
    )


def provenance(case: Case) -> Finding:
    """Library versions that differ between the records of a board."""
    versions: dict[str, set[str]] = {}
    for record in case.ok:
        for name, version in record.versions.items():
            versions.setdefault(name, set()).add(version)
    mixed = {name: sorted(v) for name, v in sorted(versions.items()) if len(v) > 1}
    message = "all records were made with the same versions"
    if mixed:
        parts = (f"{name} {' and '.join(found)}" for name, found in mixed.items())
        message = f"records were made with different versions: {', '.join(parts)}"
    return Finding(
        id="provenance",
        looks_at="one set of versions behind all records, and the present one",
        verdict="fail" if mixed else "pass",
        weight="minor",
        message=message,
        evidence={"mixed": mixed},
    )
