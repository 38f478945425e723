"""Training and validation curves: one row a model, one line a run."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recbench.leaderboard.board import Board, Row
from recbench.leaderboard.plots import style

MODELS = 12


def draw(board: Board) -> Figure:
    """Draw what models reported: the loss on the left, the validation on the right."""
    rows = [row for row in board.rows if any(r.curves for r in row.records)][:MODELS]
    columns = 4 if len(rows) > 1 else 2
    height = (len(rows) + 1) // 2 if columns == 4 else 1
    figure = style.figure(0.7 + 1.9 * height)
    grid = figure.subplots(height, columns, squeeze=False)
    flat = [cell for line in grid for cell in line]
    for number, row in enumerate(rows):
        left, right = flat[2 * number : 2 * number + 2]
        _panel(left, row, _training(row), "loss")
        _panel(right, row, ["validation"], "validation")
        left.set_title(style.name(row, 20), fontsize=9.5)
        right.set_title(
            board.layout.label(board.layout.primary), color="#57606a", fontsize=9.5
        )
    for empty in flat[2 * len(rows) :]:
        empty.set_visible(False)
    figure.supxlabel("epoch (left: training loss, right: validation; a line a run)")
    return figure


def _training(row: Row) -> list[str]:
    """Return the names of a row's curves other than validation, loss first."""
    names = {name for record in row.records for name in record.curves}
    return sorted(names - {"validation"}, key=lambda name: (name != "loss", name))[:3]


def _panel(axes: Axes, row: Row, names: Sequence[str], kind: str) -> None:
    """Draw some curves of every run of a model."""
    drawn = False
    for place, name in enumerate(names):
        colour = style.PALETTE[place + (kind == "validation")]
        for number, record in enumerate(row.records):
            points = record.curves.get(name, [])
            if not points:
                continue
            drawn = True
            axes.plot(
                [epoch for epoch, _ in points],
                [value for _, value in points],
                color=colour,
                alpha=0.75,
                linewidth=1.3,
                marker="." if len(points) < 30 else None,
                label=name if number == 0 and len(names) > 1 else None,
            )
    if not drawn:
        axes.text(0.5, 0.5, f"no {kind} reported", ha="center", va="center",
                  transform=axes.transAxes, color="#57606a")  # fmt: skip
        axes.set_xticks([])
        axes.set_yticks([])
        return
    if len(names) > 1:
        axes.legend(fontsize=7.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
