"""The whole audit of a suite: records, data, outputs, store."""

from collections.abc import Callable

from recbench import plugins
from recbench.audit import in_data, in_outputs, in_store
from recbench.audit.evidence import Evidence, gather, searched, shipped
from recbench.errors import NothingRanError
from recbench.leaderboard import publish, selection
from recbench.referee import checks
from recbench.referee.case import Case
from recbench.referee.finding import Finding, Report, merged
from recbench.results.store import Store

SCOPE = "records, data and stored lists"


def _silent(_line: str) -> None:
    """Drop a line."""


def audit(
    store: Store,
    suite: str,
    catalogue: plugins.Catalogue,
    *,
    log: Callable[[str], None] = _silent,
) -> Report:
    """Return everything the referee finds about a suite.

    Args:
        store: The store that holds its records.
        suite: Name of the suite.
        catalogue: What the plugins offer.
        log: Takes lines for the person who waits.

    Raises:
        NothingRanError: If the suite has no records.
    """
    found = gather(case_of(store, suite, catalogue), store, catalogue, log)
    findings = [*checks.of_case(found.case), *_deep(found)]
    return Report(suite=suite, scope=SCOPE, findings=merged(findings))


def case_of(store: Store, suite: str, catalogue: plugins.Catalogue) -> Case:
    """Return the records that the board of a suite shows, and the others.

    Raises:
        NothingRanError: If there are none.
    """
    records = store.records(suite)
    if not records:
        msg = f"suite {suite!r} has no records: run `recbench run {suite}` first"
        raise NothingRanError(msg)
    layout = publish.layout_of(store, suite, catalogue)
    chosen = selection.select(records, layout.protocol if layout else None).records
    shown = {id(record) for record in chosen}
    return Case(
        suite=suite,
        records=chosen,
        others=tuple(r for r in records if id(r) not in shown),
        baselines=layout.baselines if layout else None,
        presets=shipped(catalogue, chosen[0].task) if chosen else {},
        searches=searched(store, catalogue, chosen[0]) if chosen else {},
    )


def _deep(found: Evidence) -> list[Finding]:
    """Return what the checks found that need more than records."""
    return [
        in_data.splits(found),
        in_data.overlap(found),
        in_data.validation(found),
        in_data.duplicates(found),
        in_data.leaks(found),
        in_outputs.users(found),
        in_outputs.coverage(found),
        *in_outputs.rescored(found),
        in_store.integrity(found),
        in_store.attempts(found),
        in_store.stale(found),
    ]
