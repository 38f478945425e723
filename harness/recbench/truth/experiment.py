"""Draw worlds, train models, and see which protocols put them in their true order."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench import plugins
from recbench.errors import UsageError, unknown_name
from recbench.evaluation import scoring
from recbench.evaluation.rules import RankingRules
from recbench.evaluation.topk import tie_keys
from recbench.params import label, parse_model
from recbench.protocols import FitContext
from recbench.runner.prepare import prepare
from recbench.specs import Protocol, SuiteSpec
from recbench.truth import worlds
from recbench.truth.protocols import PROTOCOLS, K, Offline, figure, shown_at_random
from recbench.truth.regret import worth
from recbench.truth.worlds import LIKED, SCENARIOS, Drawn, Scenario, Size

MODELS = (
    "random",
    "most-popular",
    "item-knn",
    "ease[reg=100]",
    "pure-svd[embedding_dim=8]",
    "ials[embedding_dim=16,epochs=8]",
)
SAMPLE = Scenario(name="sample", summary="the data set sample and its siblings")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trials:
    """What a number of draws of one world showed.

    Attributes:
        scenario: The world.
        models: Labels of the models.
        truth: True worth of each model as a share of the best possible, float64,
            shape ``(draws, models)``.
        figures: Protocol to what it printed, float64 ``(draws, models)``; NaN where
            it could not be computed.
    """

    scenario: Scenario
    models: tuple[str, ...]
    truth: NDArray[np.float64]
    figures: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model to put in order: how to make it, and how people see it."""

    label: str
    make: Callable[[], Any]


def chosen(catalogue: plugins.Catalogue, texts: Sequence[str]) -> list[Model]:
    """Return the models that texts name.

    Raises:
        UsageError: For an unknown name, or a model that does not rank.
    """
    found = []
    for text in texts:
        name, given = parse_model(text)
        if name not in catalogue.models:
            raise unknown_name("model", name, catalogue.models)
        spec = catalogue.models[name]
        if "top-n" not in spec.tasks:
            msg = f"model {name!r} does not rank: leave it out"
            raise UsageError(msg)
        found.append(
            Model(
                label=text if given else label(spec, "top-n", {}),
                make=partial(plugins.make, spec, "top-n", given),
            )
        )
    if len(found) < 2:
        msg = "an order needs at least two models"
        raise UsageError(msg)
    return found


def named(names: Sequence[str]) -> list[Scenario]:
    """Return the worlds of these names, all of them where none is named.

    Raises:
        UsageError: For an unknown name.
    """
    known = {s.name: s for s in (SAMPLE, *SCENARIOS)}
    for name in names:
        if name not in known:
            raise unknown_name("world", name, known)
    return [known[name] for name in names or known]


def draws(
    catalogue: plugins.Catalogue,
    *,
    scenarios: Sequence[Scenario] = (SAMPLE, *SCENARIOS),
    models: Sequence[str] = MODELS,
    protocols: Sequence[Offline] = PROTOCOLS,
    size: Size | None = None,
    n: int = 10,
    seed: int = 0,
    log: Callable[[str], None] = lambda _line: None,
) -> list[Trials]:
    """Draw each world several times and measure all models by every protocol.

    Args:
        catalogue: What plugins offer.
        scenarios: The worlds; ``sample`` is always of its own size.
        models: Models with parameters, trained in this process.
        protocols: The protocols.
        size: Size of the other worlds.
        n: Draws of each world.
        seed: Seed of the first draw; the others follow.
        log: Takes lines for the person who waits.

    Raises:
        UsageError: For an unknown model or impossible sizes.
    """
    wanted = chosen(catalogue, models)
    found = []
    for scenario in scenarios:
        truth = np.zeros((n, len(wanted)))
        figures = {p.name: np.full((n, len(wanted)), np.nan) for p in protocols}
        for number in range(n):
            log(f"world {scenario.name}: draw {number + 1} of {n}")
            if scenario.name == SAMPLE.name:
                drawn = worlds.sample(seed + number)
            else:
                drawn = worlds.draw(scenario, size or Size(), seed + number)
            truth[number], experiment = _served(drawn, wanted, number)
            printed = _printed(drawn, wanted, protocols, catalogue, number)
            for p in protocols:
                values = printed[p.name] if p.split else experiment
                figures[p.name][number] = values
        found.append(
            Trials(
                scenario=scenario,
                models=tuple(m.label for m in wanted),
                truth=truth,
                figures=figures,
            )
        )
    return found


def _served(
    drawn: Drawn, wanted: Sequence[Model], seed: int
) -> tuple[list[float], list[float]]:
    """Return what models that learnt the whole log are worth at its end.

    Returns:
        True worth of each model, and what an experiment says of it.
    """
    data = drawn.dataset
    table = dataclasses.replace(data.interactions, threshold=LIKED)
    rules = RankingRules(
        candidates=np.bincount(table.items, minlength=table.n_items) > 0,
        seen=table,
        keys=tie_keys(data.item_ids, seed),
        k=table.n_items,
    )
    users = np.unique(table.users)
    truth, experiment = [], []
    for model in wanted:
        fitted = model.make()
        fitted.fit(table, FitContext(seed=seed))
        lists, _ = scoring.rank(fitted, users, rules)
        truth.append(float(worth(lists, users, drawn.liked, rules, K).share.mean()))
        experiment.append(shown_at_random(lists, users, drawn, table, seed))
    return truth, experiment


def _printed(
    drawn: Drawn,
    wanted: Sequence[Model],
    protocols: Sequence[Offline],
    catalogue: plugins.Catalogue,
    seed: int,
) -> dict[str, list[float]]:
    """Return what every protocol prints for each model; one fit serves all of a split.

    Models learn from ratings of 4 and better whatever is called relevant, so that
    protocols differ in what they measure alone.
    """
    data = drawn.dataset
    found: dict[str, list[float]] = {p.name: [] for p in protocols}
    splits = {p.split: p for p in protocols if p.split}
    for split, first in splits.items():
        suite = SuiteSpec(
            name=f"{data.name}/truth",
            dataset=data.name,
            protocol=Protocol(
                task="top-n",
                split=split,
                split_params=first.params,
                positives=LIKED,
                k=data.interactions.n_items,
            ),
            metrics=(f"ndcg@{K}",),
            primary=f"ndcg@{K}",
        )
        part = prepare(data, "", suite, catalogue.splits, seed=seed)
        users = part.view.ask_users
        rules, queries = part.view.rules(final=True), part.view.asked()
        for model in wanted:
            fitted = model.make()
            fitted.fit(part.view.train, FitContext(seed=seed))
            lists, _ = scoring.rank(fitted, users, rules, queries)
            for p in protocols:
                if p.split == split:
                    value = figure(p, lists, part, catalogue.metrics, seed)
                    found[p.name].append(value)
    return found
