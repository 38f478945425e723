"""Timings and comparisons as tables and as JSON."""

import json

from recbench.bench.comparing import Change, Comparison
from recbench.bench.results import Timing

HEAD = ("benchmark", "before", "after", "after / before", "limit", "")
MEANING = (
    "before and after are multiples of the reference calculation timed beside them."
)


def line(timing: Timing) -> str:
    """Return one timing, for progress."""
    return (
        f"{timing.name:<40} {min(timing.seconds):9.4f} s"
        f" {timing.ratio:9.2f} times the reference, best of {len(timing.seconds)}"
    )


def render(found: Comparison) -> str:
    """Return a comparison as a table."""
    rows = [_row(change) for change in found.changes]
    from tabulate import tabulate

    table = tabulate(rows, headers=HEAD, tablefmt="simple", disable_numparse=True)
    lines = [*(row.rstrip() for row in table.splitlines()), "", MEANING]
    lines += [f"Note: {note}." for note in found.notes]
    lines += [f"Not timed any more: {name}." for name in found.missing]
    return "\n".join(lines) + "\n"


def verdict(found: Comparison) -> str:
    """Return one line about what failed."""
    slower = [c for c in found.changes if c.failed]
    worst = [f"{c.before.name} {c.times:.2f} times" for c in slower[:3]]
    gone = [f"{name} is not timed any more" for name in found.missing[:3]]
    return (
        f"{len(slower)} of {len(found.changes)} benchmarks became slower than "
        f"--fail-on allows, {len(found.missing)} are missing: "
        + ", ".join(worst + gone)
    )


def to_json(found: Comparison) -> str:
    """Return a comparison as JSON, one entry per benchmark."""
    entries = [
        {
            "name": change.before.name,
            "before": change.before.ratio,
            "after": change.after.ratio,
            "times": change.times,
            "limit": change.limit,
            "failed": change.failed,
        }
        for change in found.changes
    ]
    entries += [{"name": name, "times": None, "failed": True} for name in found.missing]
    return json.dumps(entries, indent=1) + "\n"


def _row(change: Change) -> tuple[str, ...]:
    return (
        change.before.name,
        f"{change.before.ratio:.2f}",
        f"{change.after.ratio:.2f}",
        f"{change.times:.2f}",
        "" if change.limit is None else f"{change.limit:.2f}",
        "SLOWER" if change.failed else "",
    )
