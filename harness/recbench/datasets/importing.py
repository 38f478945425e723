"""Keeping a file of interactions in the cache under a name."""

from pathlib import Path
from typing import TYPE_CHECKING

from recbench.datasets.files import name_for
from recbench.datasets.places import cache_root
from recbench.errors import PluginError, UsageError
from recbench.specs import check_name

if TYPE_CHECKING:
    from recbench.datasets.dataset import Dataset


def name_of(file: Path, name: str | None) -> str:
    """Return the name a file will have.

    Raises:
        UsageError: If a data set cannot have the name.
    """
    chosen = name or name_for(file)
    try:
        check_name("data set", chosen)
    except PluginError as error:
        raise UsageError(str(error)) from error
    return chosen


def imported_folder(name: str, cache: Path | None = None) -> Path:
    """Return the folder of an imported data set."""
    return (cache or cache_root()) / "imported" / name


def check_free(name: str, *, replace: bool = False, cache: Path | None = None) -> None:
    """Refuse a name that an imported data set has, unless it is to be replaced.

    Raises:
        UsageError: If the name is taken.
    """
    if not replace and (imported_folder(name, cache) / "dataset.json").exists():
        msg = f"{name!r} is imported already: add --replace, or give another --name"
        raise UsageError(msg)


def store_imported(dataset: "Dataset", *, cache: Path | None = None) -> Path:
    """Write a data set into the cache under its name.

    Args:
        dataset: What :func:`recbench.datasets.files.import_file` returned.
        cache: The cache root; None for the one in force.

    Returns:
        Its folder.

    Raises:
        DataError: If the cache cannot be written to.
    """
    from recbench.datasets.encode import write_folder

    folder = imported_folder(dataset.name, cache)
    write_folder(folder, dataset)
    return folder
