"""Boards as JSON: the rows for programs, the whole for ``board.json``."""

import json
from typing import Any

from recbench.leaderboard import grading
from recbench.leaderboard.board import Board, Estimate, Row

SCHEMA = 1
DIGITS = 6


def rows(board: Board) -> str:
    """Return the rows as one JSON array."""
    return _dump([_row(row) for row in board.rows])


def document(board: Board) -> str:
    """Return the whole board as one JSON object."""
    layout = board.layout
    return _dump(
        {
            "schema": SCHEMA,
            "suite": board.suite,
            "task": board.task,
            "primary": layout.primary,
            "reference": layout.reference,
            "baselines": list(layout.baselines),
            "metrics": [
                {
                    "name": metric,
                    "label": layout.label(metric),
                    "higher_is_better": board.higher_is_better.get(metric),
                    "bounds": list(layout.bounds.get(metric, (None, None))),
                }
                for metric in layout.metrics
            ],
            "intervals": {"level": 0.95, "over": board.over},
            "splits": list(board.splits),
            "groups": [list(group) for group in board.groups],
            "cliques": [
                [row.label for row in board.rows[first : last + 1]]
                for first, last in board.cliques
            ],
            "smallest_difference": rounded(board.smallest),
            "dataset": dict(board.dataset),
            "protocol": dict(board.protocol),
            "split": dict(board.split),
            "machines": {name: dict(m) for name, m in board.machines.items()},
            "versions": {name: list(v) for name, v in board.versions.items()},
            "notes": list(board.notes),
            "referee": grading.plain(board),
            "rows": [_row(row) for row in board.rows],
        }
    )


def _row(row: Row) -> dict[str, Any]:
    """Return one row as plain data."""
    return {
        "rank": row.rank,
        "model": row.model,
        "label": row.label,
        "params": dict(row.params),
        "budget": dict(row.budget),
        "status": row.status,
        "note": row.note,
        "reason": row.reason,
        "metrics": {name: _estimate(row.metrics[name]) for name in row.metrics},
        "difference": _estimate(row.difference),
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
        "runs": [
            {"split_seed": split, "seed": seed, "status": status}
            for split, seed, status in row.runs
        ],
        "device": row.device,
        "threads": row.threads,
        "machine": row.machine,
        "machines": list(row.machines),
        "plugin": row.plugin,
        "commands": list(row.commands),
    }


def _estimate(found: Estimate | None) -> dict[str, float | None] | None:
    """Return a figure and its interval as plain data."""
    if found is None:
        return None
    return {
        "mean": rounded(found.mean),
        "low": rounded(found.low),
        "high": rounded(found.high),
    }


def rounded(value: float | None, digits: int = DIGITS) -> float | None:
    """Round to significant digits: the last ones depend on the processor."""
    return None if value is None else float(f"{value:.{digits}g}")


def _dump(data: object) -> str:
    """Return JSON with a fixed layout; text is ASCII, so nothing hides in it."""
    return json.dumps(data, indent=1, allow_nan=False) + "\n"
