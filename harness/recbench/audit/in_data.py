"""Checks that rebuild the splits and look at their interactions."""

import numpy as np
from numpy.typing import NDArray

from recbench.audit.evidence import Evidence
from recbench.datasets.duplicates import count_repeats
from recbench.interactions import Interactions
from recbench.referee.case import seed_of
from recbench.referee.finding import Finding, Verdict


def splits(found: Evidence) -> Finding:
    """Whether the recorded splits are what the data yield."""
    n = len(found.parts)
    message = f"{n} splits rebuilt from the data, each as recorded"
    verdict: Verdict = "pass"
    if found.absent:
        verdict, message = "unknown", found.absent
    elif found.spoilt:
        verdict, message = "fail", next(iter(found.spoilt.values()))
    return Finding(
        id="splits",
        looks_at="same split and test users for all models",
        verdict=verdict,
        weight="fatal",
        message=message,
        evidence={"rebuilt": n, "not_as_recorded": sorted(found.spoilt)},
    )


def overlap(found: Evidence) -> Finding:
    """Test pairs in training and, apart, in validation."""
    repeats = found.case.protocol.get("seen") == "keep"
    counts = {
        seed: len(np.intersect1d(pairs(part.test), pairs(part.view.train)))
        for seed, part in found.parts.items()
    }
    most = max(counts.values(), default=0)
    verdict: Verdict = "fail" if most and not repeats else "pass"
    message = f"training holds {most:,} pairs of the test part, counted in the data"
    if found.absent or not found.parts:
        verdict, message = "unknown", found.absent or "no split could be rebuilt"
    return Finding(
        id="overlap",
        looks_at="test pairs that are in training, too",
        verdict=verdict,
        weight="fatal",
        message=message,
        evidence={"shared_pairs": counts},
    )


def validation(found: Evidence) -> Finding:
    """Whether validation and test share pairs."""
    repeats = found.case.protocol.get("seen") == "keep"
    shares = {
        seed: _shared(part.view.validation, part.test)
        for seed, part in found.parts.items()
    }
    most = max(shares.values(), default=0.0)
    verdict: Verdict = "fail" if most and not repeats else "pass"
    message = f"{most:.1%} of the test pairs are validation pairs, too"
    if found.absent or not found.parts:
        verdict, message = "unknown", found.absent or "no split could be rebuilt"
    return Finding(
        id="validation",
        looks_at="a validation part apart from the test part",
        verdict=verdict,
        weight="fatal",
        message=message,
        evidence={"share_of_test_in_validation": shares},
    )


def duplicates(found: Evidence) -> Finding:
    """Pairs that stand more than once within a part."""
    counts = {}
    for seed, part in found.parts.items():
        tables = {
            "train": part.view.train,
            "validation": part.view.validation,
            "test": part.test,
        }
        counts[seed] = {
            name: count_repeats(table.users, table.items, table.n_items)
            for name, table in tables.items()
        }
    worst = max((sum(one.values()) for one in counts.values()), default=0)
    allowed = found.case.protocol.get("duplicates") == "keep"
    verdict: Verdict = "fail" if worst else "pass"
    message = f"{worst:,} rows repeat a user-item pair within their part"
    if allowed and worst:
        message += ", since the suite keeps all rows: frequent pairs weigh more"
    if found.absent or not found.parts:
        verdict, message = "unknown", found.absent or "no split could be rebuilt"
    return Finding(
        id="duplicates",
        looks_at="user-item pairs that stand more than once in a part",
        verdict=verdict,
        weight="minor",
        message=message,
        evidence={"repeated_rows": counts},
    )


def leaks(found: Evidence) -> Finding:
    """Whether what records say about leakage is what the data say."""
    differing = sorted(
        {
            seed_of(r)
            for r in found.case.records
            if seed_of(r) in found.parts
            and r.split.get("leakage") != found.parts[seed_of(r)].split["leakage"]
        }
    )
    verdict: Verdict = "fail" if differing else "pass"
    message = "the leakage that records state was counted again and agrees"
    if differing:
        message = (
            "records state another leakage than the data show "
            f"(split seeds {', '.join(map(str, differing))})"
        )
    if found.absent or not found.parts:
        verdict, message = "unknown", found.absent or "no split could be rebuilt"
    return Finding(
        id="leakage-stated",
        looks_at="the leakage that records state, counted again",
        verdict=verdict,
        weight="fatal",
        message=message,
        evidence={"differing": differing},
    )


def pairs(table: Interactions) -> NDArray[np.int64]:
    """Return the distinct user-item pairs as one number each, ascending."""
    return np.unique(table.users.astype(np.int64) * table.n_items + table.items)


def _shared(one: Interactions, other: Interactions) -> float:
    """Return the share of the pairs of ``other`` that ``one`` holds."""
    whole = pairs(other)
    return float(np.isin(whole, pairs(one)).mean()) if len(whole) else 0.0
