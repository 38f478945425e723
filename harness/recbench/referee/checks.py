"""All checks that need nothing but records."""

from collections.abc import Mapping, Sequence

from recbench.referee import about_data, about_rows, about_tuning
from recbench.referee.case import Case, Search
from recbench.referee.finding import Finding, Report
from recbench.results.record import Record

CHECKS = (
    about_rows.protocol,
    about_data.splits,
    about_data.overlap,
    about_data.future,
    about_data.unknown_items,
    about_data.validation,
    about_rows.baselines,
    about_tuning.tuned,
    about_tuning.budget,
    about_rows.seeds,
    about_rows.all_seeds,
    about_rows.seed_choice,
    about_rows.failed_cells,
    about_rows.provenance,
)


def of_case(case: Case) -> list[Finding]:
    """Return what every check found."""
    return [check(case) for check in CHECKS]


def of_records(
    suite: str,
    records: Sequence[Record],
    *,
    baselines: Sequence[str] = (),
    searches: Mapping[str, Sequence[Search]] | None = None,
) -> Report:
    """Return the report on a board from its records alone: deterministic and light.

    Args:
        suite: Name of the suite.
        records: The records that the board shows.
        baselines: Models that the board must show.
        searches: See :class:`Case`.
    """
    case = Case(
        suite=suite,
        records=tuple(records),
        baselines=tuple(baselines),
        searches=searches or {},
    )
    return Report(suite=suite, scope="records", findings=tuple(of_case(case)))
