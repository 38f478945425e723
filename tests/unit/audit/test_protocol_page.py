"""The page about choosing a protocol says what the stored measurements say."""

import json
import re
from pathlib import Path

import pytest

from recbench.truth import experiment, report
from recbench.truth.protocols import PROTOCOLS

FOLDER = Path(__file__).parents[3] / "docs" / "explanation"
PAGE = (FOLDER / "choosing-a-protocol.md").read_text(encoding="utf-8")
STORED = {
    name: json.loads((FOLDER / f"truth-{name}.json").read_text(encoding="utf-8"))
    for name in ("small", "large")
}
LEFT_OUT = {"Tau"}  # a measure that the page does not show


def world(size, name):
    return next(w for w in STORED[size] if w["name"] == name)


def of(size, name, protocol, key):
    """Return one measure of one protocol in one world."""
    rows = world(size, name)["protocols"]
    return next(p[key] for p in rows if p["protocol"] == protocol)


def lost(name, protocol="random hold-out", size="small"):
    return f"{of(size, name, protocol, 'loss'):.3f}"


def share(name, protocol, key, size="small"):
    return f"{100 * of(size, name, protocol, key):.0f} %"


def regret(name):
    return f"{min(m['regret'] for m in world('small', name)['models']):.2f}"


SHOWN = "20 items shown at random"
EVERY = "random hold-out, every event relevant"
SAMPLED = "random hold-out, 50 sampled negatives"
ON_LOGS = [p.name for p in PROTOCOLS if p.split]
PAIRS = [of("large", "popularity", p, "pairs") for p in ON_LOGS]
TAUS = [of(s, "popularity", "random hold-out", "settled") for s in STORED]
SENTENCES = [
    (
        f"best model is {regret('sample')} in `sample`, {regret('popularity')} in "
        f"`popularity` and {regret('taste')} in `taste`"
    ),
    f"what its winner loses is {lost('popularity')} and {lost('sample')}",
    f"right in {100 * max(PAIRS):.0f} % of pairs or fewer, random hold-out in "
    + share("popularity", "random hold-out", "pairs", "large"),
    f"tau of means falls from {TAUS[0]:.2f} to {TAUS[1]:.2f}",
    f"random hold-out still loses {lost('even', size='large')}",
    (
        f"right in {share('popularity', SHOWN, 'pairs', 'large')} of pairs of the "
        f"larger `popularity` world and loses {lost('popularity', SHOWN, 'large')}"
    ),
    f"best model in {share('taste', 'random hold-out', 'winner')} of draws and loses "
    + lost("taste"),
    (
        f"random hold-out loses {lost('exposure')}, leave-last-out "
        f"{lost('exposure', 'leave-last-out')} and global-time "
        f"{lost('exposure', 'global-time')}"
    ),
    (
        "none of the splits loses more than "
        f"{max(of('large', 'exposure', p, 'loss') for p in ON_LOGS):.3f}"
    ),
    (
        f"random hold-out loses {lost('drift')} and global-time "
        f"{lost('drift', 'global-time')}"
    ),
    (
        f"from {share('exposure', 'random hold-out', 'winner')} of winners to "
        f"{100 * of('small', 'exposure', SAMPLED, 'winner'):.0f} %, and the loss from "
        f"{lost('exposure')} to {lost('exposure', SAMPLED)}"
    ),
    (
        f"best model in {share('even', 'leave-last-out', 'winner')} of draws, random "
        f"hold-out in {share('even', 'random hold-out', 'winner')}"
    ),
    (
        f"random hold-out is {lost('exposure', EVERY)} "
        f"if every event is relevant, {lost('exposure')} from a rating of 4, and "
        f"{lost('exposure', 'random hold-out, rating 5')} from 5"
    ),
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_figure_in_a_sentence_is_the_measured_one(sentence):
    assert sentence in PAGE


def test_every_figure_of_the_conclusions_stands_in_a_sentence_that_is_checked():
    told = PAGE.split("## What this means")[1].split("## What this does not show")[0]
    figures = re.findall(r"-?\d\.\d+|\d+ %", told)
    checked = re.findall(r"-?\d\.\d+|\d+ %", " ".join(SENTENCES))

    assert len(figures) > 20
    assert set(figures) <= set(checked)


@pytest.mark.parametrize("size", STORED)
def test_the_tables_are_those_of_the_report(size):
    for table in report.tables(STORED[size], "pipe"):
        title = table.split("|")[1].strip()
        assert (table in PAGE) == (title not in LEFT_OUT), title


def test_words_without_a_figure_hold_as_well():
    for name in ("popularity", "sample"):
        assert of("small", name, "random hold-out", "winner") == 0
    for protocol in ON_LOGS:
        assert of("large", "taste", protocol, "winner") == 1
    for protocol in ("leave-last-out", "random hold-out"):
        assert of("small", "even", protocol, "settled") == 1


def test_the_stored_worlds_protocols_and_models_are_those_of_the_command():
    known = [s.name for s in experiment.named(())]

    assert [w["name"] for w in STORED["small"]] == known
    assert [w["name"] for w in STORED["large"]] == known[1:]
    for found in STORED.values():
        for one in found:
            assert [p["protocol"] for p in one["protocols"]] == [
                p.name for p in PROTOCOLS
            ]
            assert [m["model"] for m in one["models"]] == list(experiment.MODELS)
    assert {w["draws"] for w in STORED["small"]} == {20}
    assert {w["draws"] for w in STORED["large"]} == {6}
    scenario = {s.name: s for s in experiment.named(())}
    for found in STORED.values():
        for one in found[-5:]:
            assert one["scenario"]["taste"] == scenario[one["name"]].taste
            assert one["scenario"]["skew"] == scenario[one["name"]].skew


@pytest.mark.slow
def test_a_draw_of_the_command_is_in_line_with_what_is_stored():
    """One world again, with fewer draws: true worth within four standard errors."""
    from recbench import plugins

    [again] = experiment.draws(
        plugins.load(), scenarios=experiment.named(("popularity",)), n=4
    )
    stored = world("small", "popularity")["models"]
    for i, model in enumerate(stored):
        spread = again.truth[:, i].std(ddof=1)
        gap = abs(again.truth[:, i].mean() - model["true_worth"])
        assert gap < 4 * max(spread, 0.01) / 2, model["model"]
