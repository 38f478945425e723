"""Boards as flat tables: CSV and data frames, one column a figure."""

import csv as _csv
import io
import json
from typing import TYPE_CHECKING, Any

from recbench.leaderboard import escape
from recbench.leaderboard.board import Board, Estimate, Row
from recbench.leaderboard.jsonboard import rounded

if TYPE_CHECKING:
    import pandas as pd


def render(board: Board) -> str:
    """Return CSV: text that a spreadsheet would run starts with an apostrophe."""
    out = io.StringIO()
    rows = [_row(board, row) for row in board.rows]
    writer = _csv.writer(out, lineterminator="\n")
    writer.writerow([escape.csv(name) for name in rows[0]])
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])
    return out.getvalue()


def frame(board: Board) -> "pd.DataFrame":
    """Return a data frame, one row a model."""
    import pandas as pd

    return pd.DataFrame([_row(board, row) for row in board.rows])


def _cell(value: object) -> object:
    """Return a CSV cell: numbers as they are, text escaped, None empty."""
    if value is None:
        return ""
    return escape.csv(value) if isinstance(value, str) else value


def _row(board: Board, row: Row) -> dict[str, Any]:
    """Return one row, flat."""
    found: dict[str, Any] = {
        "rank": row.rank,
        "model": row.model,
        "label": row.label,
        "params": json.dumps(dict(row.params), sort_keys=True),
        "status": row.status,
        "note": row.note,
        "reason": row.reason,
    }
    for metric in board.layout.metrics:
        found |= _figure(metric, row.metrics.get(metric))
    found |= _figure("difference", row.difference)
    return found | {
        "ratio": rounded(row.ratio),
        "best_probability": rounded(row.best_probability, 3),
        "pareto": row.pareto,
        "fit_seconds": rounded(row.fit_seconds),
        "score_seconds": rounded(row.score_seconds),
        "latency_ms": rounded(row.latency_ms),
        "peak_mib": rounded(row.peak_mib),
        "size_mib": rounded(row.size_mib),
        "n_parameters": row.n_parameters,
        "seeds": row.seeds,
        "runs": len(row.runs),
        "device": row.device,
        "threads": row.threads,
        "machine": row.machine,
        "machines": " ".join(row.machines),
        "plugin": row.plugin,
        "command": row.commands[0] if row.commands else "",
    }


def _figure(name: str, found: Estimate | None) -> dict[str, float | None]:
    """Return a figure and its interval as three columns."""
    known = found or Estimate(mean=None)
    return {
        name: rounded(known.mean),
        f"{name}_low": rounded(known.low),
        f"{name}_high": rounded(known.high),
    }
