"""How all pictures look, and how they become the same bytes each time."""

import contextlib
import functools
import io
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from recbench.leaderboard.board import Board, Row
from recbench.leaderboard.escape import clean
from recbench.leaderboard.shapes import MINUS

WIDTH = 9.0  # inches; GitHub shows some 900 pixels
PALETTE = (  # Okabe and Ito (2008): told apart with any kind of colour vision
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#000000",
    "#8c6d00",
)
MARKERS = "osD^vPX*"
BEST, OTHER, REFERENCE = "#0072b2", "#7f93a6", "#d55e00"
GRID = "#d8dee4"
LONGEST = 28
INSET = 0.012  # of a panel's width, from its edge to the middle of an arrow

_SETTINGS: Any = {  # Any: Matplotlib types each key
    "axes.axisbelow": True,
    "axes.edgecolor": "#6e7781",
    "axes.grid": True,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.titley": 1.0,  # nothing above a panel moves it, and looking takes time
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so it is everywhere
    "font.size": 9.5,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "recbench",
    "text.parse_math": False,  # a dollar sign in a name is no formula
}


@contextlib.contextmanager
def context() -> Iterator[None]:
    """Draw with our settings and leave the caller's as they were."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def figure(height: float) -> Figure:
    """Return an empty figure of the common width, laid out without overlap."""
    made = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def svg(drawn: Figure, title: str, mark: str) -> bytes:
    """Return a figure as SVG without date or random ids.

    Args:
        drawn: The figure.
        title: What screen readers say.
        mark: Hash of what is shown.
    """
    out = io.BytesIO()
    about: Any = {"Date": None, "Title": title, "Creator": "recbench", "Source": mark}
    with context():
        engine = drawn.get_layout_engine()
        if engine is not None:
            _settle_unlabelled(drawn)
            drawn.set_dpi(72)  # as SVG is drawn: names take other room at another
            engine.execute(drawn)
            drawn.set_layout_engine("none")
        # `savefig` would draw everything once before, to lay it out
        canvas: Any = FigureCanvasSVG(drawn)  # Any: the method has no types
        canvas.print_svg(out, metadata=about)
    lines = out.getvalue().decode().splitlines()
    return ("\n".join(line.rstrip() for line in lines) + "\n").encode()


def _settle_unlabelled(drawn: Figure) -> None:
    """Give axes without a label a place for it, which is else sought in each layout."""
    for axes in drawn.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if not axis.get_label_text():
                axis.set_label_coords(0.5, 0.5)


def warm_up() -> None:
    """Draw something, so that fonts and what else is loaded at first use are there."""
    _glyphs()
    with context():
        drawn = figure(1.0)
        drawn.subplots().set_title("0")
    svg(drawn, "", "")


def name(row: Row, longest: int = LONGEST) -> str:
    """Return a row's label, shortened in the middle."""
    known = _glyphs()
    text = "".join(c if ord(c) in known else "□" for c in clean(row.label))
    if len(text) <= longest:
        return text
    return f"{text[: longest - 7]}…{text[-6:]}"


@functools.cache
def _glyphs() -> frozenset[int]:
    """Return the characters that our font can draw."""
    path = font_manager.findfont("DejaVu Sans")
    return frozenset(font_manager.get_font(path).get_charmap())


def colour(board: Board, row: Row) -> str:
    """Return the colour of a row: first rank, reference model, or neither."""
    if row.rank == 1:
        return BEST
    return REFERENCE if row.model == board.layout.reference else OTHER


def chosen(board: Board, most: int) -> list[Row]:
    """Return the best rows and the reference model, ``most`` at the most."""
    ranked = list(board.ranked)
    reference = [r for r in ranked if r.model == board.layout.reference][:1]
    best = [row for row in ranked if row not in reference][: most - len(reference)]
    return [row for row in ranked if row in best or row in reference]


def arrow(board: Board, metric: str) -> str:
    """Return a metric's label with the direction in words."""
    words = {True: " (higher is better)", False: " (lower is better)", None: ""}
    return board.layout.label(metric) + words[board.higher_is_better.get(metric)]


def bare(axes: Axes) -> None:
    """Take away the vertical axis line and its ticks, for named rows."""
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def worst_shown(losses: Sequence[float]) -> float:
    """Return the largest loss that is drawn to scale.

    A few hopeless models would squeeze all others together; they are drawn at the
    edge, as arrows with their value.
    """
    best, far = min(losses), float(np.quantile(losses, 0.75))
    return max(best + 2.2 * (far - best), far) if len(losses) > 3 else max(losses)


def off_scale(
    axes: Axes, place: float, value: float, *, right: bool, signed: bool = False
) -> None:
    """Draw an arrow at the edge of a panel, with the value that lies beyond.

    Args:
        axes: The panel; its scale may still change.
        place: Where the model stands on the y axis.
        value: What lies beyond.
        right: Whether it lies beyond the right edge.
        signed: Whether a positive value has a plus.
    """
    edge = 1 - INSET if right else INSET
    across = axes.get_yaxis_transform()  # (part of the width, y)
    axes.plot(
        edge,
        place,
        ">" if right else "<",
        color=OTHER,
        ms=5,
        transform=across,
    )
    axes.annotate(
        f"{value:{'+' if signed else ''}.3g}".replace("-", MINUS),
        (edge, place),
        xycoords=across,
        xytext=(-7 if right else 7, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        va="center",
        fontsize=8,
        color="#57606a",
    )
