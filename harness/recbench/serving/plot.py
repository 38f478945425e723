"""Recall against latency, one panel for each model, as SVG."""

import hashlib
import math
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from recbench.leaderboard.escape import clean
from recbench.leaderboard.plots import style
from recbench.serving.report import Measured, Report

TITLE = "Recall against latency"
COLUMNS = 2
PANELS = 8
TICKS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
CLOSE = 5e-3  # misses below it are drawn close to none


def draw(report: Report) -> Figure:
    """Draw the models with the best figures; every point is one setting."""
    best = sorted(report.models, key=lambda m: -m.figure)[:PANELS]
    across = min(COLUMNS, len(best))
    down = math.ceil(len(best) / across)
    with style.context():
        figure = style.figure(1.0 + 3.2 * down)
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for axes, served in zip(panels, best, strict=False):
            rows = [row for row in report.rows if row.model == served.model]
            _panel(axes, rows)
            axes.set_title(clean(served.model, style.LONGEST))
        for axes in panels[len(best) :]:
            axes.set_axis_off()
        handles: dict[str, Artist] = {}
        for axes in panels:
            lines, kinds = axes.get_legend_handles_labels()
            handles |= dict(zip(kinds, lines, strict=True))
        for axes in panels[max(0, len(best) - across) : len(best)]:
            axes.set_xlabel(f"recall of the exact top {report.k}")
        for axes in panels[::across]:
            axes.set_ylabel("median ms a query")
        if handles:
            shown, names = list(handles.values()), list(handles)
            figure.legend(shown, names, loc="outside lower center", ncols=4)
    return figure


def _stretched(recall: Any) -> Any:  # noqa: ANN401 - what Matplotlib passes
    """Return the place of a recall: the closer to 1, the wider it is drawn."""
    return -np.log(np.maximum(1 - np.asarray(recall), 0) + CLOSE)


def _recall(place: Any) -> Any:  # noqa: ANN401 - what Matplotlib passes
    """Return the recall at a place."""
    return 1 + CLOSE - np.exp(-np.asarray(place))


def _panel(axes: Axes, rows: list[Measured]) -> None:
    """Draw the settings of each index, joined in the order of their effort."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xscale("function", functions=(_stretched, _recall))
    axes.xaxis.set_major_locator(FixedLocator(TICKS))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    kinds = list(dict.fromkeys(row.index for row in rows))
    for number, kind in enumerate(kinds):
        mine = [row for row in rows if row.index == kind]
        axes.plot(
            [row.recall for row in mine],
            [row.p50_ms for row in mine],
            color=style.PALETTE[number % len(style.PALETTE)],
            marker=style.MARKERS[number % len(style.MARKERS)],
            ms=5.0,
            linewidth=1.3,
            label=kind,
            clip_on=False,
        )


def file(report: Report) -> bytes:
    """Return the picture as SVG; the same report gives the same bytes."""
    mark = hashlib.sha256(report.as_json().encode()).hexdigest()
    return style.svg(draw(report), TITLE, mark)
