"""The columns of a board's main table, the same in every format for people."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from recbench.leaderboard import shapes
from recbench.leaderboard.board import Board, Row

PARETO = "◆"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its header and how a row fills it.

    Attributes:
        header: Plain text.
        cell: The row's cell as plain text.
        align: ``left`` or ``right``.
        kind: ``rank``, ``model``, ``primary`` or empty, for formats that set these
            apart.
    """

    header: str
    cell: Callable[[Row], str]
    align: Literal["left", "right"] = "right"
    kind: str = ""


def main(board: Board) -> list[Column]:
    """Return all columns of the main table."""
    found = [*head(board), *_relative(board)]
    found += [
        Column(header="P(best)", cell=lambda r: shapes.chance(r.best_probability)),
        *_costs(board),
        Column(header="Device", cell=_device, align="left"),
    ]
    letters = shapes.machine_letters(board)
    if len(letters) > 1:
        found.append(Column(header="Machine", cell=lambda r: _machines(r, letters)))
    found.append(Column(header="Seeds", cell=shapes.runs))
    return found


def _costs(board: Board) -> list[Column]:
    """Return what fitting and serving cost, without columns that nothing fills."""

    def known(name: str) -> bool:
        return any(getattr(row, name) is not None for row in board.rows)

    found = [
        Column(header="Fit s", cell=_fit),
        Column(header="Score s", cell=lambda r: shapes.seconds(r.score_seconds)),
    ]
    if known("latency_ms"):
        latency = Column(header="Latency ms", cell=lambda r: shapes.fine(r.latency_ms))
        found.append(latency)
    memory = Column(header="Peak MiB", cell=lambda r: shapes.mebibytes(r.peak_mib))
    found.append(memory)
    if known("n_parameters"):
        learned = Column(
            header="Parameters", cell=lambda r: shapes.count(r.n_parameters)
        )
        found.append(learned)
    if known("size_mib"):
        found.append(Column(header="Size MiB", cell=lambda r: shapes.fine(r.size_mib)))
    return found


def head(board: Board) -> list[Column]:
    """Return rank, model and primary metric."""
    return [
        Column(header="Rank", cell=shapes.rank, kind="rank"),
        Column(header="Model", cell=lambda r: r.label, align="left", kind="model"),
        Column(
            header=header(board, board.layout.primary),
            cell=lambda r: primary(board, r),
            kind="primary",
        ),
    ]


def narrow(board: Board) -> list[Column]:
    """Return the columns that fit a terminal of 80 columns."""
    number, model, _ = head(board)

    def figure(row: Row) -> str:
        failed = row.rank is None and row.status != "ok"
        return row.status if failed else primary(board, row)

    found = [
        dataclasses.replace(number, header="#"),
        model,
        Column(header=header(board, board.layout.primary), cell=figure),
    ]
    if any(row.difference for row in board.rows):
        found.append(
            Column(
                header=f"vs {board.layout.reference}",
                cell=lambda r: shapes.change(r.difference, interval=False),
            )
        )
    return [
        *found,
        Column(header="Fit s", cell=lambda r: shapes.seconds(r.fit_seconds)),
        Column(header="MiB", cell=lambda r: shapes.mebibytes(r.peak_mib)),
        Column(header="Seeds", cell=shapes.runs),
    ]


def metrics(board: Board) -> list[Column]:
    """Return model and every metric, without intervals."""
    found = head(board)[1:2]
    for metric in board.layout.metrics:

        def cell(row: Row, metric: str = metric) -> str:
            return shapes.figure(row.metrics.get(metric))

        found.append(Column(header=header(board, metric), cell=cell))
    return found


def header(board: Board, metric: str) -> str:
    """Return a metric's label with an arrow to its better end."""
    arrows = {True: " ↑", False: " ↓", None: ""}
    return board.layout.label(metric) + arrows[board.higher_is_better.get(metric)]


def primary(board: Board, row: Row) -> str:
    """Return the primary metric with its interval, or what became of the row."""
    if row.rank is None and row.status != "ok":
        return row.note
    return shapes.with_interval(row.metrics.get(board.layout.primary))


def _relative(board: Board) -> list[Column]:
    """Return the difference to the reference model, where there is one."""
    if not any(row.difference for row in board.rows):
        return []
    upward = board.higher_is_better.get(board.layout.primary) is not False

    def cell(row: Row) -> str:
        found = shapes.change(row.difference)
        return f"{found} ({shapes.times(row.ratio)})" if upward and row.ratio else found

    return [Column(header=f"vs {board.layout.reference}", cell=cell)]


def _fit(row: Row) -> str:
    """Return the fit time, marked where it is on the Pareto front."""
    return shapes.seconds(row.fit_seconds) + (f" {PARETO}" if row.pareto else "")


def _device(row: Row) -> str:
    """Return the device and its threads."""
    if not row.seeds:
        return shapes.NONE
    return row.device if row.threads == 1 else f"{row.device}, {row.threads} threads"


def _machines(row: Row, letters: dict[str, str]) -> str:
    """Return the letter of the machine timed, and of others the row comes from."""
    if not row.machines:
        return shapes.NONE
    others = [letters[name] for name in row.machines if name != row.machine]
    return letters[row.machine] + (f" (also {', '.join(others)})" if others else "")
