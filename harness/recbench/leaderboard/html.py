"""Boards as HTML: a page of its own, or a fragment for a notebook."""

import base64
from collections.abc import Mapping, Sequence

from recbench.leaderboard import columns, shapes, wording
from recbench.leaderboard.board import Board, Row
from recbench.leaderboard.columns import Column
from recbench.leaderboard.escape import html

STYLE = """
.recbench { font: 14px/1.45 system-ui, sans-serif; color: #1f2328; }
.recbench .scroll { overflow-x: auto; }
.recbench table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.recbench th, .recbench td { padding: 4px 10px; border-bottom: 1px solid #d8dee4;
  text-align: right; white-space: nowrap; }
.recbench th { border-bottom: 2px solid #8c959f; }
.recbench .left { text-align: left; }
.recbench .model { font-family: ui-monospace, monospace; }
.recbench tr.first td { background: #eaf4ff; }
.recbench tr.out td { color: #8a4600; background: #fff8ef; }
.recbench svg, .recbench img { max-width: 100%; height: auto; }
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>body {{ max-width: 1100px; margin: 2em auto; padding: 0 1em; }}{style}</style>
</head>
<body class="recbench">
{body}
</body>
</html>
"""


def page(board: Board, pictures: Mapping[str, bytes] | None = None) -> str:
    """Return a page that needs no other file.

    Args:
        board: The board.
        pictures: Caption to SVG, set into the page.
    """
    facts = (f"<li><b>{h}</b>: {html(text)}</li>" for h, text in wording.facts(board))
    parts = [
        f"<h1>{html(board.suite)}</h1>",
        f"<p>{html(wording.summary(board))}</p>",
        _table(columns.main(board), board.rows),
        *_below(board),
    ]
    for caption, svg in (pictures or {}).items():
        data = base64.b64encode(svg).decode()
        image = f'<img alt="{html(caption)}" src="data:image/svg+xml;base64,{data}">'
        parts.append(f"<figure>{image}</figure>")
    if len(board.layout.metrics) > 1:
        shown = [row for row in board.rows if row.metrics]
        parts += ["<h2>All metrics</h2>", _table(columns.metrics(board), shown)]
    parts += [
        "<h2>What is measured</h2>",
        f"<ul>{''.join(facts)}</ul>",
        *_commands(board),
        *_footer(board),
    ]
    body = "\n".join(parts)
    return PAGE.format(title=html(board.suite), style=STYLE, body=body)


def fragment(board: Board) -> str:
    """Return the main table with its style, for a notebook."""
    head = f"<p><b>{html(board.suite)}</b>: {html(wording.summary(board))}</p>"
    shown = _table(columns.main(board), board.rows)
    parts = [f"<style>{STYLE}</style>", head, shown, *_below(board)]
    return f'<div class="recbench">{"".join(parts)}</div>'


def _table(shown: Sequence[Column], rows: Sequence[Row]) -> str:
    """Return a table in a box that scrolls sideways."""
    head = "".join(f"<th{_class(c)}>{html(c.header)}</th>" for c in shown)
    lines = []
    for row in rows:
        kind = ' class="first"' if row.rank == 1 else ""
        kind = ' class="out"' if row.rank is None else kind
        cells = (f"<td{_class(c)}>{html(c.cell(row))}</td>" for c in shown)
        lines.append(f"<tr{kind}>{''.join(cells)}</tr>")
    body = "\n".join(lines)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def _class(column: Column) -> str:
    """Return the class attribute of a column's cells."""
    names: list[str] = ["left"] if column.align == "left" else []
    names += ["model"] if column.kind == "model" else []
    return f' class="{" ".join(names)}"' if names else ""


def _below(board: Board) -> list[str]:
    """Return ties, failures and notes."""
    lines = [f"Cannot be told apart: {html(line)}" for line in wording.together(board)]
    lines += [
        f"<b>{html(', '.join(labels))}</b>: {html(text)}"
        for labels, text in wording.failures(board)
    ]
    lines += [html(note) for note in board.notes]
    return (
        [f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"] if lines else []
    )


def _commands(board: Board) -> list[str]:
    """Return the commands that reproduce the rows, folded away."""
    lines = [html(command) for row in board.rows for command in row.commands]
    if not lines:
        return []
    joined = "\n".join(dict.fromkeys(lines))
    title = "Commands that reproduce each row"
    return [f"<details><summary>{title}</summary><pre>{joined}</pre></details>"]


def _footer(board: Board) -> list[str]:
    """Return hardware and versions."""
    letters = shapes.machine_letters(board)
    lines = [
        f"<li>Machine {letters[name]}: {html(wording.machine(facts))}</li>"
        for name, facts in board.machines.items()
    ]
    lines.append(f"<li>{html(wording.versions(board))}</li>")
    return ["<h2>Hardware and versions</h2>", f"<ul>{''.join(lines)}</ul>"]
