"""The stability of an order as text, as Markdown and as JSON."""

import json

from recbench.leaderboard.escape import clean, markdown, markdown_code
from recbench.leaderboard.grid import grid
from recbench.robustness.stability import Stability, Swap

SWAPS = 12  # pairs shown
NAMES = 4  # variants named per pair
NONE = "–"  # noqa: RUF001 - the dash that boards print for nothing


def text(found: Stability) -> str:
    """Return the report for a terminal."""
    parts = [*_sentences(found), _axes(found, "simple"), _variants(found, "simple")]
    if found.swaps:
        parts += ["Models that swap, most often first:", _swaps(found, "simple")]
    return (
        "\n\n".join([f"{clean(found.suite)}: how stable is the order?", *parts]) + "\n"
    )


def page(found: Stability) -> str:
    """Return the report as a Markdown page."""
    parts = [
        f"# How stable is the order of {markdown(found.suite)}?",
        *(markdown(line) for line in _sentences(found)),
        _axes(found, "pipe"),
        "## Every variant",
        _variants(found, "pipe"),
    ]
    if found.swaps:
        parts += ["## Models that swap", _swaps(found, "pipe")]
    return "\n\n".join(parts) + "\n"


def to_json(found: Stability) -> str:
    """Return everything as one JSON object."""
    return (
        json.dumps(
            {
                "suite": found.suite,
                "primary": found.primary,
                "board": list(found.rows),
                "axes": [
                    {
                        "axis": axis.name,
                        "variants": axis.variants,
                        "mean_tau": axis.mean,
                        "least_tau": axis.least,
                        "same_winner": axis.same_winner,
                    }
                    for axis in found.axes
                ],
                "variants": [
                    {
                        "axis": one.variant.axis,
                        "name": one.variant.name,
                        "n_users": one.variant.n_users,
                        "tau": one.tau,
                        "winners": list(one.winners),
                        "swapped": [list(pair) for pair in one.swapped],
                        "figures": dict(one.variant.figures),
                    }
                    for one in found.judged
                ],
                "swaps": [
                    {
                        "above": swap.above,
                        "below": swap.below,
                        "variants": list(swap.variants),
                        "tied_on_board": swap.tied,
                    }
                    for swap in found.swaps
                ],
            },
            indent=1,
        )
        + "\n"
    )


def _sentences(found: Stability) -> list[str]:
    """Return the answer in two or three sentences."""
    total = found.axes[-1]
    leader = found.rows[0]
    first = (
        f"{leader} is first on the board, by {found.primary}, and stays first in "
        f"{total.same_winner} of {total.variants} other ways to measure."
    )
    lines = [first]
    if total.mean is not None and total.least is not None:
        least = min(
            (one for one in found.judged if one.tau is not None),
            key=lambda one: one.tau if one.tau is not None else 0.0,
        )
        lines.append(
            f"Kendall's tau to the board's order: {total.mean:.2f} on average, "
            f"{total.least:.2f} at worst ({least.variant.name})."
        )
    broken = [swap for swap in found.swaps if not swap.tied]
    if broken:
        lines.append(
            f"{len(broken)} of the {len(found.swaps)} pairs that swap do not share a "
            "rank on the board: read their order together with the way to measure."
        )
    elif found.swaps:
        lines.append("Every pair that swaps shares a rank on the board already.")
    return lines


def _axes(found: Stability, style: str) -> str:
    """Return the table of the axes."""
    lines = [
        [
            axis.name,
            str(axis.variants),
            _tau(axis.mean),
            _tau(axis.least),
            f"{axis.same_winner} of {axis.variants}",
        ]
        for axis in found.axes
    ]
    header = ["Changed", "Variants", "Mean tau", "Worst tau", "Same winner"]
    return grid(lines, header, "lrrrr", style)


def _variants(found: Stability, style: str) -> str:
    """Return the table of the variants."""
    pipe = style == "pipe"
    lines = [
        [
            one.variant.axis,
            markdown(one.variant.name) if pipe else clean(one.variant.name, 60),
            str(one.variant.n_users) if one.variant.n_users else NONE,
            _tau(one.tau),
            ", ".join(_model(name, style) for name in one.winners[:2]),
            str(len(one.swapped)),
        ]
        for one in found.judged
    ]
    header = ["Changed", "To", "Users", "Tau", "Winner", "Pairs swapped"]
    return grid(lines, header, "llrrlr", style)


def _swaps(found: Stability, style: str) -> str:
    """Return the table of the pairs that swap."""
    total = found.axes[-1].variants
    lines = [
        [
            _model(swap.above, style),
            _model(swap.below, style),
            f"{len(swap.variants)} of {total}",
            "yes" if swap.tied else "no",
            _where(swap, style),
        ]
        for swap in found.swaps[:SWAPS]
    ]
    header = ["Above on the board", "Below", "Swapped in", "Share a rank", "Such as"]
    return grid(lines, header, "llrll", style)


def _where(swap: Swap, style: str) -> str:
    names = ", ".join(swap.variants[:NAMES])
    more = len(swap.variants) - NAMES
    names += f" and {more} more" if more > 0 else ""
    return markdown(names) if style == "pipe" else clean(names, 60)


def _model(name: str, style: str) -> str:
    return markdown_code(name) if style == "pipe" else clean(name, 40)


def _tau(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"
