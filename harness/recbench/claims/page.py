"""The page of claims: a function of the claims and the ledger, nothing else."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tabulate import tabulate

from recbench.claims.claim import CHECKS, Claim, Figure, LeftOut
from recbench.claims.verify import Outcome
from recbench.leaderboard.escape import markdown, markdown_code

HEADERS = ("claim", "model", "metric", "published", "measured", "gap", "within")
MARKS = {
    "reproduced": "reproduced",
    "not reproduced": "**NOT reproduced**",
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
`recbench verify` writes the page; `recbench verify CLAIM` measures one claim again.
How it works, and how to state claims of your own: [how-to](how-to/verify-claims.md).
"""


def page(found: Sequence[Outcome], left_out: Sequence[LeftOut]) -> str:
    """Return the page as Markdown, the same for the same claims and ledger."""
    parts = [INTRO, _summary(found)]
    sections: dict[tuple[str, str, str, str], list[Outcome]] = {}
    for outcome in found:
        sections.setdefault(_section(outcome.claim), []).append(outcome)
    dataset = ""
    for key, members in sorted(sections.items(), key=lambda s: s[0][0]):
        if key[0] != dataset:
            dataset = key[0]
            parts.append(f"## {markdown(dataset)}\n")
        parts += _table(members)
    if left_out:
        parts.append("## Not attempted\n")
        rows = "\n".join(f"- {e.what}: {e.why}" for e in left_out)
        parts.append(rows + "\n")
    return "\n".join(parts)


def _section(claim: Claim) -> tuple[str, str, str, str]:
    setting = claim.setting.name if claim.setting else ""
    return claim.dataset, claim.source.name, setting, claim.dialect


def verdicts(found: Iterable[Outcome]) -> Counter[str]:
    """Return how many figures have each verdict."""
    return Counter(o.verdict(f.metric) for o in found for f in o.claim.figures)


def _summary(found: Sequence[Outcome]) -> str:
    """Return the counts, and where the seconds were measured."""
    measured = [o for o in found if o.claim.setting is not None]
    counts = verdicts(measured)
    sets = {o.claim.dataset for o in measured if o.verdict() == "reproduced"}
    shown = ", ".join(f"{counts[v]} {v}" for v in MARKS if counts[v])
    facts = verdicts(o for o in found if o.claim.setting is None)
    lines = [
        f"**{sum(counts.values())} figures of models: {shown}.** "
        f"Data sets and splits with a claim that holds in full: {len(sets)}."
    ]
    if facts:
        shown = ", ".join(f"{facts[v]} {v}" for v in MARKS if facts[v])
        lines.append(f"Counts of data sets: {shown}.")
    machines = sorted({o.entry.machine for o in found if o.entry and o.entry.machine})
    if machines:
        lines.append(
            f"Seconds are wall clock, one thread, on {'; '.join(map(markdown, machines))}"
            ", beside other work: an order of magnitude."
        )
    checks = "; ".join(f"{markdown(k)}: {v}" for k, v in CHECKS.items())
    lines.append(f"How far a figure was checked beforehand: {checks}.")
    if any(o.stale for o in found):
        lines.append("† measured before the claim or the model's source changed.")
    return "\n".join(lines) + "\n"


def _table(members: Sequence[Outcome]) -> list[str]:
    """Return the heading, the protocol, the table and the reasons of a section."""
    first = members[0].claim
    heading = f"### {markdown(first.source.title)}"
    if first.dialect:
        heading += f", metrics as {markdown(first.dialect)} defines them"
    lines = [f"{heading}\n"]
    if first.source.where:
        lines.append(f"Source: {markdown(first.source.where)}.")
    if first.setting is not None:
        if first.setting.candidates:
            lines.append("**Sampled candidates: not a full ranking.**")
        lines.append(f"Protocol: {first.setting.words}")
    rows = [_row(o, figure) for o in members for figure in o.claim.figures]
    headers = [*HEADERS, "verdict", "checked", "seconds"]
    table = tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)
    return [*lines, "", table, "", *_reasons(members), ""]


def _row(outcome: Outcome, figure: Figure) -> tuple[str, ...]:
    claim, entry = outcome.claim, outcome.entry
    value = entry.values.get(figure.metric) if entry else None
    digits = figure.digits
    more = digits + 1 if digits else 0
    verdict = MARKS[outcome.verdict(figure.metric)]
    if outcome.verdict() == "not run" and claim.effort == "slow":
        verdict += " (slow)"
    return (
        markdown_code(claim.name) + (" †" if outcome.stale else ""),
        markdown_code(claim.model) if claim.model else "",
        markdown(figure.metric),
        f"{figure.published:.{digits}f}",
        "" if value is None else f"{value:.{more}f}",
        "" if value is None else f"{figure.gap(value):+.{more}f}",
        f"{figure.tolerance.normalize():f}",
        verdict,
        claim.check,
        "" if entry is None or not entry.seconds else f"{entry.seconds:.0f}",
    )


def _reasons(members: Sequence[Outcome]) -> list[str]:
    """Return why tolerances are what they are, gaps, and what went wrong."""
    lines = []
    for title, texts in (
        ("Tolerance", [(o.claim.name, o.claim.because) for o in members]),
        ("Gap", [(o.claim.name, o.claim.why) for o in members]),
        ("Trouble", [(o.claim.name, o.entry.trouble if o.entry else "")
                     for o in members]),
    ):  # fmt: skip
        grouped: dict[str, list[str]] = {}
        for name, text in texts:
            if text:
                grouped.setdefault(text, []).append(name)
        for text, names in grouped.items():
            all_of_them = len(names) == len(members) or len(grouped) == 1
            whom = "" if all_of_them and title == "Tolerance" else (
                " (" + ", ".join(map(markdown_code, names)) + ")"
            )
            shown = markdown(text) if title == "Trouble" else text
            lines.append(f"- {title}{whom}: {shown}")
    return lines
