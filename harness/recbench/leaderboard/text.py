"""Boards for a terminal of 80 columns."""

import textwrap

from recbench.leaderboard import columns, wording
from recbench.leaderboard.board import Board
from recbench.leaderboard.escape import clean
from recbench.leaderboard.grid import grid

WIDTH = 80


def render(board: Board, width: int = WIDTH) -> str:
    """Return the board as aligned text, with what must be known below.

    Args:
        board: The board.
        width: Columns of the terminal; long model names are shortened to fit.
    """
    shown = columns.narrow(board)
    lines = [[clean(c.cell(row)) for c in shown] for row in board.rows]
    others = [
        2 + _widest([c.header, *(x[i] for x in lines)]) for i, c in enumerate(shown)
    ]
    room = max(12, width - sum(others) + others[1] - 2)
    for line in lines:
        line[1] = _shorten(line[1], room)
    align = "".join(column.align[0] for column in shown)
    table = grid(lines, [column.header for column in shown], align, "simple")
    title = [clean(board.suite), *_wrapped(wording.summary(board), width)]
    return "\n".join([*title, "", table, *_below(board, width)]) + "\n"


def _below(board: Board, width: int) -> list[str]:
    """Return the lines under the table."""
    found = [f"cannot be told apart: {line}" for line in wording.together(board)]
    found += [f"{', '.join(who)}: {text}" for who, text in wording.failures(board)]
    found += [f"note: {note}" for note in board.notes]
    lines = [line for text in found for line in _wrapped(text, width)]
    return ["", *lines] if lines else []


def _wrapped(text: str, width: int) -> list[str]:
    """Return a sentence as lines of the terminal's width."""
    return textwrap.wrap(clean(text), width, subsequent_indent="  ")


def _widest(cells: list[str]) -> int:
    """Return the width of the widest cell."""
    return max(len(cell) for cell in cells)


def _shorten(text: str, room: int) -> str:
    """Return text that fits, its middle left out where it must."""
    if len(text) <= room:
        return text
    left = room * 2 // 3
    return f"{text[:left]}…{text[len(text) - (room - left - 1) :]}"
