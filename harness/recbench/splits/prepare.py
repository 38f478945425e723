"""From a data set to what is split: the duplicate rule, then the filters; the split."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.dataset import Dataset
from recbench.errors import PluginError, UsageError, unknown_name
from recbench.interactions import Interactions
from recbench.plugins import resolve
from recbench.specs import SplitSpec
from recbench.splits.filters import FILTERS
from recbench.splits.split import Split

DUPLICATES = ("last", "first", "mean", "keep")


def prepare(
    dataset: Dataset,
    *,
    duplicates: str = "keep",
    filters: Iterable[tuple[str, Mapping[str, Any]]] = (),
) -> tuple[Dataset, tuple[str, ...]]:
    """Apply a suite's duplicate rule and filters.

    Codes stay what they are: a removed user or item keeps its code and has no row.
    Published folds keep those of their rows that stay.

    Args:
        dataset: The data as it was loaded.
        duplicates: Which of a user's interactions with one item stays: ``last`` or
            ``first`` (by time, then by row), ``mean`` (the last, with the mean
            rating), or ``keep`` for all.
        filters: Filters in order, as (name, parameters) pairs.

    Returns:
        The data set that remains, and a line for people on each removal.

    Raises:
        UsageError: For an unknown rule, filter or parameter.
        DataError: If a filter leaves nothing.
    """
    notes = []
    rows, table = _merged(dataset.interactions, duplicates)
    if len(rows) < len(dataset.interactions):
        lost = len(dataset.interactions) - len(rows)
        notes.append(f"duplicates ({duplicates}) removed {lost:,} repeated pairs")
    for name, params in filters:
        if name not in FILTERS:
            raise unknown_name("filter", name, FILTERS)
        try:
            kept = FILTERS[name](table, **params)
        except TypeError as error:
            msg = f"filter {name!r}: {error}"
            raise UsageError(msg) from error
        rows, table = rows[kept.rows], table.take(kept.rows)
        notes.append(kept.note)
    if len(rows) == len(dataset.interactions):
        return dataset, tuple(notes)
    folds = {
        name: np.flatnonzero(np.isin(rows, fold))
        for name, fold in dataset.folds.items()
    }
    return replace(dataset, interactions=table, folds=folds), tuple(notes)


def _merged(
    table: Interactions, duplicates: str
) -> tuple[NDArray[np.int64], Interactions]:
    """Return the rows that the duplicate rule keeps, ascending, and their table."""
    everything = np.arange(len(table))
    if duplicates not in DUPLICATES:
        raise unknown_name("duplicate rule", duplicates, DUPLICATES)
    pairs = table.users.astype(np.int64) * table.n_items + table.items
    if duplicates == "keep" or len(np.unique(pairs)) == len(pairs):
        return everything, table
    stamps = everything if table.timestamps is None else table.timestamps
    order = np.lexsort((stamps, pairs))  # stable: equal times stay in row order
    fresh = np.ones(len(pairs), dtype=np.bool_)
    fresh[1:] = np.diff(pairs[order]) != 0
    starts = np.flatnonzero(fresh)
    ends = np.append(starts[1:], len(pairs)) - 1
    chosen = order[starts if duplicates == "first" else ends]
    rows = np.sort(chosen)
    merged = table.take(rows)
    if duplicates == "mean" and table.ratings is not None:
        sums = np.add.reduceat(table.ratings[order].astype(np.float64), starts)
        means = (sums / (ends - starts + 1)).astype(np.float32)
        merged = replace(merged, ratings=means[np.argsort(chosen)])
    return rows, merged


def make_split(
    spec: SplitSpec, dataset: Dataset, *, seed: int, params: Mapping[str, Any]
) -> Split:
    """Make the split that a card offers.

    Args:
        spec: The card.
        dataset: The data, prepared.
        seed: Seed of the split.
        params: Chosen parameters; the others have the card's defaults.

    Raises:
        UsageError: If a parameter is unknown or out of range, or the data lacks what
            the split needs.
        DataError: If a part that must not be empty is.
        PluginError: If the card's function returns something else, or rows that the
            data does not have.
    """
    for name in params:
        if name not in spec.params:
            raise unknown_name(f"parameter of split {spec.name}", name, spec.params)
    split = resolve(spec.make)(dataset, seed=seed, **{**spec.params, **params})
    if not isinstance(split, Split):
        msg = f"split {spec.name!r} returned {type(split).__name__}, not recbench.Split"
        raise PluginError(msg)
    n = len(dataset.interactions)
    for name in ("train", "validation", "test", "history"):
        rows = getattr(split, name)
        ascending = len(rows) < 2 or bool((np.diff(rows) > 0).all())
        if rows.dtype != np.int64 or not ascending:
            msg = f"split {spec.name!r}: {name} must hold ascending int64 rows"
            raise PluginError(msg)
        if len(rows) and (rows[0] < 0 or rows[-1] >= n):
            msg = f"split {spec.name!r}: {name} holds rows outside [0, {n})"
            raise PluginError(msg)
    return split
