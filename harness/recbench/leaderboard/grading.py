"""The referee's grade on the page of a board, from its records alone."""

from typing import Any

from recbench.leaderboard.board import Board
from recbench.leaderboard.escape import markdown, markdown_prose
from recbench.referee import checks, words
from recbench.referee.finding import Report


def report(board: Board) -> Report:
    """Return what the referee finds in the records behind a board."""
    records = [record for row in board.rows for record in row.records]
    baselines = board.layout.baselines
    return checks.of_records(
        board.suite, records, baselines=baselines, searches=board.searches
    )


def section(board: Board) -> list[str]:
    """Return the part of a Markdown page that shows the grade and its reasons."""
    found = report(board)
    lines = [f"- {markdown_prose(words.reason(finding))}" for finding in found.failed]
    text = (
        f"{markdown(words.headline(found))} `recbench audit` also looks into the data "
        "and the stored lists."
    )
    return ["## Referee", text, *(["\n".join(lines)] if lines else [])]


def plain(board: Board) -> dict[str, Any]:
    """Return the grade and its reasons as plain data."""
    found = words.plain(report(board))
    return {name: found[name] for name in ("grade", "scope", "reasons")}
