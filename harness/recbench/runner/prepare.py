"""From a suite and a seed to the parts that the parent and the children hold."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from recbench.datasets.dataset import Dataset
from recbench.datasets.duplicates import deduplicate
from recbench.errors import DataError, UsageError, unknown_name
from recbench.evaluation.topk import tie_keys
from recbench.interactions import Interactions
from recbench.ordering import distinct
from recbench.plugins import resolve
from recbench.runner.targets import aimed, asked
from recbench.runner.view import View
from recbench.specs import SplitSpec, SuiteSpec
from recbench.splits.filters import FILTERS
from recbench.splits.leakage import leakage
from recbench.splits.split import Split


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """A suite at one split seed, as the parent holds it.

    Attributes:
        view: What the children are given.
        test: The test interactions; they stay in the parent.
        split: Seed, hash, sizes and leakage, for the record.
        dataset: Identity and sizes of the data set, for the record.
        notes: What was removed before the split, one line each.
    """

    view: View
    test: Interactions
    split: dict[str, Any]
    dataset: dict[str, Any]
    notes: tuple[str, ...]


def filtered(dataset: Dataset, suite: SuiteSpec) -> tuple[Dataset, tuple[str, ...]]:
    """Return the data set after the suite's duplicate rule and filters.

    Raises:
        DataError: If nothing is left.
        UsageError: If a filter is unknown or its parameters do not fit.
    """
    notes: list[str] = []
    table, kept = deduplicate(dataset.interactions, suite.protocol.duplicates)
    removed = len(dataset.interactions) - len(table)
    if removed:
        rule = suite.protocol.duplicates
        notes.append(f"{removed:,} repeated user-item rows: the {rule} one counts")
    for name, params in suite.protocol.filters:
        if name not in FILTERS:
            raise unknown_name("filter", name, FILTERS)
        try:
            rows, note = FILTERS[name](table, **params)
        except TypeError as error:
            msg = f"filter {name!r} does not take these parameters: {error}"
            raise UsageError(msg) from error
        table, kept = table.take(rows), kept[rows]
        notes.append(note)
    if not len(table):
        msg = f"{dataset.name}: no interaction is left after filtering ({notes})"
        raise DataError(msg)
    folds = {
        name: np.flatnonzero(np.isin(kept, rows)).astype(np.int64)
        for name, rows in dataset.folds.items()
    }
    changed = dataclasses.replace(dataset, interactions=table, folds=folds)
    return changed, tuple(notes)


def make_split(spec: SplitSpec, dataset: Dataset, suite: SuiteSpec, seed: int) -> Split:
    """Return the split of a suite at a seed.

    Raises:
        DataError: If the data lacks what the split needs.
        UsageError: If a parameter is unknown or out of range.
    """
    if "timestamps" in spec.needs and dataset.interactions.timestamps is None:
        msg = (
            f"split {spec.name!r} needs timestamps and {dataset.name} has none: "
            "choose another suite or name the time column with --timestamp"
        )
        raise DataError(msg)
    for name in suite.protocol.split_params:
        if name not in spec.params:
            raise unknown_name(f"parameter of split {spec.name}", name, spec.params)
    make = resolve(spec.make)
    params = {**spec.params, **suite.protocol.split_params}
    split: Split = make(dataset, seed=seed, **params)
    return split


def prepare(
    dataset: Dataset,
    fingerprint: str,
    suite: SuiteSpec,
    splits: dict[str, SplitSpec],
    seed: int,
) -> Prepared:
    """Divide a data set as a suite says, at one split seed.

    Args:
        dataset: The loaded data set.
        fingerprint: Its fingerprint.
        suite: What is measured.
        splits: The known splits by name.
        seed: Seed of the split and of the tie order.

    Raises:
        DataError: If the data cannot be divided so.
        UsageError: If the suite names an unknown split, filter or parameter.
    """
    protocol = suite.protocol
    if protocol.split not in splits:
        raise unknown_name("split", protocol.split, splits)
    used, notes = filtered(dataset, suite)
    split = make_split(splits[protocol.split], used, suite, seed)
    tested = split
    if protocol.task == "next-item":
        tested = aimed(used.interactions, split, protocol.split)
    table = dataclasses.replace(used.interactions, threshold=protocol.positives)
    train = table.take(split.train)
    validation = table.take(split.validation)
    if protocol.refit:
        rows = np.sort(np.concatenate((split.train, split.validation)))
        train, validation = table.take(rows), validation.take(rows[:0])
    test = table.take(tested.test)
    candidates = np.ones(table.n_items, dtype=bool)
    if protocol.candidates != "all":
        trained = np.bincount(train.items, minlength=table.n_items) > 0
        candidates = trained if protocol.candidates == "train" else ~trained
    wanted = asked(protocol.task, test, protocol.relevance)
    if not len(wanted.users):
        msg = (
            "no test user has a relevant item: lower the relevance threshold "
            f"(now {protocol.relevance}) or use more data"
        )
        raise DataError(msg)
    view = View(
        task=protocol.task,
        train=train,
        validation=validation,
        history=table.take(split.history),
        relevance=protocol.relevance,
        seen=protocol.seen,
        candidates=candidates,
        keys=tie_keys(dataset.item_ids, seed),
        k=protocol.k,
        ask_users=wanted.users,
        ask_items=wanted.items,
        ask_times=wanted.times,
        validation_known=protocol.task == "next-item",
    )
    return Prepared(
        view=view,
        test=test,
        split={
            "seed": seed,
            "hash": split.hash(),
            "train": len(train),
            "validation": len(validation),
            "test": len(test),
            "users": len(distinct(wanted.users, table.n_users)),
            "leakage": leakage(used.interactions, tested),
        },
        dataset={
            "name": dataset.name,
            "fingerprint": fingerprint,
            "source": dataset.source,
            "scale": table.scale,
            "n_interactions": len(used.interactions),
            "n_users": len(distinct(used.interactions.users, table.n_users)),
            "n_items": len(distinct(used.interactions.items, table.n_items)),
        },
        notes=notes,
    )
