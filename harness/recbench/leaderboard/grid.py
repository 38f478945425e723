"""Tables of text by tabulate, the same in every environment."""

from collections.abc import Sequence

import tabulate as _tabulate


def grid(
    lines: Sequence[Sequence[str]], header: Sequence[str], align: str, style: str
) -> str:
    """Return a table.

    Args:
        lines: Rows of cells, escaped for the style.
        header: Column headers, likewise.
        align: ``l`` or ``r`` for each column.
        style: A table format of tabulate.
    """
    words = {"l": "left", "r": "right"}
    kept = _tabulate.WIDE_CHARS_MODE, _tabulate.MIN_PADDING
    # else the padding would depend on whether wcwidth happens to be installed
    _tabulate.WIDE_CHARS_MODE = False
    _tabulate.MIN_PADDING = 0
    try:
        return _tabulate.tabulate(
            lines,
            headers=header,
            tablefmt=style,
            disable_numparse=True,
            colalign=[words[letter] for letter in align] if lines else None,
        )
    finally:
        _tabulate.WIDE_CHARS_MODE, _tabulate.MIN_PADDING = kept
