"""Checks of what the records say about the data that was learnt and tested."""

from recbench.referee.case import Case, worst
from recbench.referee.finding import Finding, Verdict, Weight

UNKNOWN_EVENTS = 0.01  # share of test events whose item may be unknown in training
AHEAD = ("global-time", "rolling-window")  # splits that promise no look ahead
OWN = ("leave-last-out",)  # splits that promise none within a user


def splits(case: Case) -> Finding:
    """Same rows to learn and to test for every model."""
    groups: dict[tuple[str, str, int], set[str]] = {}
    sizes: dict[tuple[str, str, int], set[int]] = {}
    for record in (*case.records, *case.others):
        made = record.split.get("hash")
        if not made:
            continue
        fingerprint = str(record.dataset.get("fingerprint", ""))
        key = (record.protocol_hash, fingerprint, int(record.split.get("seed", 0)))
        groups.setdefault(key, set()).add(str(made))
        sizes.setdefault(key, set()).add(int(record.split.get("users", -1)))
    differing = sorted(key[2] for key, found in groups.items() if len(found) > 1)
    users = sorted(key[2] for key, found in sizes.items() if len(found) > 1)
    bad = sorted({*differing, *users})
    message = f"one split for every model, at each of {len(groups)} split seeds"
    if bad:
        message = (
            "records of one protocol, data set and split seed were measured on "
            f"different splits or users (split seeds {', '.join(map(str, bad))})"
        )
    return Finding(
        id="splits",
        looks_at="same split and test users for all models",
        verdict="fail" if bad else "pass",
        weight="fatal",
        message=message,
        evidence={"split_seeds": len(groups), "differing": bad},
    )


def overlap(case: Case) -> Finding:
    """Test pairs that training holds, too."""
    found = worst(case.leaks("repeated_pairs"))
    repeats = case.protocol.get("seen") == "keep"
    verdict: Verdict = "unknown"
    message = "the records do not say whether training repeats test pairs"
    evidence: dict[str, object] = {}
    if found is not None:
        seed, leak = found
        evidence = {"split_seed": seed, "repeated_pairs": leak["count"]}
        verdict = "fail" if leak["count"] and not repeats else "pass"
        message = f"training repeats {leak['count']:,} user-item pairs of the test part"
        if leak["count"] and repeats:
            message += ", which a suite of repeated consumption is about"
    return Finding(
        id="overlap",
        looks_at="test pairs that are in training, too",
        verdict=verdict,
        weight="fatal",
        message=message,
        evidence=evidence,
    )


def future(case: Case) -> Finding:
    """Training events later than what is tested."""
    split = str(case.protocol.get("split", ""))
    anyone = worst(case.leaks("train_after_any_test"))
    own = worst(case.leaks("train_after_own_test"))
    verdict: Verdict = "unknown"
    weight: Weight = "minor"
    message = "no timestamps: whether training looks ahead cannot be said"
    evidence: dict[str, object] = {"split": split}
    if anyone is not None and own is not None:
        evidence |= {"after_any_test": anyone[1], "after_own_test": own[1]}
        message = (
            f"{anyone[1]['share']:.1%} of the training events are later than the "
            f"earliest test event, {own[1]['share']:.1%} later than a test event of "
            "the same user"
        )
        verdict = "fail" if anyone[1]["count"] else "pass"
        broken = split in AHEAD and anyone[1]["count"]
        if broken or (split in OWN and own[1]["count"]):
            weight = "fatal"
            message += f", which the split {split} promises to rule out"
    return Finding(
        id="future",
        looks_at="training events later than what is tested",
        verdict=verdict,
        weight=weight,
        message=message,
        evidence=evidence,
    )


def unknown_items(case: Case) -> Finding:
    """Test events that no model could get right."""
    found = worst(case.leaks("cold_events"))
    verdict: Verdict = "unknown"
    message = "the records do not say how many test items training does not know"
    evidence: dict[str, object] = {"allowed_share": UNKNOWN_EVENTS}
    if found is not None:
        seed, leak = found
        evidence |= {"split_seed": seed, "cold_events": leak}
        verdict = "fail" if leak["share"] > UNKNOWN_EVENTS else "pass"
        message = (
            f"{leak['share']:.2%} of the test events have a user or an item without "
            "any training event"
        )
    return Finding(
        id="unknown-items",
        looks_at="test events of users or items unknown in training",
        verdict=verdict,
        weight="minor",
        message=message,
        evidence=evidence,
    )


def validation(case: Case) -> Finding:
    """Whether there was anything but the test part to select on."""
    without = sorted({r.label for r in case.records if _no_validation(r.split)})
    refit = bool(case.protocol.get("refit"))
    tuned = sorted({r.label for r in case.records if r.budget and r.label in without})
    message = "parameters and epochs can be chosen on a validation part"
    verdict: Verdict = "pass"
    if without and not refit:
        verdict = "fail"
        message = (
            "there is no validation part: what was chosen was chosen on the test part, "
            "or not at all"
        )
        if tuned:
            message += f"; yet these were tuned: {', '.join(tuned[:5])}"
    return Finding(
        id="validation",
        looks_at="a validation part apart from the test part",
        verdict=verdict,
        weight="major" if tuned else "minor",
        message=message,
        evidence={"rows_without": len(without), "refit": refit, "tuned": tuned},
    )


def _no_validation(split: dict[str, object]) -> bool:
    return "validation" in split and not split["validation"]
