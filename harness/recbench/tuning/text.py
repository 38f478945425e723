"""A tuning report as text, Markdown or JSON."""

import dataclasses
import json
import shlex
import textwrap
from collections.abc import Callable, Sequence

from recbench.leaderboard import shapes
from recbench.leaderboard.escape import clean, markdown, markdown_block, markdown_code
from recbench.leaderboard.grid import grid
from recbench.tuning.report import Line, Measured, Report

WIDTH = 100
STEPS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

Escape = Callable[[object], str]


def render(report: Report) -> str:
    """Return the report as text for a terminal."""
    header, lines, align = _table(report, clean, clean)
    parts = [f"{clean(report.suite)}: {_what(report)}", ""]
    parts += [grid(lines, header, align, "simple"), ""]
    parts += [wrapped for text in _sentences(report) for wrapped in _wrapped(text)]
    chosen = [f"  {_option(x)}" for x in report.lines if x.params]
    what = f"tuned parameters, to be measured by `recbench run {clean(report.suite)}`:"
    parts += ["", what, *chosen] if chosen else []
    return "\n".join(parts) + "\n"


def to_markdown(report: Report, picture: str = "") -> str:
    """Return the report as a Markdown page.

    Args:
        report: The report.
        picture: Path of the plot, relative to the page; empty for none.
    """
    header, lines, align = _table(report, markdown_code, markdown)
    parts = [f"# Tuning on {markdown(report.suite)}", markdown(_what(report))]
    parts.append(grid(lines, [markdown(h) for h in header], align, "pipe"))
    parts.append("\n".join(f"- {markdown(text)}" for text in _sentences(report)))
    if picture:
        parts.append(f"![Expected best after n trials]({picture})")
    chosen = [_option(x) for x in report.lines if x.params]
    if chosen:
        words = [f"recbench run {report.suite}", *(f"  {c}" for c in chosen)]
        command = [f"{word} \\" for word in words[:-1]] + words[-1:]
        parts += ["## Tuned parameters", "To measure them on the test part:"]
        parts.append(markdown_block(command))
    return "\n\n".join(parts) + "\n"


def to_json(report: Report) -> str:
    """Return the report as one JSON object."""
    data = dataclasses.asdict(report)
    keys = {"by_trials": "trials", "by_seconds": "seconds"}
    for name, unit in keys.items():
        data[name] = [
            {"from_" + unit: at, "model": model, "value": value}
            for at, model, value in getattr(report, name)
        ]
    return json.dumps(data, indent=1) + "\n"


def _what(report: Report) -> str:
    """Say what the figures are."""
    better = "larger" if report.maximize else "smaller"
    seeds = shapes.spell(report.seeds)
    return (
        f"{report.metric} on the validation part of split {seeds}, {better} is better; "
        "test labels took no part."
    )


def _table(
    report: Report, name: Escape, escape: Escape
) -> tuple[list[str], list[list[str]], str]:
    """Return header, rows and alignment of the table."""
    most = max(len(line.expected) for line in report.lines)
    steps = [n for n in STEPS[1:] if n < most]
    tested = any(x.test_default or x.test_tuned for x in report.lines)
    header = ["Model", "Default", *(f"E best of {n}" for n in steps)]
    header += ["Tuned", "Gain"]
    header += ["Test default", "Test tuned"] if tested else []
    header += ["Trials", "Seconds", "Note"]
    rows = []
    for line in report.lines:
        cells = [name(line.label), _figure(line.default)]
        cells += [_figure(_at(line, n)) for n in steps]
        cells += [_figure(line.tuned), _gain(line)]
        if tested:
            cells += [_tested(line.test_default), _tested(line.test_tuned)]
        failed = f" ({line.failed} failed)" if line.failed else ""
        cells += [f"{line.trials}{failed}", shapes.seconds(line.seconds)]
        rows.append([*cells, escape(line.note)])
    return header, rows, "l" + "r" * (len(header) - 2) + "l"


def _at(line: Line, trials: int) -> float | None:
    """Return the expected best after so many trials, the last one beyond the end."""
    return line.expected[min(trials, len(line.expected)) - 1]


def _figure(value: float | None) -> str:
    return shapes.NONE if value is None else f"{value:.4f}"


def _gain(line: Line) -> str:
    """Return what tuning changed, on validation."""
    if line.default is None or line.tuned is None:
        return shapes.NONE
    gain = line.tuned - line.default
    return f"{shapes.MINUS if gain < 0 else '+'}{abs(gain):.4f}"


def _tested(found: Measured | None) -> str:
    """Return a figure on the test part and over how many splits."""
    return shapes.NONE if found is None else f"{found.value:.4f} ({found.splits})"


def _option(line: Line) -> str:
    """Return the option that chooses a tuned model."""
    return f"-m {shlex.quote(clean(line.spelled))}"


def _sentences(report: Report) -> list[str]:
    """Return which model leads at which budget, how that is computed, and notes."""
    found = []
    if report.by_trials:
        found.append(f"Leader by trials (expected): {_led(report.by_trials, 'trial')}.")
    if report.by_seconds:
        by = _led(report.by_seconds, "second")
        found.append(f"Leader by seconds of search (as it happened): {by}.")
    found.append(
        "E best of n: mean of the best validation figure when the first trial (the "
        "defaults) is followed by n - 1 of the others in random order, over all "
        "orders; failed trials count as used. A search that ended earlier keeps its "
        "last value. Differences on validation are not tested: the board of a run is "
        "what compares models, on the test part."
    )
    if any(x.test_default or x.test_tuned for x in report.lines):
        found.append(
            "Test: mean over the splits (their number in brackets) of the records that "
            "runs with these parameters left."
        )
    return [*found, *report.notes]


def _led(changes: Sequence[tuple[float, str, float]], unit: str) -> str:
    """Return the leaders in order."""
    parts = []
    for at, model, value in changes:
        amount = f"{at:g}" if unit == "trial" else shapes.seconds(at)
        plural = "" if amount == "1" else "s"
        parts.append(f"from {amount} {unit}{plural} {model} ({value:.4f})")
    return ", ".join(parts)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(clean(text, 2000), WIDTH, subsequent_indent="  ")
