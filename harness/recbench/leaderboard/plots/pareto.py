"""Quality against fit time on one machine, with the Pareto front."""

from collections import Counter

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from recbench.leaderboard.board import Board, Row
from recbench.leaderboard.plots import style
from recbench.leaderboard.plots.labels import place_labels

SHORTEST = 1e-3  # seconds; what is faster is drawn here


def draw(board: Board) -> Figure:
    """Draw the ranked rows of the machine that most of them come from."""
    rows = timed(board)
    metric = board.layout.primary
    upward = board.higher_is_better.get(metric) is not False
    figure = style.figure(5.6)
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    points = [_point(row, metric) for row in rows]
    for row, (x, y) in zip(rows, points, strict=True):
        axes.plot(
            x,
            y,
            "D" if row.pareto else "o",
            color=style.colour(board, row),
            ms=7 if row.pareto else 5.5,
            mec="white",
            zorder=3,
        )
    front = sorted(p for row, p in zip(rows, points, strict=True) if row.pareto)
    axes.plot(
        [x for x, _ in front],
        [y for _, y in front],
        color="#24292f",
        linewidth=1,
        linestyle=":",
        drawstyle="steps-post",
        zorder=2,
    )
    axes.set_xlabel("fit time in seconds (logarithmic)")
    axes.set_ylabel(style.arrow(board, metric))
    axes.set_title("diamonds: no model is both better and faster to fit")
    axes.margins(x=0.12, y=0.1)
    _turn(axes, upward=upward)
    place_labels(axes, points, [style.name(row) for row in rows])
    return figure


def timed(board: Board) -> list[Row]:
    """Return the ranked rows of the machine that most of them come from."""
    rows = [row for row in board.ranked if row.fit_seconds is not None]
    tally = Counter(row.machine for row in rows)
    machine = min(tally, key=lambda name: (-tally[name], name))
    return [row for row in rows if row.machine == machine]


def _point(row: Row, metric: str) -> tuple[float, float]:
    """Return a row's place in the picture."""
    return max(row.fit_seconds or 0.0, SHORTEST), row.metrics[metric].mean or 0.0


def _turn(axes: Axes, *, upward: bool) -> None:
    """Let better be up, whatever the direction of the metric."""
    if not upward:
        axes.invert_yaxis()
