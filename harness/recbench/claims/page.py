"""The page of claims: a function of the claims and the ledger, nothing else."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from tabulate import tabulate

from recbench.claims.claim import CHECKS, Claim, Figure, LeftOut
from recbench.claims.ledger import Outcome
from recbench.leaderboard.escape import markdown, markdown_code

HEADERS = (
    "claim",
    "model",
    "metric",
    "published",
    "measured",
    "gap",
    "within",
    "verdict",
    "checked",
    "seconds",
)
COUNTED = (0, 2, 3, 4, 7)  # the columns that say something about a count
UNKNOWN = "the reason is not known."
MARKS = {
    "reproduced": "reproduced",
    "not reproduced": "**not reproduced**",
    "failed": "**failed**",
    "no data": "no data here",
    "not run": "not run here",
}
INTRO = """\
# Published figures, held against recbench

Each row is a figure that somebody published, measured here by recbench's own splits,
models, ranking and metrics.
It counts as reproduced if the gap is no larger than the column *within*,
whose size has a reason below each table.
A figure that does not hold stays on this page.

`recbench verify` writes the page, `recbench verify CLAIM` measures one claim again:
[how to verify claims and state your own](how-to/verify-claims.md).
"""


def page(found: Sequence[Outcome], left_out: Sequence[LeftOut]) -> str:
    """Return the page as Markdown, the same for the same claims and ledger."""
    models = [o for o in found if o.claim.setting is not None]
    counts = [o for o in found if o.claim.setting is None]
    parts = [INTRO, *_summary(models), *_gaps(models)]
    parts += _chapters(models)
    if counts:
        parts += ["## Counts of data sets\n", *_table(counts)]
    if left_out:
        parts.append("## Not attempted\n")
        parts.append(
            "\n".join(f"- {prose(e.what)}: {prose(e.why)}" for e in left_out) + "\n"
        )
    return "\n".join(parts).rstrip() + "\n"


def verdicts(found: Iterable[Outcome]) -> Counter[str]:
    """Return how many figures have each verdict."""
    return Counter(o.verdict(f.metric) for o in found for f in o.claim.figures)


def _summary(models: Sequence[Outcome]) -> Iterator[str]:
    """Yield the counts by data set, and how to read seconds and marks."""
    counts = verdicts(models)
    shown = ", ".join(f"{counts[v]} {v}" for v in MARKS if counts[v])
    yield f"**{counts.total()} figures of models: {shown}.**\n"
    rows = []
    for name in sorted({o.claim.dataset for o in models}):
        own = verdicts(o for o in models if o.claim.dataset == name)
        rows.append((markdown_code(name), *(str(own[v] or "") for v in MARKS)))
    yield tabulate(
        rows,
        headers=["data set", *MARKS],
        tablefmt="pipe",
        disable_numparse=True,
        colalign=("left", *("right" for _ in MARKS)),
    )
    yield ""
    machines = sorted({o.entry.machine for o in models if o.entry and o.entry.machine})
    if machines:
        where = "; ".join(markdown(m) for m in machines)
        yield (
            f"Seconds are wall clock on one thread ({where}) beside other work: "
            "an order of magnitude."
        )
    checks = "; ".join(f"{markdown(k)}: {v}" for k, v in CHECKS.items())
    yield f"How far a figure was checked beforehand: {checks}."
    if any(o.stale for o in models):
        yield "† measured before the claim or the source of the model's plugin changed."
    yield ""


def _gaps(models: Sequence[Outcome]) -> Iterator[str]:
    """Yield what does not hold, or could not be measured, and why."""
    bad = [o for o in models if o.verdict() in ("not reproduced", "failed")]
    if bad:
        yield "## What does not hold\n"
    for outcome in bad:
        claim, entry = outcome.claim, outcome.entry
        name = markdown_code(claim.name)
        if entry is None or outcome.verdict() == "failed":
            trouble = entry.trouble if entry else ""
            yield f"- {name} could not be measured: {prose(trouble)}"
            continue
        gaps = ", ".join(
            f"{markdown(f.metric)} {f.gap(entry.values[f.metric]):+.{f.digits + 1}f}"
            for f in claim.figures
            if outcome.verdict(f.metric) == "not reproduced"
        )
        yield f"- {name} ({gaps}): {prose(claim.why or UNKNOWN)}"
    yield ""


def _chapters(models: Sequence[Outcome]) -> Iterator[str]:
    """Yield a chapter for each data set, a table for each source and protocol."""
    for dataset in sorted({o.claim.dataset for o in models}):
        yield f"## {markdown(dataset)}\n"
        sections: dict[tuple[str, ...], list[Outcome]] = {}
        for outcome in models:
            if outcome.claim.dataset == dataset:
                sections.setdefault(_section(outcome.claim), []).append(outcome)
        for members in sections.values():
            yield from _table(members)


def _section(claim: Claim) -> tuple[str, ...]:
    setting = claim.setting.name if claim.setting else ""
    return claim.source.name, setting, claim.dialect


def _table(members: Sequence[Outcome]) -> Iterator[str]:
    """Yield the heading, the protocol, the table and the reasons of a section."""
    first = members[0].claim
    if first.setting is not None:
        heading = f"### {markdown(first.source.title)}"
        if first.dialect:
            heading += f", metrics as {markdown(first.dialect)} defines them"
        yield f"{heading}\n"
        if first.source.where:
            yield f"Source: {markdown(first.source.where)}."
        if first.setting.candidates:
            yield "**Over sampled candidates: not comparable to a full ranking.**"
        yield f"Protocol: {prose(first.setting.words)}\n"
    rows = [_row(o, figure) for o in members for figure in o.claim.figures]
    shown = range(len(HEADERS)) if first.setting is not None else COUNTED
    yield tabulate(
        [[row[n] for n in shown] for row in rows],
        headers=[HEADERS[n] for n in shown],
        tablefmt="pipe",
        disable_numparse=True,
    )
    yield ""
    yield from _tolerances(members)
    yield ""


def _row(outcome: Outcome, figure: Figure) -> tuple[str, ...]:
    claim, entry = outcome.claim, outcome.entry
    value = entry.values.get(figure.metric) if entry else None
    gap = "" if value is None else f"{figure.gap(value):+.{figure.digits + 1}f}"
    verdict = MARKS[outcome.verdict(figure.metric)]
    if entry is None and claim.effort == "slow":
        verdict += " (slow)"
    return (
        markdown_code(claim.name) + (" †" if outcome.stale else ""),
        markdown_code(claim.model) if claim.model else "",
        markdown(figure.metric),
        f"{figure.published:f}",
        figure.shown(value),
        gap,
        f"{figure.tolerance:f}",
        verdict,
        claim.check,
        f"{entry.seconds:.0f}" if entry and entry.seconds else "",
    )


def _tolerances(members: Sequence[Outcome]) -> Iterator[str]:
    """Yield why the tolerances are what they are, each reason once."""
    reasons: dict[str, list[str]] = {}
    for outcome in members:
        reasons.setdefault(outcome.claim.because, []).append(outcome.claim.name)
    for text, names in reasons.items():
        whose = f" ({', '.join(map(markdown_code, names))})" if len(reasons) > 1 else ""
        yield f"- Tolerance{whose}: {prose(text)}"


def prose(text: str) -> str:
    """Return a sentence for Markdown: code between backticks, all else as it is."""
    shown = []
    for number, part in enumerate(text.split("`")):
        if number % 2:
            shown.append(markdown_code(part))
            continue
        words = " ".join(markdown(line) for line in wrap(part, 300))
        before = " " if number and part[:1].isspace() else ""
        after = " " if part[-1:].isspace() and part.strip() else ""
        shown.append(before + words + after)
    return "".join(shown).strip()
