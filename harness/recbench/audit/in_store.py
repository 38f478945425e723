"""Checks of the store: damage, repeated attempts, what has gone stale."""

from recbench import hardware
from recbench.audit.evidence import Evidence
from recbench.plugins.sources import source_hash
from recbench.referee.case import named, seed_of
from recbench.referee.finding import Finding
from recbench.results import canonical


def integrity(found: Evidence) -> Finding:
    """Files that are not what their name says."""
    damage = found.store.damaged(found.case.suite)
    message = "every record and every output is what its name says"
    if damage:
        first = f"{damage[0].path.name[:12]}: {damage[0].reason}"
        message = f"{len(damage)} damaged files ({first})"
    return Finding(
        id="integrity",
        looks_at="records and outputs against the hash in their name",
        verdict="fail" if damage else "pass",
        weight="major",
        message=message,
        evidence={"damaged": len(damage)},
    )


def attempts(found: Evidence) -> Finding:
    """Cells that were run again and came out differently."""
    primary = str(found.case.protocol.get("selection", ""))
    shown = {record.key for record in found.case.records}
    figures: dict[str, set[float | None]] = {}
    labels: dict[str, str] = {}
    again = 0
    for record in found.store.attempts(found.case.suite):
        if record.key not in shown or record.status != "ok":
            continue
        again += record.key in figures
        labels[record.key] = f"{record.label} (split {seed_of(record)})"
        known = record.metrics.get(primary)
        value = None if known is None or known.value is None else round(known.value, 9)
        figures.setdefault(record.key, set()).add(value)
    differing = [labels[key] for key, values in figures.items() if len(values) > 1]
    message = f"{again} cells were run again, and came out the same"
    if differing:
        message = (
            f"cells that came out differently when run again: {named(differing)}; the "
            "newest attempt counts, so a lucky one could have been waited for"
        )
    return Finding(
        id="attempts",
        looks_at="cells run more than once, and whether they agree",
        verdict="fail" if differing else "pass",
        weight="major",
        message=message,
        evidence={"run_again": again, "differing": differing},
    )


def stale(found: Evidence) -> Finding:
    """Records that the present installation would not make."""
    versions = hardware.versions()
    hashes: dict[str, str] = {}
    old: list[str] = []
    for record in found.case.ok:
        name = record.model
        if name not in hashes:
            origin = found.catalogue.origin.get(("models", name))
            hashes[name] = source_hash(origin) if origin else ""
        now = canonical.digest({"plugin": hashes[name], **versions})
        if record.provenance != now:
            old.append(record.label)
    rows = list(dict.fromkeys(old))
    message = "all records are of the versions that are installed here"
    if rows:
        message = (
            "made with other versions of libraries or of the plugin than those "
            f"installed here: {named(rows)}"
        )
    return Finding(
        id="provenance",
        looks_at="one set of versions behind all records, and the present one",
        verdict="fail" if rows else "pass",
        weight="minor",
        message=message,
        evidence={"stale": len(old)},
    )
