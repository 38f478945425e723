"""Plain tables that fit a terminal.

Written here and not by tabulate, which costs a fifth of the start of a command.
"""

import shutil
from collections.abc import Sequence

GAP = 2  # columns of space between two columns, and behind a title
NARROWEST = 12  # a column is not cut below this


def text(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table with aligned columns that is as wide as the terminal at most.

    Where it would be wider, the last column is cut; where another is wider still, such
    as one of models with all their parameters, that one is.
    """
    width = shutil.get_terminal_size((100, 24)).columns
    cells = [[" ".join(str(cell).splitlines()) for cell in row] for row in rows]
    told = _fitted(cells, head, width)
    sizes = _sizes(told, head)
    lines = [head, ["-" * size for size in sizes], *told]
    joined = [
        (" " * GAP).join(c.ljust(n) for c, n in zip(line, sizes, strict=True))
        for line in lines
    ]
    cut = [line if len(line) <= width else line[: width - 1] + "…" for line in joined]
    return "\n".join(line.rstrip() for line in cut)


def _sizes(rows: Sequence[Sequence[str]], head: Sequence[str]) -> list[int]:
    """Return how wide each column is."""
    return [
        max([len(title) + GAP, *(len(row[i]) for row in rows)])
        for i, title in enumerate(head)
    ]


def _fitted(
    rows: list[list[str]], head: Sequence[str], width: int
) -> Sequence[Sequence[str]]:
    """Return the rows with the widest column cut, unless that is the last one."""
    sizes = _sizes(rows, head)
    over = sum(sizes) + GAP * (len(sizes) - 1) - width
    widest = sizes.index(max(sizes))
    if over <= 0 or widest == len(sizes) - 1:
        return rows
    room = max(sizes[widest] - over, len(head[widest]) + GAP, NARROWEST)
    return [
        [
            cell[: room - 1] + "…" if i == widest and len(cell) > room else cell
            for i, cell in enumerate(row)
        ]
        for row in rows
    ]
