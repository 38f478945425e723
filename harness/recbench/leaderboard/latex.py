"""Boards as LaTeX tables (packages ``booktabs`` and ``textcomp``)."""

from recbench.leaderboard import columns, wording
from recbench.leaderboard.board import Board
from recbench.leaderboard.escape import clean, latex

_SYMBOLS = {
    "±": r"$\pm$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "◆": r"$\blacklozenge$",
    "−": "$-$",  # noqa: RUF001 - what the tables print as a minus
    "–": "--",  # noqa: RUF001 - and as nothing
    "×": r"$\times$",  # noqa: RUF001 - and as a factor
}


def render(board: Board) -> str:
    r"""Return a ``table`` environment."""
    shown = [c for c in columns.main(board) if c.header != "Device"]
    spec = "".join(column.align[0] for column in shown)
    head = " & ".join(_text(column.header) for column in shown)
    lines = [
        " & ".join(_text(column.cell(row)) for column in shown) + r" \\"
        for row in board.rows
    ]
    label = "".join(c if c.isalnum() else "-" for c in clean(board.suite))
    caption = f"{latex(board.suite)}. {_text(wording.intervals(board))}"
    body = [
        r"% needs \usepackage{booktabs,amssymb,textcomp}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{caption}}}",
        rf"\label{{tab:{label}}}",
        rf"\begin{{tabular}}{{{spec}}}",
        r"\toprule",
        head + r" \\",
        r"\midrule",
        *lines,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(body) + "\n"


def _text(text: str) -> str:
    """Return escaped text with the symbols that tables use."""
    line = latex(text)
    for symbol, command in _SYMBOLS.items():
        line = line.replace(symbol, command)
    return line
