"""Merging stores: files are named by their content, so merging is copying."""

from pathlib import Path

from recbench.results import atomic, blobs
from recbench.results.store import Damage, Store


def merge(source: Path, target: Path) -> tuple[int, int, list[Damage]]:
    """Copy the records that ``target`` lacks, each after its blobs.

    A damaged record stays behind, and so does one with a missing or damaged blob;
    whatever else lies in the folders is not copied.

    Args:
        source: Root of a store.
        target: Root of the store to add to.

    Returns:
        Files copied, files that were there already, and what was left out.
    """
    held, gets = Store(source), Store(target)
    copied = present = 0
    refused: list[Damage] = []
    for suite in held.suites():
        damaged = held.damaged(suite)
        refused += damaged
        bad = {damage.path for damage in damaged}
        place = gets.folder(suite) / "results"
        for path, names in held.files(suite):
            wanted = [path.parent / name for name in names]
            if path in bad or bad.intersection(wanted):
                continue
            for file in (*wanted, path):
                found = place / path.parent.name / file.name
                # one that is there but damaged is mended by the whole one
                if not blobs.fault(found.parent, found.name):
                    present += 1
                    continue
                with atomic.open_regular(file) as opened:
                    atomic.write(found, opened.read())
                copied += 1
    return copied, present, refused
