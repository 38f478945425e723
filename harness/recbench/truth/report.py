"""What the worlds showed, as text, Markdown and JSON."""

import dataclasses
import json
import math
from collections.abc import Callable, Sequence

import numpy as np

from recbench.leaderboard.escape import clean, markdown, markdown_code
from recbench.leaderboard.grid import grid
from recbench.truth.boards import TrueRow
from recbench.truth.experiment import Trials
from recbench.truth.summary import CLEAR, recoveries

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


def _worth(found: Sequence[Trials], style: str) -> str:
    """Return the table of true worth, a row a model and a column a world."""
    code = markdown_code if style == "pipe" else clean
    models = found[0].models
    lines = [
        [code(model), *(f"{t.truth[:, i].mean():.3f}" for t in found)]
        for i, model in enumerate(models)
    ]
    lines.append(["least regret", *(f"{1 - best(t):.3f}" for t in found)])
    header = ["Model", *(t.scenario.name for t in found)]
    return grid(lines, header, "l" + "r" * len(found), style)


def best(found: Trials) -> float:
    """Return the mean true worth of the best model of each draw."""
    return float(found.truth.max(axis=1).mean())


def _overall(found: Sequence[Trials], style: str) -> str:
    """Return how protocols do over all worlds: winner right and worth lost in each."""
    by_world = [{r.protocol: r for r in recoveries(t)} for t in found]
    lines = []
    for name in by_world[0]:
        rows = [world[name] for world in by_world]
        pairs = float(np.nanmean([r.pairs for r in rows]))
        lines.append(
            [
                name,
                *(f"{r.winner:.0%}" for r in rows),
                f"{pairs:.0%}",
                f"{np.mean([r.tau for r in rows]):.2f}",
                f"{np.mean([r.settled for r in rows]):.2f}",
                f"{np.mean([r.loss for r in rows]):.4f}",
            ]
        )
    worlds = (t.scenario.name for t in found)
    header = ["Winner right in", *worlds, "Pairs right", "Tau", "Tau of means", "Lost"]
    return grid(lines, header, "l" + "r" * (len(found) + 4), style)


def _world(found: Trials, style: str) -> str:
    """Return how every protocol does in one world."""
    lines = [
        [
            r.protocol,
            f"{r.winner:.0%}",
            NONE if math.isnan(r.pairs) else f"{r.pairs:.0%}",
            f"{r.tau:.2f}",
            f"{r.settled:.2f}",
            f"{r.loss:.4f} ± {r.loss_error:.4f}",
        ]
        for r in recoveries(found)
    ]
    header = ["Protocol", "Winner right", "Pairs right", "Tau", "Tau of means", "Lost"]
    return grid(lines, header, "lrrrrr", style)


def text(found: Sequence[Trials]) -> str:
    """Return the report for a terminal."""
    n = len(found[0].truth)
    parts = [INTRO, f"{n} draws of each world.", _worth(found, "simple")]
    parts += [HOW, _overall(found, "simple")]
    for one in found:
        parts += [f"{one.scenario.name}: {one.scenario.summary}", _world(one, "simple")]
    return "\n\n".join(parts) + "\n"


def page(found: Sequence[Trials]) -> str:
    """Return the report as a Markdown page."""
    n = len(found[0].truth)
    parts = ["# What protocols make of worlds whose truth is known"]
    parts += [markdown(f"{INTRO} {n} draws of each world."), _worth(found, "pipe")]
    parts += [markdown(HOW), _overall(found, "pipe")]
    for one in found:
        parts += [f"## {markdown(one.scenario.name)}", markdown(one.scenario.summary)]
        parts.append(_world(one, "pipe"))
    return "\n\n".join(parts) + "\n"


def to_json(found: Sequence[Trials]) -> str:
    """Return everything as one JSON array, a world an entry."""
    return json.dumps([_plain(one) for one in found], indent=1) + "\n"


def _plain(found: Trials) -> dict[str, object]:
    return {
        "name": found.scenario.name,
        "scenario": dataclasses.asdict(found.scenario),
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
