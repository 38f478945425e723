"""Plain tables that fit a terminal."""

import shutil
from collections.abc import Sequence

GAP = 2  # columns of space between two columns; tabulate adds as many to a title
NARROWEST = 12  # a column is not cut below this


def text(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table with aligned columns that is as wide as the terminal at most.

    Where it would be wider, the last column is cut; where another is wider still, such
    as one of models with all their parameters, that one is.
    """
    from tabulate import tabulate

    width = shutil.get_terminal_size((100, 24)).columns
    told = _fitted([[str(cell) for cell in row] for row in rows], head, width)
    lines = tabulate(told, headers=head, tablefmt="simple", disable_numparse=True)
    cut = [
        line if len(line) <= width else line[: width - 1] + "…"
        for line in lines.splitlines()
    ]
    return "\n".join(line.rstrip() for line in cut)


def _fitted(
    rows: list[list[str]], head: Sequence[str], width: int
) -> Sequence[Sequence[str]]:
    """Return the rows with the widest column cut, unless that is the last one."""
    sizes = [
        max([len(title) + GAP, *(len(row[i]) for row in rows)])
        for i, title in enumerate(head)
    ]
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
