"""Critical differences: which neighbours on the board no test tells apart."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recbench.leaderboard.board import Board, Estimate, Row
from recbench.leaderboard.plots import style

ROOM = 0.1  # of the panel, for values that lie beyond it: none covers the zero line


def draw(board: Board) -> Figure:
    """Draw intervals beside bars that join models of which no pair differs.

    The diagram of Demšar (2006), turned upright so that many models can be read.
    """
    rows = board.ranked
    figure = style.figure(1.2 + 0.24 * len(rows))
    lanes = max(1, len(_lanes(board)))
    left, right = figure.subplots(
        1, 2, sharey=True, width_ratios=(6, min(4.0, 0.7 + 0.28 * lanes))
    )
    places = np.arange(len(rows))[::-1]
    paired = any(row.difference for row in rows)
    _intervals(board, left, places, paired=paired)
    left.set_yticks(places, [f"{style.name(row)}  {row.rank:>2}" for row in rows])
    left.set_ylim(-0.7, len(rows) - 0.3)
    what = f"paired difference to {board.layout.reference}" if paired else "figure"
    left.set_title(f"rank, and {what} with 95 % interval")
    label = style.arrow(board, board.layout.primary)
    left.set_xlabel(f"difference in {label}" if paired else label)
    style.bare(left)
    _bars(board, right, len(rows))
    return figure


def _intervals(board: Board, axes: Axes, places: np.ndarray, *, paired: bool) -> None:
    """Draw each model's point and interval, or an arrow where it is far behind."""
    sign = -1 if board.higher_is_better.get(board.layout.primary) is not False else 1
    shown = [_shown(board, row, paired=paired) for row in board.ranked]
    edge = style.worst_shown([sign * (found.mean or 0.0) for found in shown])
    if paired:
        edge = max(edge, 0.0)  # what all are compared with stands on the scale
        axes.axvline(0, color="#24292f", linewidth=0.8, zorder=0.8)
    far = []
    for row, place, found in zip(board.ranked, places, shown, strict=True):
        mean = found.mean or 0.0
        if sign * mean > edge:
            far.append((place, mean))
            continue
        colour = style.colour(board, row)
        if found.low is not None and found.high is not None:
            axes.hlines(place, found.low, found.high, color=colour, linewidth=2)
        axes.plot(mean, place, "o", color=colour, ms=5)
    for place, mean in far:
        style.off_scale(axes, place, mean, right=sign > 0, signed=paired)
    if far:
        low, high = axes.get_xlim()
        room = ROOM * (high - low)
        axes.set_xlim(low - room * (sign < 0), high + room * (sign > 0))


def _shown(board: Board, row: Row, *, paired: bool) -> Estimate:
    """Return what stands for a row; the reference model itself stands at zero."""
    if paired:
        return row.difference or Estimate(mean=0.0)
    return row.metrics[board.layout.primary]


def _bars(board: Board, axes: Axes, n: int) -> None:
    """Draw one bar for each stretch, in as few lanes as they need."""
    lanes = _lanes(board)
    for lane, stretches in enumerate(lanes):
        for first, last in stretches:
            axes.vlines(
                lane, n - 1 - last - 0.25, n - 1 - first + 0.25, color="#24292f", lw=3
            )
    axes.set_xlim(-0.8, max(1, len(lanes)) - 0.2)
    axes.set_xticks([])
    axes.set_title("no pair\ndiffers" if lanes else "all pairs\ndiffer")
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.grid(visible=False)
    axes.tick_params(axis="y", length=0)


def _lanes(board: Board) -> list[list[tuple[int, int]]]:
    """Put stretches side by side so that none overlaps another."""
    lanes: list[list[tuple[int, int]]] = []
    for first, last in board.cliques:
        free = next((lane for lane in lanes if lane[-1][1] < first), None)
        if free is None:
            lanes.append([(first, last)])
        else:
            free.append((first, last))
    return lanes
