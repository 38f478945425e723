"""Comparisons as text and as JSON."""

import json
from collections.abc import Sequence
from typing import Any

from recbench.leaderboard import shapes
from recbench.leaderboard.board import Estimate
from recbench.leaderboard.comparison import Line
from recbench.leaderboard.escape import clean
from recbench.leaderboard.grid import grid
from recbench.leaderboard.jsonboard import rounded

HEADER = ("A", "B", "A - B", "p", "p users", "effect")


def render(lines: Sequence[Line]) -> str:
    """Return the comparison as tables of at most 80 columns, one a suite."""
    parts = []
    for suite in dict.fromkeys(line.suite for line in lines):
        mine = [line for line in lines if line.suite == suite]
        pairs = {(line.a, line.b) for line in mine}
        folders = all(a == b for a, b in pairs)
        first = "model" if folders else "metric"
        if folders and len({line.metric for line in mine}) == 1:
            title = f"{suite}: {mine[0].label}, first folder (A) against second (B)"
        elif folders:
            title = f"{suite}: first folder (A) against second (B)"
        else:
            title = f"{suite}: {mine[0].a} (A) against {mine[0].b} (B)"
        cells = [_cells(line, folders=folders) for line in mine]
        table = grid(cells, (first, *HEADER), "l" + "r" * len(HEADER), "simple")
        parts += [clean(title), "", table, "", *_verdicts(mine, folders=folders), ""]
    return "\n".join([*parts, *_legend(lines)]) + "\n"


def _cells(line: Line, *, folders: bool) -> list[str]:
    """Return one line of the table."""
    head = line.a if folders else line.label
    if folders:
        head = clean(f"{line.a} {line.label}")
    found = line.found
    if found is None:
        lacks = [shapes.NONE] * (len(HEADER) - 2)
        return [head, f"{line.a_mean:.4f}", f"{line.b_mean:.4f}", *lacks]
    delta = Estimate(
        mean=found.difference.mean, low=found.difference.low, high=found.difference.high
    )
    return [
        head,
        f"{line.a_mean:.4f}",
        f"{line.b_mean:.4f}",
        shapes.change(delta),
        _p(line.p_adjusted),
        _p(found.p_users),
        shapes.NONE if found.effect is None else f"{found.effect:.2f}",
    ]


def _verdicts(lines: Sequence[Line], *, folders: bool) -> list[str]:
    """Say in words what was found."""
    out = []
    for line in lines:
        what = f"{line.a}, {line.label}" if folders else line.label
        names = ("A", "B") if folders else (line.a, line.b)
        if line.found is None:
            out.append(f"{what}: no split in common, so no test")
        elif line.better:
            out.append(f"{what}: {names[line.better == 'b']} is better")
    return [clean(line) for line in out] or ["no test tells them apart"]


def _legend(lines: Sequence[Line]) -> list[str]:
    """Say what the columns mean."""
    found = next((line.found for line in lines if line.found is not None), None)
    text = []
    if found is not None:
        units = f"{found.n_units} {found.axis}" if found.axis != "none" else "1 run"
        text.append(f"{found.n_users:,} users, {units}, paired; ± is a 95 % interval")
        if found.smallest is not None:
            what = f"{lines[0].label} of {found.smallest:.4f}"
            text.append(f"a true difference in {what} is found with 80 % power")
    return [
        *text,
        "p: over users and splits, corrected for the number of lines",
        "p users: sign flips over users, for the splits at hand only",
        "effect: difference in standard deviations of the users' differences",
    ]


def to_json(lines: Sequence[Line]) -> str:
    """Return the comparison as one JSON array."""
    return json.dumps([_plain(line) for line in lines], indent=1) + "\n"


def _plain(line: Line) -> dict[str, Any]:
    """Return one line as plain data."""
    data: dict[str, Any] = {
        "suite": line.suite,
        "metric": line.metric,
        "a": line.a,
        "b": line.b,
        "a_mean": rounded(line.a_mean),
        "b_mean": rounded(line.b_mean),
        "better": line.better or None,
        "p_adjusted": rounded(line.p_adjusted),
    }
    found = line.found
    if found is None:
        return data | {"difference": None}
    return data | {
        "difference": {
            "mean": rounded(found.difference.mean),
            "low": rounded(found.difference.low),
            "high": rounded(found.difference.high),
            "over": found.difference.over,
        },
        "p": rounded(found.p),
        "p_users": rounded(found.p_users),
        "effect": rounded(found.effect),
        "users_a_larger": rounded(found.better),
        "users_b_larger": rounded(found.worse),
        "smallest_difference": rounded(found.smallest),
        "n_users": found.n_users,
        "n_units": found.n_units,
        "axis": found.axis,
    }


def _p(value: float | None) -> str:
    """Return a p-value."""
    if value is None:
        return shapes.NONE
    return "<0.001" if value < 0.001 else f"{value:.3f}"
