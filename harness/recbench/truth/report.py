"""What the worlds showed, as text, Markdown and JSON."""

import dataclasses
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from recbench.leaderboard.escape import clean, markdown, markdown_code
from recbench.leaderboard.grid import grid
from recbench.truth.boards import TrueRow
from recbench.truth.experiment import SAMPLE, Trials
from recbench.truth.summary import CLEAR, recoveries
from recbench.truth.worlds import Scenario

Plain = dict[str, Any]
NONE = "–"  # noqa: RUF001 - the dash that boards print for nothing
INTRO = (
    "True worth: what the ten items shown to a user at the end of the log are worth "
    "(chance of a rating of 4 or better, discounted by rank), as a share of the best "
    "possible ten, for a model that learnt the whole log. Regret is what is missing "
    "to 1."
)
HOW = (
    "Winner right: how often a protocol's best model is truly the best. Pairs right: "
    f"how often two models whose true worth differs by more than {CLEAR:g} are put in "
    "the right order. Lost: true worth given away by shipping the protocol's winner. "
    "Tau of means: Kendall's tau between the mean figures of all draws and the mean "
    "true worth, which leaves out the luck of one draw and keeps what the protocol "
    "bends."
)

MEASURES = {
    "winner": "Winner right",
    "pairs": "Pairs right",
    "tau": "Tau",
    "settled": "Tau of means",
    "loss": "Lost",
}


def _worth(found: Sequence[Plain], style: str) -> str:
    """Return the table of true worth, a row a model and a column a world."""
    code = markdown_code if style == "pipe" else clean
    lines = [
        [
            code(model["model"]),
            *(f"{one['models'][i]['true_worth']:.3f}" for one in found),
        ]
        for i, model in enumerate(found[0]["models"])
    ]
    return _by_world("Model", lines, found, style)


def _measure(found: Sequence[Plain], key: str, title: str, style: str) -> str:
    """Return one measure of all protocols, a row a protocol and a column a world."""
    lines = [
        [p["protocol"], *(_cell(one["protocols"][i], key) for one in found)]
        for i, p in enumerate(found[0]["protocols"])
    ]
    return _by_world(title, lines, found, style)


def _by_world(
    title: str, lines: Sequence[Sequence[str]], found: Sequence[Plain], style: str
) -> str:
    header = [title, *(one["name"] for one in found)]
    return grid(lines, header, "l" + "r" * len(found), style)


def _cell(protocol: Plain, key: str) -> str:
    """Return a measure of a protocol: a share in percent, a tau, or a loss."""
    value = protocol[key]
    if value is None:
        return NONE
    if key == "loss":
        error = protocol["loss_error"]
        return f"{value:.3f}" + ("" if error is None else f" ± {error:.3f}")
    return f"{value:.2f}" if key in ("tau", "settled") else f"{value:.0%}"


def tables(found: Sequence[Plain], style: str) -> list[str]:
    """Return the tables of a report: true worth, then each measure.

    Args:
        found: Worlds as :func:`to_json` writes them.
        style: ``simple`` or ``pipe``.
    """
    measures = (_measure(found, key, title, style) for key, title in MEASURES.items())
    return [_worth(found, style), *measures]


def text(trials: Sequence[Trials]) -> str:
    """Return the report for a terminal."""
    found = [_plain(one) for one in trials]
    worth, *measures = tables(found, "simple")
    intro = f"{INTRO} {found[0]['draws']} draws of each world."
    about = [f"{one['name']}: {clean(one['scenario']['summary'])}" for one in found]
    return "\n\n".join([intro, "\n".join(about), worth, HOW, *measures]) + "\n"


def page(trials: Sequence[Trials]) -> str:
    """Return the report as a Markdown page."""
    found = [_plain(one) for one in trials]
    worth, *measures = tables(found, "pipe")
    intro = markdown(f"{INTRO} {found[0]['draws']} draws of each world.")
    about = [
        f"- {markdown(one['name'])}: {markdown(one['scenario']['summary'])}"
        for one in found
    ]
    parts = ["# What protocols make of worlds whose truth is known", intro]
    parts += ["\n".join(about), worth, markdown(HOW), *measures]
    return "\n\n".join(parts) + "\n"


def to_json(found: Sequence[Trials]) -> str:
    """Return everything as one JSON array, a world an entry."""
    return json.dumps([_plain(one) for one in found], indent=1) + "\n"


def _plain(found: Trials) -> Plain:
    return {
        "name": found.scenario.name,
        "scenario": _scenario(found.scenario),
        "draws": len(found.truth),
        "models": [
            {
                "model": model,
                "true_worth": float(found.truth[:, i].mean()),
                "regret": float(1 - found.truth[:, i].mean()),
            }
            for i, model in enumerate(found.models)
        ],
        "protocols": [
            {
                key: None if isinstance(value, float) and math.isnan(value) else value
                for key, value in dataclasses.asdict(r).items()
            }
            for r in recoveries(found)
        ],
    }


def _scenario(scenario: Scenario) -> Plain:
    """Return how a log came about; ``sample`` has its own simulator and no numbers."""
    told = dataclasses.asdict(scenario)
    if scenario == SAMPLE:
        return {key: told[key] for key in ("name", "summary")}
    return told


RENDER: dict[str, Callable[[Sequence[Trials]], str]] = {
    "text": text,
    "markdown": page,
    "json": to_json,
}


def board(
    suite: str, primary: str, rows: Sequence[TrueRow], style: str = "simple"
) -> str:
    """Return the regret of a board's rows as a table under a sentence."""
    best = rows[0].best
    told = (
        f"{clean(suite)}: true worth of the first ten, as a share of the best possible "
        f"(which shows items of {best:.2f} stars on average), truly best first."
    )
    code = markdown_code if style == "pipe" else clean
    lines = [
        [
            code(row.label),
            NONE if row.rank is None else str(row.rank),
            NONE if row.figure is None else f"{row.figure:.4f}",
            f"{row.share:.4f}",
            f"{row.regret:.4f}",
            f"{row.stars:.2f}",
        ]
        for row in rows
    ]
    header = ["Model", "Rank", primary, "True worth", "Regret", "Stars"]
    table = grid(lines, header, "lrrrrr", style)
    return f"{markdown(told) if style == 'pipe' else told}\n\n{table}\n"
