"""A board's pictures. Matplotlib is imported when the first is drawn."""

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from recbench.errors import unknown_name
from recbench.leaderboard.board import Board
from recbench.results import canonical

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERSION = 3
"""Raised whenever a picture of the same data would look different."""

TITLES = {
    "metrics": "Metrics with 95 % intervals",
    "differences": "Which models cannot be told apart",
    "cost": "Quality against fit time",
    "cutoffs": "Metrics by length of the list",
    "curves": "Training and validation curves",
    "ratings": "Predicted against true ratings",
}


def names(board: Board) -> list[str]:
    """Return the names of the pictures the board has data for."""
    ranked = board.ranked
    cuts = {m.partition("@")[2] for m in board.layout.metrics} - {""}
    has = {
        "metrics": bool(ranked),
        "differences": len(ranked) > 1,
        "cost": sum(row.fit_seconds is not None for row in ranked) > 1,
        "cutoffs": bool(ranked) and len(cuts) > 1,
        "curves": any(r.curves for row in board.rows for r in row.records),
        "ratings": any(r.spread for row in ranked for r in row.records),
    }
    return [name for name in TITLES if has[name]]


def draw(board: Board, name: str) -> "Figure":
    """Return a picture as a Matplotlib figure.

    Raises:
        UsageError: If the board has no such picture.
    """
    if name not in names(board):
        raise unknown_name("plot", name, names(board))
    from recbench.leaderboard.plots import style

    with style.context():
        return _drawers()[name](board)


def file(board: Board, name: str) -> bytes:
    """Return a picture as SVG; the same board gives the same bytes.

    The bytes also depend on Matplotlib's version. The file therefore names the hash
    of what it shows, by which a stale picture is recognised without drawing it.
    """
    from recbench.leaderboard.plots import style

    return style.svg(draw(board, name), TITLES[name], fingerprint(board, name))


def load() -> None:
    """Import what the first picture would wait for."""
    from recbench.leaderboard.plots import style

    _drawers()
    style.warm_up()


def fingerprint(board: Board, name: str) -> str:
    """Return the hash of what a picture shows, 64 hex digits."""
    shown = [
        {
            "label": row.label,
            "rank": row.rank,
            "pareto": row.pareto,
            "fit": _round(row.fit_seconds),
            "metrics": {
                m: [_round(e.mean), _round(e.low), _round(e.high)]
                for m, e in row.metrics.items()
            },
            "runs": _runs(row.records, name),
        }
        for row in board.rows
    ]
    data = {
        "picture": name,
        "version": VERSION,
        "suite": board.suite,
        "metrics": list(board.layout.metrics),
        "primary": board.layout.primary,
        "reference": board.layout.reference,
        "cliques": [list(pair) for pair in board.cliques],
        "rows": shown,
    }
    return hashlib.sha256(canonical.encode(data)).hexdigest()


def _runs(records: tuple[object, ...], name: str) -> list[Mapping[str, object]]:
    """Return what a picture shows of single runs."""
    field = {"curves": "curves", "ratings": "spread"}.get(name)
    return [getattr(record, field) for record in records] if field else []


def _round(value: float | None) -> float | None:
    """Round as far as figures agree between processors."""
    return None if value is None else float(f"{value:.6g}")


def _drawers() -> dict[str, Callable[[Board], "Figure"]]:
    """Return the function that draws each picture."""
    from recbench.leaderboard.plots import bars, curves, groups, lines, pareto, ratings

    return {
        "metrics": bars.draw,
        "differences": groups.draw,
        "cost": pareto.draw,
        "cutoffs": lines.draw,
        "curves": curves.draw,
        "ratings": ratings.draw,
    }
