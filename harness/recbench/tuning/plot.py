"""The expected best after n trials, one line a model, as SVG."""

import hashlib

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recbench.leaderboard.escape import clean
from recbench.leaderboard.plots import style
from recbench.results import canonical
from recbench.tuning.report import Line, Report

MODELS = 8
TITLE = "Expected best after n trials"


def draw(report: Report) -> Figure:
    """Draw the models with the best tuned figures."""
    lines = [x for x in report.lines if any(v is not None for v in x.expected)][:MODELS]
    with style.context():
        figure = style.figure(4.0 + 0.25 * ((len(lines) + 3) // 4))
        axes = figure.subplots()
        longest = max((len(line.expected) for line in lines), default=1)
        for number, line in enumerate(lines):
            _one(axes, line, number, longest)
        better = "higher" if report.maximize else "lower"
        axes.set_ylabel(f"{clean(report.metric)} on validation ({better} is better)")
        axes.set_xlabel("trials; the first are the defaults")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(f"{TITLE}: {clean(report.suite)}")
        if lines:
            figure.legend(loc="outside lower center", ncols=4)
    return figure


def _one(axes: Axes, line: Line, number: int, longest: int) -> None:
    """Draw one model; where its search ended earlier, a dotted line goes on."""
    points = [(n, v) for n, v in enumerate(line.expected, 1) if v is not None]
    colour = style.PALETTE[number % len(style.PALETTE)]
    marker = style.MARKERS[number % len(style.MARKERS)]
    axes.plot(
        [n for n, _ in points],
        [v for _, v in points],
        color=colour,
        marker=marker,
        ms=4.0,
        linewidth=1.5,
        label=clean(line.label, style.LONGEST),
    )
    last, value = points[-1]
    if last < longest:
        axes.plot([last, longest], [value, value], color=colour, linestyle=":")


def file(report: Report) -> bytes:
    """Return the picture as SVG; the same report gives the same bytes."""
    shown = [[x.label, x.expected] for x in report.lines]
    mark = hashlib.sha256(canonical.encode([report.suite, shown])).hexdigest()
    return style.svg(draw(report), TITLE, mark)
