"""Merging stores: files are named by their content, so merging is copying."""

from pathlib import Path

from recbench.results import atomic
from recbench.results.store import Damage, Store


def merge(source: Path, target: Path) -> tuple[int, int, list[Damage]]:
    """Copy what ``target`` lacks; damaged files stay behind.

    Args:
        source: Root of a store.
        target: Root of the store to add to.

    Returns:
        Files copied, files that were there already, and what was left out.
    """
    store = Store(source)
    copied = present = 0
    refused: list[Damage] = []
    for suite in store.suites():
        damaged = store.damaged(suite)
        refused += damaged
        bad = {damage.path for damage in damaged}
        for path in sorted((store.folder(suite) / "results").glob("*/*")):
            if path in bad or path.name.startswith("."):
                continue
            place = Store(target).folder(suite) / "results" / path.parent.name
            if (place / path.name).exists():
                present += 1
                continue
            atomic.write(place / path.name, path.read_bytes())
            copied += 1
    return copied, present, refused
