"""The suites that recbench publishes, and the ones any data set gets by name.

A light card: importing it costs no numpy.
"""

from collections.abc import Iterable, Iterator

from recbench.errors import unknown_name
from recbench.hookspecs import hookimpl
from recbench.specs import DatasetSpec, Protocol, SuiteSpec
from recbench.unseen import BY_NAME_ONLY, unseen_suites

RATING_METRICS = ("rmse", "mae")
RANKING_METRICS = (
    "ndcg@10",
    "ndcg@5",
    "ndcg@20",
    "precision@5",
    "precision@10",
    "precision@20",
    "recall@5",
    "recall@10",
    "recall@20",
    "hit-rate@10",
    "mrr@10",
    "map@10",
    "f1@10",
    "ndcg-graded@10",
    "coverage@10",
    "novelty@10",
    "popularity@10",
    "gini@10",
)
NEXT_ITEM_METRICS = (
    "ndcg@10",
    "hit-rate@10",
    "mrr@10",
    "ndcg@5",
    "hit-rate@5",
    "mrr@5",
    "ndcg@20",
    "hit-rate@20",
    "mrr@20",
    "coverage@10",
    "novelty@10",
    "popularity@10",
)
HOLD_OUT = {"validation": 0.15, "test": 0.15}


def rating_suite(dataset: str, *, default: bool = False) -> SuiteSpec:
    """Return the suite that predicts held-out ratings of a data set."""
    return SuiteSpec(
        name=f"{dataset}/rating",
        dataset=dataset,
        protocol=Protocol(task="rating", split="random", split_params=HOLD_OUT),
        metrics=RATING_METRICS,
        primary="rmse",
        default=default,
        summary="predict held-out ratings, random 70/15/15",
        baselines=("global-mean", "bias", "svd"),
        reference="bias",
    )


def top_n_suite(
    dataset: str, *, threshold: float | None, default: bool = False
) -> SuiteSpec:
    """Return the suite that ranks all unseen items of a data set.

    Args:
        dataset: Name of the data set.
        threshold: Smallest rating that is positive and relevant; None where every
            interaction is.
        default: Whether ``--all`` includes it.
    """
    positive = "every interaction" if threshold is None else f"rating >= {threshold:g}"
    metrics: tuple[str, ...] = RANKING_METRICS
    if threshold is None:
        metrics = tuple(m for m in metrics if not m.startswith("ndcg-graded"))
    return SuiteSpec(
        name=f"{dataset}/top-n",
        dataset=dataset,
        protocol=Protocol(
            task="top-n",
            split="random",
            split_params=HOLD_OUT,
            positives=threshold,
            relevance=threshold,
        ),
        metrics=metrics,
        primary="ndcg@10",
        default=default,
        summary=f"rank all unseen items, relevant: {positive}, random 70/15/15",
        baselines=("random", "most-popular", "item-knn", "ease", "ials"),
        reference="most-popular",
    )


def next_item_suite(
    dataset: str, *, split: str = "leave-last-out", repeats: bool = False
) -> SuiteSpec:
    """Return the suite that ranks all items by how likely each comes next.

    Every interaction is an event, whatever its rating. One held-out event of each user
    is asked for, those before it are the history.

    Args:
        dataset: Name of the data set.
        split: ``leave-last-out``, or ``global-time``, where each user's first event
            after a moment is asked for.
        repeats: Whether a user's earlier items may be listed and be the answer;
            otherwise an item counts once in a history.
    """
    short = {"leave-last-out": "", "global-time": "-global"}[split]
    when = {
        "leave-last-out": "each user's last event",
        "global-time": "each user's first event after one moment for all",
    }[split]
    return SuiteSpec(
        name=f"{dataset}/next-item{short}{'-repeats' if repeats else ''}",
        dataset=dataset,
        protocol=Protocol(
            task="next-item",
            split=split,
            seen="keep" if repeats else "remove",
            duplicates="keep" if repeats else "last",
        ),
        metrics=NEXT_ITEM_METRICS,
        primary="ndcg@10",
        summary=f"{when}, given those before it"
        + (", repeats allowed" if repeats else ""),
        baselines=("most-popular", "markov-chain", "item-knn", "ease"),
        reference="most-popular",
    )


@hookimpl
def recbench_suites() -> Iterator[SuiteSpec]:
    """Offer the suites of MovieLens-100K, which ``--all`` runs, and of its siblings."""
    yield rating_suite("ml-100k", default=True)
    yield top_n_suite("ml-100k", threshold=4.0, default=True)
    yield next_item_suite("ml-100k")
    yield next_item_suite("ml-100k", split="global-time")
    yield next_item_suite("ml-1m")
    for dataset in ("ml-100k", "ml-1m"):
        top_n = top_n_suite(dataset, threshold=4.0)
        yield from unseen_suites(top_n, has=("user_features", "item_features"))
    for dataset in ("sample", "ml-latest-small", "ml-1m", "ml-10m", "ml-20m"):
        yield rating_suite(dataset)
        yield top_n_suite(dataset, threshold=4.0)


def suites_for(dataset: DatasetSpec) -> Iterable[SuiteSpec]:
    """Return the suites any data set has: ``NAME/rating`` and ``NAME/top-n``.

    Explicit ratings in the upper 40 % of the scale count as positive (4 of 5, 7 of
    10); counts and bare interactions all do. With timestamps there are
    ``NAME/next-item`` and ``NAME/next-item-global`` too, and where users may come back
    to an item (no explicit ratings) both with ``-repeats``. ``NAME/new-users`` always
    is there; with features of items ``NAME/cold-items`` and ``NAME/cold-items-only``,
    with features of users ``NAME/cold-users``.
    """
    unseen = unseen_suites(_unordered(dataset)[-1], has=dataset.has)
    return (*_unordered(dataset), *_ordered(dataset), *unseen)


def _threshold(dataset: DatasetSpec) -> float | None:
    """Return the smallest positive rating of a data set, None where it has none."""
    if dataset.values != "explicit":
        return None
    low, high = dataset.scale or (1.0, 5.0)
    if (low, high) in {(1.0, 5.0), (0.5, 5.0)}:
        return 4.0
    return round(low + 0.7 * (high - low), 1)


def _ordered(dataset: DatasetSpec) -> Iterator[SuiteSpec]:
    """Yield the suites that need timestamps."""
    if "timestamps" not in dataset.has:
        return
    for repeats in (False, True)[: 1 if dataset.values == "explicit" else 2]:
        for split in ("leave-last-out", "global-time"):
            yield next_item_suite(dataset.name, split=split, repeats=repeats)


def _unordered(dataset: DatasetSpec) -> tuple[SuiteSpec, ...]:
    """Return the suites that any data set has; the last is ``top-n``."""
    top_n = top_n_suite(dataset.name, threshold=_threshold(dataset))
    if dataset.values != "explicit":
        return (top_n,)
    return (rating_suite(dataset.name), top_n)


def choose(
    suites: dict[str, SuiteSpec],
    names: Iterable[str],
    datasets: dict[str, DatasetSpec],
    dataset: str | None,
) -> list[SuiteSpec]:
    """Return the suites that names and a data set select, in the order given.

    A name may be whole (``ml-100k/rating``), a data set (all its suites) or a task
    (``rating``, of the chosen data set or ``ml-100k``). Without names the data set's
    suites for ``rating`` and ``top-n`` are taken: those for sequences, for cold items
    and users and for new users are asked for by name.

    Raises:
        UsageError: For a name that nothing answers to.
    """
    known = dict(suites)
    for spec in datasets.values():
        for suite in suites_for(spec):
            known.setdefault(suite.name, suite)
    if dataset is not None and dataset not in datasets:
        raise unknown_name("data set", dataset, datasets)
    chosen: dict[str, SuiteSpec] = {}
    for name in names:
        short = f"{dataset or 'ml-100k'}/{name}"
        if name in known:
            chosen[name] = known[name]
        elif "/" not in name and short in known:
            chosen[short] = known[short]
        elif name in datasets:
            mine = {n: s for n, s in known.items() if s.dataset == name}
            chosen |= mine
        else:
            raise unknown_name("suite", name, known)
    if not chosen:
        if dataset is not None:
            mine = {n: s for n, s in known.items() if s.dataset == dataset}
            return [s for s in mine.values() if not _by_name_only(s)]
        return [s for s in suites.values() if s.default]
    return list(chosen.values())


def _by_name_only(suite: SuiteSpec) -> bool:
    """Return whether a suite is never taken unless it is named."""
    return suite.protocol.task == "next-item" or suite.protocol.split in BY_NAME_ONLY
