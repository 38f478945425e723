"""Cheaters: read what you are handed, and do not beat chance.

Under the null hypothesis each user's test items are a uniform draw from what they have
not met, independent of everything that a model was handed and independent between
users. So, whatever the lists, the AUC of a user with ``m`` test items among ``m + n``
has mean 1/2 and variance ``(m + n + 1) / (12 m n)`` (Mann and Whitney, 1947), the hits
in the first ten places are hypergeometric, and sums over users are normal. Lists that
are clearly *worse* than chance know something, too: turned round they would be better.

Test ratings are uniform and independent of everything: the correlation of predictions
with them, times the root of their number, is standard normal.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recbench import plugins
from recbench.audit.canaries import birds, planted, trials
from recbench.audit.canaries.planted import Order, Spoil
from recbench.audit.canaries.song import Song
from recbench.audit.canaries.trials import Log, Ran, Trial
from recbench.interactions import Interactions
from recbench.runner.prepare import Prepared, prepare

LIMIT = 5.0  # standard errors; twenty honest canaries pass it once in 50,000 audits
TOP = 10


def as_it_is(part: Prepared) -> Prepared:
    """Return a part unchanged."""
    return part


def cheaters(
    catalogue: plugins.Catalogue,
    folder: Path,
    *,
    entropy: int,
    log: Log,
    ranking: Sequence[str] = birds.RANKING,
    rating: Sequence[str] = birds.RATING,
    spoil: Spoil = as_it_is,
    order: Order | None = None,
) -> list[Song]:
    """Send one canary into every channel.

    Args:
        catalogue: What plugins offer, the canary included.
        folder: Where their records go.
        entropy: Seed of the planted data.
        log: Takes lines for the person who waits.
        ranking: Channels for the task ``top-n``.
        rating: Channels for the task ``rating``.
        spoil: Makes a part leak; only tests of the canaries need it.
        order: Order of the rows of the planted data.
    """
    dataset = planted.planted(entropy, order)
    found = []
    for suite, channels in ((planted.RANKING, ranking), (planted.RATING, rating)):
        if channels:
            part = prepare(
                dataset, dataset.fingerprint(), suite, catalogue.splits, seed=0
            )
            models = tuple(f"canary[channel={channel}]" for channel in channels)
            trial = Trial(suite=suite, seed=0, part=spoil(part), models=models)
            found.append(trial)
    ran = trials.run(catalogue, found, folder, log=log)
    return [_judged(one) for one in ran]


def _judged(ran: Ran) -> Song:
    """Return the verdict on one canary."""
    record = ran.record
    channel, task = str(record.params["channel"]), record.task
    metric, chance = ("AUC", 0.5) if task == "top-n" else ("correlation", 0.0)
    if record.status != "ok":
        return Song(
            group="cheater",
            name=channel,
            task=task,
            metric=metric,
            figure=None,
            chance=chance,
            z=None,
            verdict="lost",
            message=f"its cell ended {record.status}: {record.message}",
        )
    figure, z = _ranking(ran) if task == "top-n" else _rating(ran)
    sings = abs(z) > LIMIT
    where = "no better than chance"
    if sings:
        where = f"{abs(z):.1f} standard errors from chance: labels leak this way"
    return Song(
        group="cheater",
        name=channel,
        task=task,
        metric=metric,
        figure=figure,
        chance=chance,
        z=z,
        verdict="sings" if sings else "silent",
        message=where,
    )


def _ranking(ran: Ran) -> tuple[float, float]:
    """Return the mean AUC and the larger of its z-score and that of the hits."""
    table = ran.store.per_user(ran.record)["auc"]
    part = ran.trial.part
    m, seen = (_distinct(t)[table.users] for t in _tables(ran))
    n = part.test.n_items - m - seen
    users = len(m)
    mean = float(table.values.mean())
    spread = np.sqrt(((m + n + 1) / (12 * m * n)).sum()) / users
    z = (mean - 0.5) / float(spread)
    hits = ran.store.per_user(ran.record)[f"precision@{TOP}"].values.sum() * TOP
    share = m / (m + n)
    expected = TOP * share
    variance = expected * (1 - share) * (m + n - TOP) / (m + n - 1)
    z_hits = float((hits - expected.sum()) / np.sqrt(variance.sum()))
    return mean, max(z, z_hits, key=abs)


def _tables(ran: Ran) -> tuple[Interactions, Interactions]:
    """Return what was tested and what had been met before."""
    seen = ran.trial.part.view.rules(final=True).seen
    return ran.trial.part.test, seen if seen is not None else ran.trial.part.view.train


def _distinct(table: Interactions) -> NDArray[np.int64]:
    """Return how many different items each user has in a table."""
    pairs = np.unique(table.users.astype(np.int64) * table.n_items + table.items)
    return np.bincount(pairs // table.n_items, minlength=table.n_users)


def _rating(ran: Ran) -> tuple[float, float]:
    """Return the correlation with the test ratings and its z-score."""
    predictions = ran.store.predictions(ran.record).astype(np.float64)
    ratings = np.asarray(ran.trial.part.test.ratings, dtype=np.float64)
    if predictions.std() == 0:
        return 0.0, 0.0
    found = float(np.corrcoef(predictions, ratings)[0, 1])
    return found, found * float(np.sqrt(len(ratings) - 1))
