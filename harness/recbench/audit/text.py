"""Reports of the referee as text and as JSON."""

import json
from collections.abc import Sequence
from textwrap import wrap

from recbench.leaderboard.escape import clean, markdown
from recbench.leaderboard.grid import grid
from recbench.referee import words
from recbench.referee.finding import Finding, Report

WIDTH = 76
MARKS = {"pass": "ok", "unknown": "?", "fail": "FAIL"}


def render(report: Report) -> str:
    """Return a report for a terminal."""
    head = f"{clean(report.suite)}: {words.headline(report)}"
    lines = [*wrap(head, WIDTH), ""]
    for found in report.findings:
        text = f"{_mark(found):12}{found.id}: {clean(found.message)}"
        lines += wrap(text, WIDTH, subsequent_indent=" " * 12)
    return "\n".join(lines) + "\n"


def page(report: Report) -> str:
    """Return a report as a Markdown page."""
    rows = [
        [
            found.id,
            markdown(found.looks_at),
            _mark(found),
            markdown(found.message),
        ]
        for found in report.findings
    ]
    header = ["Check", "Looks at", "Verdict", "Found"]
    return (
        f"# Audit of {markdown(report.suite)}\n\n"
        f"{markdown(words.headline(report))}\n\n{grid(rows, header, 'llll', 'pipe')}\n"
    )


def _mark(found: Finding) -> str:
    """Return the verdict, with the weight of a failure."""
    mark = MARKS[found.verdict]
    return f"{mark} {found.weight}" if found.verdict == "fail" else mark


def render_all(reports: Sequence[Report]) -> str:
    """Return several reports for a terminal."""
    return "\n".join(render(report) for report in reports)


def pages(reports: Sequence[Report]) -> str:
    """Return several reports as one Markdown page."""
    return "\n".join(page(report) for report in reports)


def to_json(reports: Sequence[Report]) -> str:
    """Return reports as one JSON array."""
    return json.dumps([words.plain(report) for report in reports], indent=1) + "\n"


RENDER = {"text": render_all, "markdown": pages, "json": to_json}
