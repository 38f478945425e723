"""How numbers look on a board, in every format but JSON and CSV."""

from recbench.leaderboard.board import Board, Estimate, Row

NONE = "–"  # noqa: RUF001 - an en dash is how tables print "nothing"
MINUS = "−"  # noqa: RUF001 - a true minus is as wide as a plus


def figure(found: Estimate | None, digits: int = 4) -> str:
    """Return a figure without its interval."""
    if found is None or found.mean is None:
        return NONE
    return _decimal(found.mean, digits)


def with_interval(found: Estimate | None, digits: int = 4) -> str:
    """Return a figure with half the width of its interval.

    Where a bound of the metric cut the interval short, the whole half counts.
    """
    if found is None or found.mean is None:
        return NONE
    if found.high is None or found.low is None:
        return figure(found, digits)
    half = max(found.high - found.mean, found.mean - found.low)
    return f"{figure(found, digits)} ± {_decimal(half, digits)}"


def change(found: Estimate | None, digits: int = 4, *, interval: bool = True) -> str:
    """Return a signed difference with half the width of its interval."""
    if found is None or found.mean is None:
        return NONE
    sign = MINUS if found.mean < 0 else "+"
    half = ""
    if interval and found.high is not None:
        half = f" ± {_decimal(found.high - found.mean, digits)}"
    return f"{sign}{_decimal(abs(found.mean), digits)}{half}"


def times(ratio: float | None) -> str:
    """Return a ratio."""
    return NONE if ratio is None else f"{ratio:.2f}×"  # noqa: RUF001 - "times"


def seconds(value: float | None) -> str:
    """Return seconds with the digits that matter."""
    if value is None:
        return NONE
    if value < 0.095:
        return f"{value:.3f}" if value < 0.0095 else f"{value:.2f}"
    return f"{value:.1f}" if value < 99.5 else f"{value:,.0f}"


def mebibytes(value: float | None) -> str:
    """Return MiB as a whole number."""
    return NONE if value is None else f"{value:,.0f}"


def fine(value: float | None) -> str:
    """Return a small amount with two decimals, a large one with fewer."""
    return NONE if value is None else _decimal(value, 2)


def chance(value: float | None) -> str:
    """Return a probability as a percentage."""
    return NONE if value is None else f"{100 * value:.0f} %"


def count(value: int | None) -> str:
    """Return a number of parameters in short form."""
    if value is None:
        return NONE
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return str(value)


def runs(row: Row) -> str:
    """Return how many runs ended ``ok``, of how many where some failed or lack."""
    planned = len(row.runs) + len(row.missing)
    return str(row.seeds) if row.seeds == planned else f"{row.seeds}/{planned}"


def rank(row: Row) -> str:
    """Return the rank."""
    return NONE if row.rank is None else str(row.rank)


def machine_letters(board: Board) -> dict[str, str]:
    """Return a short name for each machine, by which a row names its own."""
    return {name: chr(ord("A") + i % 26) for i, name in enumerate(board.machines)}


def spell(seeds: tuple[int, ...]) -> str:
    """Return seeds as ``0-2, 5``."""
    parts: list[list[int]] = []
    for seed in seeds:
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ", ".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)


def _decimal(value: float, digits: int) -> str:
    """Return a number with fixed decimals; large ones with fewer."""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 10:
        digits = min(digits, 2)
    return f"{value:.{digits}f}"
