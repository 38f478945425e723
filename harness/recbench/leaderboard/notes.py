"""What a reader must know about a board before believing it."""

from collections.abc import Sequence

from recbench.leaderboard.board import Board

ENOUGH = 3


def of(board: Board, said: Sequence[str]) -> tuple[str, ...]:
    """Return the notes of a board.

    Args:
        board: The board, without notes.
        said: What was noted while it was assembled.
    """
    found = [*_seeds(board), *_baselines(board), *_missing(board), *_machines(board)]
    return tuple(dict.fromkeys([*found, *said]))


def _seeds(board: Board) -> list[str]:
    """Say what the number of splits means for the intervals."""
    n = len(board.splits)
    if not board.ranked:
        return ["No model finished, so none is ranked."]
    if board.over == "users":
        text = (
            "One split and one model seed: intervals and ranks reflect the choice of "
            "users only, not that of the split. A board to rely on has "
            f"{ENOUGH} splits or more."
        )
        return [text]
    if n < ENOUGH:
        noun = "split" if n == 1 else "splits"
        return [f"{n} {noun} only: a board to rely on has {ENOUGH} or more."]
    return []


def _baselines(board: Board) -> list[str]:
    """Name the baselines that the board lacks."""
    shown = {row.model for row in board.ranked}
    lacking = [name for name in board.layout.baselines if name not in shown]
    if not lacking:
        return []
    return [f"Baselines that are not ranked here: {', '.join(lacking)}."]


def _missing(board: Board) -> list[str]:
    """Name the rows that lack splits, which other rows have."""
    parts = [
        f"{row.label} ({', '.join(str(seed) for seed in row.missing)})"
        for row in board.rows
        if row.missing
    ]
    if not parts:
        return []
    return [f"Not measured on every split (split seeds lacking): {'; '.join(parts)}."]


def _machines(board: Board) -> list[str]:
    """Say where timings must not be compared."""
    if len({row.machine for row in board.rows if row.machine}) > 1:
        text = (
            "Rows come from several machines: compare times and memory only within "
            "one machine."
        )
        return [text]
    if any(len(row.machines) > 1 for row in board.rows):
        return [
            "Some rows come from several machines: times are those of the one named."
        ]
    return []
