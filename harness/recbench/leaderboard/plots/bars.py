"""Metrics by model with their intervals: one panel a metric, models in board order."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recbench.leaderboard import columns
from recbench.leaderboard.board import Board, Estimate
from recbench.leaderboard.plots import style

PANELS = 3


def draw(board: Board) -> Figure:
    """Draw bars from zero where more is better, dots on a cut axis where less is."""
    rows = board.ranked
    shown = panels(board)
    figure = style.figure(1.2 + 0.24 * len(rows))
    axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    places = np.arange(len(rows))[::-1]
    for metric, panel in zip(shown, axes, strict=True):
        _panel(board, panel, metric, places)
    axes[0].set_yticks(places, [style.name(row) for row in rows])
    axes[0].set_ylim(-0.7, len(rows) - 0.3)
    figure.supxlabel(_legend(board), fontsize=9, color="#57606a")
    return figure


def panels(board: Board) -> list[str]:
    """Return the primary metric and the first others of another kind."""
    primary = board.layout.primary
    found = [primary]
    kinds = {primary.partition("@")[0].partition("-")[0]}
    cut = primary.partition("@")[2]
    for metric in board.layout.metrics:
        name, _, own = metric.partition("@")
        if name.partition("-")[0] not in kinds and own in (cut, ""):
            kinds.add(name.partition("-")[0])
            found.append(metric)
    return found[:PANELS]


def _panel(board: Board, axes: Axes, metric: str, places: np.ndarray) -> None:
    """Draw one metric."""
    upward = board.higher_is_better.get(metric) is not False
    found = [row.metrics.get(metric) for row in board.ranked]
    means = [e.mean for e in found if e is not None and e.mean is not None]
    edge = max(means, default=0.0) if upward else style.worst_shown(means or [0.0])
    for row, place in zip(board.ranked, places, strict=True):
        estimate = row.metrics.get(metric)
        if estimate is None or estimate.mean is None:
            continue
        if estimate.mean > edge:
            style.off_scale(axes, place, estimate.mean, right=True)
            continue
        _mark(axes, estimate, place, style.colour(board, row), upward=upward)
    axes.set_title(columns.header(board, metric))
    if upward:
        axes.set_xlim(left=0)
    style.bare(axes)


def _mark(
    axes: Axes, found: Estimate, place: float, colour: str, *, upward: bool
) -> None:
    """Draw one model: a bar where more is better, its interval and its figure."""
    mean = found.mean or 0.0
    if upward:
        axes.barh(place, mean, height=0.72, color=colour, alpha=0.55)
    if found.low is not None and found.high is not None:
        axes.hlines(place, found.low, found.high, color="#24292f", linewidth=1.4)
    axes.plot(mean, place, "o", color="#24292f" if upward else colour, ms=3.5)


def _legend(board: Board) -> str:
    """Say what lines and colours mean."""
    text = "line: 95 % interval   blue: first rank"
    shown = {row.model for row in board.ranked}
    if board.layout.reference in shown:
        text += f"   orange: {board.layout.reference}"
    return text
