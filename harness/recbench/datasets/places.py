"""Where cached data lies. Light: no numpy."""

import hashlib
import os
from pathlib import Path

from recbench.specs import DatasetSpec


def cache_root() -> Path:
    """Return ``$RECBENCH_CACHE``, or the user's cache folder."""
    chosen = os.environ.get("RECBENCH_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("recbench", appauthor=False))


def source_folders() -> tuple[Path, ...]:
    """Return the folders of ``$RECBENCH_DATA``, separated as in ``$PATH``."""
    value = os.environ.get("RECBENCH_DATA", "")
    return tuple(Path(p).expanduser() for p in value.split(os.pathsep) if p)


def is_offline() -> bool:
    """Return whether ``$RECBENCH_OFFLINE`` forbids connections."""
    return os.environ.get("RECBENCH_OFFLINE", "").lower() in ("1", "true", "yes", "on")


def loader_version(spec: DatasetSpec) -> str:
    """Return the version that the loader states, or "" if it states none."""
    return str(getattr(spec.load, "version", ""))


def stored_folder(spec: DatasetSpec, root: Path) -> Path:
    """Return the folder of the canonical copy of a data set.

    Files that are used in place have a version each; so have their copies.
    """
    version = loader_version(spec)
    if getattr(spec.load, "imported", False):
        return root / "imported" / spec.name
    if version:
        mark = hashlib.sha256(version.encode()).hexdigest()[:16]
        return root / "files" / f"{spec.name}-{mark}"
    return root / "datasets" / spec.name


def download_folder(spec: DatasetSpec, root: Path) -> Path:
    """Return the folder for the files that a loader downloads."""
    return root / "downloads" / spec.name


def is_stored(spec: DatasetSpec, root: Path) -> bool:
    """Return whether the cache has a copy of a data set, without checking it."""
    return (stored_folder(spec, root) / "dataset.json").is_file()
