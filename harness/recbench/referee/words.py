"""Grades and findings as sentences, the same wherever they are printed."""

from typing import Any

from recbench.referee.finding import Finding, Report

MEANS = {
    "A": "every check was made and passed",
    "B": "minor findings only",
    "C": "one major finding",
    "D": "several major findings",
    "F": "a fatal finding: do not rely on these figures",
}


def headline(report: Report) -> str:
    """Return the grade with what it means."""
    passed = sum(f.verdict == "pass" for f in report.findings)
    total = len(report.findings)
    return (
        f"Grade {report.grade} from {report.scope}: {MEANS[report.grade]} "
        f"({passed} of {total} checks passed)."
    )


def reason(found: Finding) -> str:
    """Return one finding in a line."""
    what = found.weight if found.verdict == "fail" else "not checked"
    return f"{found.id} ({what}): {found.message}."


def plain(report: Report) -> dict[str, Any]:
    """Return a report as plain data."""
    return {
        "suite": report.suite,
        "grade": report.grade,
        "scope": report.scope,
        "reasons": [reason(found) for found in report.failed],
        "checks": [
            {
                "id": found.id,
                "looks_at": found.looks_at,
                "verdict": found.verdict,
                "weight": found.weight,
                "message": found.message,
                "evidence": dict(found.evidence),
            }
            for found in report.findings
        ],
    }
