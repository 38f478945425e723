"""Boards as Markdown pages, for GitHub and for reading as plain text."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from recbench.leaderboard import columns, grading, shapes, wording
from recbench.leaderboard.board import Board, Estimate, Row
from recbench.leaderboard.columns import Column
from recbench.leaderboard.escape import markdown, markdown_block, markdown_code
from recbench.leaderboard.grid import grid


def page(board: Board, plots: Mapping[str, str] | None = None) -> str:
    """Return the page of a suite.

    Args:
        board: The board.
        plots: Path of each picture, relative to the page, to its caption.
    """
    parts = [
        f"# {markdown(board.suite)}",
        markdown(wording.summary(board)),
        table(columns.main(board), board.rows),
        *_notes(board),
        *_together(board),
        *_failures(board),
        *_pictures(plots or {}),
    ]
    if len(board.layout.metrics) > 1:
        shown = [row for row in board.rows if row.metrics]
        parts += ["## All metrics", table(columns.metrics(board), shown)]
    facts = (f"- **{head}**: {markdown(text)}" for head, text in wording.facts(board))
    parts += [
        "## What is measured",
        "\n".join(facts),
        *grading.section(board),
        *_commands(board),
        *_footer(board),
    ]
    return "\n\n".join(parts) + "\n"


def index(documents: Sequence[Mapping[str, Any]]) -> str:
    """Return the page over all suites.

    Args:
        documents: Each suite's published ``board.json``.
    """
    header = ["Suite", "Data", "Task", "Models", "Splits", "Best", "Figure"]
    lines = [_index_line(document) for document in documents]
    text = (
        "One page a suite. Models that share the first rank of a suite cannot be told "
        "apart by its data; the figure is that of the first of them."
    )
    return (
        "\n\n".join(("# Leaderboards", text, _pipes(header, lines, "lllrrll"))) + "\n"
    )


def _index_line(document: Mapping[str, Any]) -> list[str]:
    """Return the line of a suite."""
    best = [row for row in document["rows"] if row.get("rank") == 1]
    names = ", ".join(markdown_code(row["label"]) for row in best[:4])
    names += f" and {len(best) - 4} more" if len(best) > 4 else ""
    primary = document["primary"]
    label = next(
        (m["label"] for m in document["metrics"] if m["name"] == primary), primary
    )
    top = Estimate(**best[0]["metrics"][primary]) if best else None
    suite = str(document["suite"])
    return [
        f"[{markdown(suite)}]({quote(suite)}/README.md)",
        markdown(document["dataset"].get("name", "")),
        markdown(document["task"]),
        str(len(document["rows"])),
        str(len(document["splits"])),
        names or shapes.NONE,
        f"{markdown(label)} {shapes.with_interval(top)}",
    ]


def table(shown: Sequence[Column], rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table that is also aligned as plain text."""
    header = [markdown(column.header) for column in shown]
    lines = [[_cell(column, row) for column in shown] for row in rows]
    return _pipes(header, lines, "".join(column.align[0] for column in shown))


def _pipes(header: list[str], lines: list[list[str]], align: str) -> str:
    """Return a pipe table; ``align`` has ``l`` or ``r`` for each column."""
    return grid(lines, header, align, "pipe")


def _cell(column: Column, row: Row) -> str:
    """Return one cell, escaped."""
    if column.kind == "model":
        return markdown_code(column.cell(row))
    return markdown(column.cell(row))


def _together(board: Board) -> list[str]:
    """Return which models cannot be told apart."""
    groups = [group for group in board.groups if len(group) > 1]
    if not groups:
        return []
    lines = [f"- {', '.join(markdown_code(name) for name in g)}" for g in groups]
    return ["These cannot be told apart and share a rank:", "\n".join(lines)]


def _failures(board: Board) -> list[str]:
    """Return what became of the models without a rank."""
    lines = [
        f"- {', '.join(map(markdown_code, labels))}: {markdown(text)}"
        for labels, text in wording.failures(board)
    ]
    return ["## Not ranked", "\n".join(lines)] if lines else []


def _notes(board: Board) -> list[str]:
    """Return what a reader must know."""
    lines = "\n".join(f"- {markdown(note)}" for note in board.notes)
    return ["Before you rely on it:", lines] if lines else []


def _pictures(plots: Mapping[str, str]) -> list[str]:
    """Return the links to the pictures."""
    if not plots:
        return []
    links = [f"![{markdown(caption)}]({path})" for path, caption in plots.items()]
    return ["## Pictures", *links]


def _commands(board: Board) -> list[str]:
    """Return the commands that reproduce the rows, folded away."""
    lines: list[str] = []
    for row in board.rows:
        lines += [f"# {row.label}", *row.commands] if row.commands else []
    if not lines:
        return []
    return [
        "<details>\n<summary>Commands that reproduce each row</summary>",
        markdown_block(lines),
        "</details>",
    ]


def _footer(board: Board) -> list[str]:
    """Return hardware and versions."""
    letters = shapes.machine_letters(board)
    several = len(letters) > 1
    lines = [
        f"- {f'Machine {letters[name]}: ' if several else ''}"
        + markdown(wording.machine(facts))
        for name, facts in board.machines.items()
    ]
    lines.append(f"- {markdown(wording.versions(board))}")
    return ["## Hardware and versions", "\n".join(lines)]
