"""Opening a data set: the canonical copy in the cache, or its sources and then that."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recbench.datasets.dataset import DataContext, Dataset
from recbench.datasets.decode import DamagedError, read_folder
from recbench.datasets.encode import write_folder
from recbench.datasets.places import (
    cache_root,
    download_folder,
    is_offline,
    source_folders,
    stored_folder,
)
from recbench.errors import DataError, PluginError
from recbench.specs import DatasetSpec

Log = Callable[[str], None]


def _silent(_line: str) -> None:
    """Drop a line."""


def open_dataset(
    spec: DatasetSpec,
    *,
    cache_root: Path | None = None,
    offline: bool = False,
    log: Log = _silent,
) -> Dataset:
    """Return a data set, from the cache if it is there and sound.

    What its loader yields is stored in the cache first, so that the arrays are always
    memory-mapped and read-only; where the cache cannot be written to they are not, and
    the log says so.

    Args:
        spec: The data set.
        cache_root: The cache; None for ``$RECBENCH_CACHE`` or the user's cache folder.
        offline: Never open a connection; ``$RECBENCH_OFFLINE`` says the same.
        log: Takes one line for the person who waits.

    Raises:
        DataError: If no source serves.
        PluginError: If the loader breaks its contract.
    """
    root = cache_root or _root()
    folder = stored_folder(spec, root)
    cached = _cached(folder, log)
    if cached is not None:
        return replace(cached, source=f"cache (first read from {cached.source})")
    context = DataContext(
        cache=download_folder(spec, root),
        sources=source_folders(),
        offline=offline or is_offline(),
        log=log,
    )
    dataset = _load(spec, context)
    try:
        write_folder(folder, dataset)
        stored = read_folder(folder)
    except DataError as error:
        log(f"{spec.name}: not cached, so kept in memory: {error}")
        return dataset
    return stored or dataset


def _root() -> Path:
    return cache_root()


def _cached(folder: Path, log: Log) -> Dataset | None:
    """Return the canonical copy if it is there and sound."""
    try:
        return read_folder(folder)
    except DamagedError as error:
        log(f"the cached copy is not used and made again: {error}")
        return None


def _load(spec: DatasetSpec, context: DataContext) -> Dataset:
    loader: Any = spec.load
    if isinstance(loader, str):
        module, _, name = loader.partition(":")
        try:
            loader = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            msg = f"data set {spec.name!r}: cannot load {spec.load!r} ({error})"
            raise PluginError(msg) from error
    dataset = loader(context)
    if not isinstance(dataset, Dataset):
        kind = type(dataset).__name__
        msg = f"data set {spec.name!r}: its loader returned {kind}, not a Dataset"
        raise PluginError(msg)
    _check(spec, dataset)
    return dataset


def _check(spec: DatasetSpec, dataset: Dataset) -> None:
    """Refuse a data set that is not what its spec declares."""
    table = dataset.interactions
    if not len(table):
        msg = f"data set {spec.name!r} holds no interactions"
        raise DataError(msg)
    if dataset.name != spec.name:
        msg = f"data set {spec.name!r}: its loader calls it {dataset.name!r}"
        raise PluginError(msg)
    for what, ids, n in (
        ("user", dataset.user_ids, table.n_users),
        ("item", dataset.item_ids, table.n_items),
    ):
        if len(ids) != n:
            msg = f"data set {spec.name!r}: {len(ids)} {what} ids for {n} {what}s"
            raise PluginError(msg)
        features = getattr(table, f"{what}_features")
        if features is not None and features.columns and len(features) != n:
            msg = (
                f"data set {spec.name!r}: {what} features have {len(features)} rows "
                f"for {n} {what}s"
            )
            raise PluginError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verifying a cached data set found.

    Attributes:
        name: The data set.
        state: ``ok``, ``damaged`` or ``absent``.
        detail: Fingerprint, or what is wrong.
    """

    name: str
    state: str
    detail: str = ""


def verify_cached(spec: DatasetSpec, *, cache_root: Path | None = None) -> Verdict:
    """Check every byte of the cached copy of a data set.

    Args:
        spec: The data set.
        cache_root: The cache; None for the one in force.
    """
    folder = stored_folder(spec, cache_root or _root())
    try:
        stored = read_folder(folder)
    except DamagedError as error:
        return Verdict(name=spec.name, state="damaged", detail=str(error))
    if stored is None:
        return Verdict(name=spec.name, state="absent")
    return Verdict(name=spec.name, state="ok", detail=stored.fingerprint())
