"""A report of vector search as text for a terminal, or as a Markdown page."""

import textwrap
from collections.abc import Callable, Sequence

from recbench.leaderboard import shapes
from recbench.leaderboard.escape import clean, markdown, markdown_block, markdown_code
from recbench.leaderboard.grid import grid
from recbench.serving.report import NOTHING, OVER_FETCH, SELECTOR, Measured, Report

WIDTH = 100
HEADER = (
    "Index",
    "Setting",
    "Recall",
    "{metric}",
    "Lost",
    "Queries/s",
    "vs flat",
    "p50 ms",
    "p99 ms",
    "Build s",
    "Memory MiB",
    "File MiB",
)
ALIGN = "ll" + "r" * (len(HEADER) - 2)
FILTERS = {
    OVER_FETCH: "k and as many more items as the user has seen are fetched, and the "
    "seen ones dropped",
    SELECTOR: "the index excludes the user's seen items itself; the selector is made "
    "anew for each query",
    NOTHING: "nothing is kept out",
}
SCORE = (
    "the inner product of the vectors, in every index; none falls back on Euclidean "
    "distance."
)
EXACT = (
    "Exact is the harness's own full ranking, in which finalists are scored in "
    "float64; items equal to its last one up to float32 rounding count as found."
)
TIME = (
    "one query at a time, from Python, on one thread, in a process for each index. A "
    "user's time is the fastest of up to five rounds, after one that is not timed; the "
    "percentiles are over users, queries/s is the inverse of their mean. usearch "
    "searches at least as wide as the number of items fetched, FAISS as wide as ef."
)
MEMORY = (
    "growth of the process's resident memory while the index was built, the vectors in "
    "it included. File: size of the saved index."
)

Escape = Callable[[object], str]


def render(report: Report) -> str:
    """Return the report as text."""
    parts = [f"{clean(report.suite)}, seed {report.seed}: top {report.k}"]
    for served in report.models:
        parts += ["", f"{clean(served.model)}: {_about(report, served.model)}", ""]
        parts.append(_table(report, served.model, clean, "simple"))
    for sentence in notes(report):
        parts += ["", *textwrap.wrap(clean(sentence, 2000), WIDTH)]
    return "\n".join(parts) + "\n"


def to_markdown(report: Report, picture: str = "") -> str:
    """Return the report as a Markdown page.

    Args:
        report: The report.
        picture: Path of the plot, relative to the page; empty for none.
    """
    parts = [f"# Serving from vectors on {markdown(report.suite)}"]
    parts.append(f"Top {report.k}, seed {report.seed}.")
    for served in report.models:
        parts.append(f"## {markdown_code(served.model)}")
        parts.append(markdown(_about(report, served.model)))
        parts.append(_table(report, served.model, markdown, "pipe"))
    if picture:
        parts.append(f"![Recall against latency]({picture})")
    parts.append("## How it was measured")
    parts.append("\n".join(f"- {markdown(clean(s, 2000))}" for s in notes(report)))
    if report.command:
        parts.append(markdown_block([report.command]))
    return "\n\n".join(parts) + "\n"


def _about(report: Report, model: str) -> str:
    """Say what is searched."""
    [served] = [s for s in report.models if s.model == model]
    return (
        f"{served.n_items:,} items of {served.dimension} dimensions, "
        f"{served.n_queries:,} users who have seen {served.mean_seen:,.0f} of them on "
        f"average; {report.metric} of the exact ranking {served.figure:.4f}"
    )


def _table(report: Report, model: str, escape: Escape, style: str) -> str:
    """Return the table of one model."""
    rows = [row for row in report.rows if row.model == model]
    header = [escape(name.format(metric=report.metric)) for name in HEADER]
    return grid([_cells(row) for row in rows], header, ALIGN, style)


def _cells(row: Measured) -> list[str]:
    """Return the cells of one line."""
    return [
        row.index,
        row.setting,
        f"{row.recall:.4f}",
        f"{row.figure:.4f}",
        _percent(row.lost),
        f"{row.queries_per_second:,.0f}",
        shapes.times(row.speedup),
        f"{row.p50_ms:.3f}",
        f"{row.p99_ms:.3f}",
        f"{row.build_seconds:.2f}",
        shapes.NONE if row.memory_mib is None else f"{row.memory_mib:.1f}",
        f"{row.size_mib:.1f}",
    ]


def _percent(lost: float | None) -> str:
    """Return a loss as a percentage; a gain has a minus."""
    if lost is None:
        return shapes.NONE
    sign = shapes.MINUS if lost < -0.00005 else ""
    return f"{sign}{abs(100 * lost):.2f} %"


def notes(report: Report) -> Sequence[str]:
    """Return how it was measured, and what was not."""
    found = [
        f"Score: {SCORE}",
        f"Recall: share of the exact top {report.k} found, mean over users. {EXACT}",
        f"Lost: share of the {report.metric} of the exact ranking, on the test part.",
        f"Seen items ({report.seen}): {_filters(report)}. It is part of the time.",
        f"Time: {TIME}",
        f"Memory: {MEMORY}",
    ]
    machine = report.machine
    if machine:
        versions = ", ".join(f"{n} {v}" for n, v in sorted(report.versions.items()))
        found.append(f"Machine: {machine.get('cpu', 'unknown')}; {versions}.")
    found += [f"Failed: {name}: {why}." for name, why in report.failed]
    found += [f"Skipped: {name}: {why}." for name, why in report.skipped]
    return found


def _filters(report: Report) -> str:
    """Say how seen items were kept out, by index where that differs."""
    ways: dict[str, list[str]] = {}
    for row in report.rows:
        held = ways.setdefault(row.filter, [])
        if row.index not in held:
            held.append(row.index)
    if len(ways) == 1:
        [way] = ways
        return FILTERS[way]
    return "; ".join(f"{', '.join(i)}: {FILTERS[way]}" for way, i in ways.items())
