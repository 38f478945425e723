"""Plain tables that fit a terminal."""

import shutil
from collections.abc import Sequence


def text(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table with aligned columns; the last one is cut to the width."""
    from tabulate import tabulate

    width = shutil.get_terminal_size((100, 24)).columns
    lines = tabulate(rows, headers=head, tablefmt="simple", disable_numparse=True)
    cut = [
        line if len(line) <= width else line[: width - 1] + "…"
        for line in lines.splitlines()
    ]
    return "\n".join(line.rstrip() for line in cut)
