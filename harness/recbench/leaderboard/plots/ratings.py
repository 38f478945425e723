"""Predicted against true ratings: one panel a model, shares within a true rating."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from recbench.leaderboard.board import Board, Row
from recbench.leaderboard.plots import style

MODELS = 8
COLUMNS = 4


def draw(board: Board) -> Figure:
    """Draw the best models and the reference."""
    with_counts = [
        row
        for row in style.chosen(board, MODELS)
        if any(record.spread for record in row.records)
    ]
    height = (len(with_counts) + COLUMNS - 1) // COLUMNS
    columns = min(COLUMNS, len(with_counts))
    figure = style.figure(1.0 + 2.3 * height)
    grid = figure.subplots(height, columns, squeeze=False, sharex=True, sharey=True)
    flat = [cell for line in grid for cell in line]
    image, top = None, _top(with_counts)
    for axes, row in zip(flat, with_counts, strict=False):
        image = _panel(axes, row, top)
    for empty in flat[len(with_counts) :]:
        empty.set_visible(False)
    figure.supxlabel("true rating")
    figure.supylabel("predicted rating")
    if image is not None:
        bar = figure.colorbar(image, ax=flat, shrink=0.8, aspect=30)
        bar.set_label("share of a true rating's predictions")
    return figure


def counts(row: Row) -> tuple[list[float], NDArray[np.float64]]:
    """Return the true ratings, ascending, and their counts over all runs.

    Returns:
        Ratings, and counts float64 of shape ``(bins, ratings)``.
    """
    levels = sorted({float(text) for r in row.records for text in r.spread})
    bins = max(len(line) for r in row.records for line in r.spread.values())
    table = np.zeros((bins, len(levels)))
    for record in row.records:
        for text, line in record.spread.items():
            table[:, levels.index(float(text))] += line
    return levels, table


def _top(rows: Sequence[Row]) -> float:
    """Return the share that gets the brightest colour, the same in all panels.

    That of a typical model: one that predicts a single value must not dim the others.
    """
    tables = [counts(row)[1] for row in rows]
    shares = [table / np.maximum(table.sum(axis=0), 1) for table in tables]
    return float(np.median([np.quantile(share, 0.99) for share in shares])) or 1.0


def _panel(axes: Axes, row: Row, top: float) -> AxesImage:
    """Draw the shares, the mean prediction and the line of truth."""
    levels, table = counts(row)
    low, high = levels[0], levels[-1]
    total = np.maximum(table.sum(axis=0), 1)
    middles = low + (high - low) * (np.arange(len(table)) + 0.5) / len(table)
    places = np.arange(len(levels))
    image = axes.imshow(
        table / total,
        origin="lower",
        aspect="auto",
        cmap="cividis",
        vmin=0,
        vmax=top,
        extent=(-0.5, len(levels) - 0.5, low, high),
        interpolation="nearest",
    )
    axes.plot(places, levels, color="white", linewidth=1.2, linestyle="--")
    mean = (table * middles[:, None]).sum(axis=0) / total
    axes.plot(places, mean, "o", color="#d55e00", mec="white", ms=5)
    step = max(1, len(levels) // 5)
    axes.set_xticks(places[::step], [f"{level:g}" for level in levels[::step]])
    axes.set_title(style.name(row, 20), fontsize=9.5)
    axes.grid(visible=False)
    return image
