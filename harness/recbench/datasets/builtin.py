"""The data sets that recbench offers by itself: cards only, nothing is loaded."""

from collections.abc import Iterator

from recbench.datasets.editions import CITATION, EDITIONS, LICENCE, PAGE, Edition
from recbench.hookspecs import hookimpl
from recbench.specs import DatasetSpec


def _card(edition: Edition) -> DatasetSpec:
    """Return the spec of an edition of MovieLens."""
    has = ["ratings", "timestamps", "item_features"]
    if edition.users is not None:
        has.append("user_features")
    if edition.name == "ml-100k":
        has.append("folds")
    counts = (edition.rows, edition.n_users, edition.n_items)
    return DatasetSpec(
        name=edition.name,
        load="recbench.datasets.movielens:" + edition.name.replace("-", "_"),
        title=edition.title,
        values="explicit",
        scale=(edition.low, 5.0),
        licence=LICENCE,
        citation=CITATION,
        url=f"{PAGE}/{edition.page}",
        has=tuple(has),
        size=None if counts[2] is None else (counts[0], counts[1], counts[2]),
    )


@hookimpl
def recbench_datasets() -> Iterator[DatasetSpec]:
    """Offer MovieLens and the simulated samples."""
    yield from map(_card, EDITIONS)
    yield DatasetSpec(
        name="sample",
        load="recbench.datasets.samples:sample",
        title="Simulated ratings with known preferences",
        values="explicit",
        scale=(1.0, 5.0),
        licence="CC0-1.0 (simulated)",
        citation="none needed: made by recbench's own simulator",
        has=("ratings", "timestamps", "user_features", "item_features"),
        size=(15_000, 400, 300),
    )
    yield DatasetSpec(
        name="sample-implicit",
        load="recbench.datasets.samples:sample_implicit",
        title="Simulated events without ratings, from the world of sample",
        values="none",
        licence="CC0-1.0 (simulated)",
        citation="none needed: made by recbench's own simulator",
        has=("timestamps", "user_features", "item_features"),
        size=(15_000, 400, 300),
    )
