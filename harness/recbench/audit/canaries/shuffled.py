"""Shuffled labels: train on data whose answer was taken out, and learn nothing from it.

Models are compared with the most that can be known on the same parts (see
:mod:`recbench.audit.canaries.ways`), so that what is masked as seen is the same for
both. Users of one part share its luck with items: the replicate is the part, not the
user. Over the parts, each drawn and shuffled anew, the mean advantage over the bar is
at most zero; a model sings where a one-sided t-test rejects that at 0.0001.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from recbench import plugins
from recbench.audit.canaries import trials
from recbench.audit.canaries.communities import communities
from recbench.audit.canaries.song import Song, Verdict
from recbench.audit.canaries.trials import Log, Ran, Trial
from recbench.audit.canaries.ways import WAYS, Way, shuffled, suite_of
from recbench.params import parse_model
from recbench.runner.prepare import Prepared, prepare

PARTS = 6
ALPHA = 1e-4
ROUNDING = 1e-12
RANKING = ("item-knn", "ease", "pure-svd")
RATING = ("bias", "item-knn")
AS_IT_IS, SHUFFLED = "as-it-is", "shuffled"


def models_for(
    catalogue: plugins.Catalogue, task: str, chosen: Sequence[str]
) -> tuple[str, ...]:
    """Return the models to train: those chosen, else quick ones that are installed."""
    names = list(chosen) or list(RATING if task == "rating" else RANKING)
    found = []
    for text in names:
        name, _ = parse_model(text)
        if name in catalogue.models and task in catalogue.models[name].tasks:
            found.append(text)
    return tuple(found)


def shuffles(
    catalogue: plugins.Catalogue,
    folder: Path,
    *,
    entropy: int,
    log: Log,
    models: Sequence[str] = (),
    extra: Sequence[str] = (),
    shuffle: Callable[[Prepared, str, int], Prepared] = shuffled,
    ways: Sequence[Way] = WAYS,
) -> list[Song]:
    """Train models on shuffled labels and hold them against what is left.

    Args:
        catalogue: What plugins offer.
        folder: Where the records go.
        entropy: Seed of the data and of the shuffles.
        log: Takes lines for the person who waits.
        models: Models to train; empty for a few quick ones.
        extra: Plugins named on the command line.
        shuffle: What shuffles; only tests of the canaries need another.
        ways: The ways to shuffle.
    """
    dataset = communities(entropy)
    fingerprint = dataset.fingerprint()
    todo = []
    for way in ways:
        names = models_for(catalogue, way.task, models)
        for label, n in ((AS_IT_IS, 1), (SHUFFLED, PARTS)):
            suite = suite_of(way.task, f"{way.name}-{label}")
            for seed in range(n if names else 0):
                part = prepare(dataset, fingerprint, suite, catalogue.splits, seed=seed)
                if label == SHUFFLED:
                    part = shuffle(part, way.name, entropy % 2**32 + seed)
                todo.append(Trial(suite=suite, seed=seed, part=part, models=names))
    ran = trials.run(catalogue, todo, folder, log=log, extra=extra)
    return [song for way in ways for song in _songs(way, ran, catalogue)]


def _songs(way: Way, ran: Sequence[Ran], catalogue: plugins.Catalogue) -> list[Song]:
    """Return the verdicts on every model of one way to shuffle."""
    before: dict[str, Ran] = {}
    after: dict[str, list[Ran]] = {}
    held: dict[int, float] = {}
    for one in ran:
        name = one.trial.suite.name.partition("/")[2]
        if name == f"{way.name}-{AS_IT_IS}":
            before[one.record.label] = one
        if name == f"{way.name}-{SHUFFLED}":
            after.setdefault(one.record.label, []).append(one)
            if one.trial.seed not in held:
                bar = way.bar(one.trial.part, one.trial.suite, catalogue)
                held[one.trial.seed] = bar
    return [_judged(way, before[label], found, held) for label, found in after.items()]


def _judged(
    way: Way, before: Ran, after: Sequence[Ran], held: Mapping[int, float]
) -> Song:
    """Return the verdict on one model."""
    metric = before.trial.suite.primary
    bar = float(np.mean(list(held.values())))
    failed = [r.record for r in (before, *after) if r.record.status != "ok"]
    figure: float | None = None
    t: float | None = None
    verdict: Verdict = "lost"
    if failed:
        message = f"a cell ended {failed[0].status}: {failed[0].message}"
    else:
        sign = -1.0 if way.task == "rating" else 1.0
        figures = {r.trial.seed: _figure(r) for r in after}
        t = t_score(np.array([sign * (v - held[s]) for s, v in figures.items()]))
        figure = float(np.mean(list(figures.values())))
        verdict = "sings" if stats.t.sf(t, df=len(after) - 1) < ALPHA else "silent"
        message = (
            f"{metric} {_figure(before):.3f} as it is, {figure:.3f} with {way.name} "
            f"shuffled; {way.what} {bar:.3f}"
        )
    return Song(
        group=f"{way.name} shuffled",
        name=before.record.label,
        task=way.task,
        metric=metric,
        figure=figure,
        chance=bar,
        z=t,
        verdict=verdict,
        message=message,
    )


def _figure(ran: Ran) -> float:
    return ran.record.metrics[ran.trial.suite.primary].value or 0.0


def t_score(gains: NDArray[np.float64]) -> float:
    """Return mean over standard error; infinite where all gains agree."""
    mean, spread = float(gains.mean()), float(gains.std(ddof=1))
    if spread < ROUNDING:
        return float(np.sign(mean)) * np.inf if abs(mean) > ROUNDING else 0.0
    return mean / spread * float(np.sqrt(len(gains)))
