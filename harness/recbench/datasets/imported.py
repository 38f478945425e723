"""The data sets that ``recbench data import`` brought in. Light: no numpy."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recbench.datasets.places import cache_root
from recbench.errors import DataError, PluginError
from recbench.specs import DatasetSpec

if TYPE_CHECKING:
    from recbench.datasets.dataset import DataContext, Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLoader:
    """Stands for a data set of which the cache has the only copy."""

    name: str
    origin: str
    imported: bool = True

    def __call__(self, context: "DataContext") -> "Dataset":  # noqa: ARG002 - the loaders' signature
        """Say that the copy is gone: it is only asked where the cache has none."""
        msg = (
            f"the imported copy of {self.name} is missing or damaged: import it again "
            f"with recbench data import {self.origin} --name {self.name}"
        )
        raise DataError(msg)


def imported_specs(cache: Path | None = None) -> list[DatasetSpec]:
    """Return the specs of the imported data sets, by name.

    Args:
        cache: The cache root; None for the one in force.
    """
    folder = (cache or cache_root()) / "imported"
    return [spec for card in _cards(folder) if (spec := _spec(card)) is not None]


def _cards(folder: Path) -> Iterator[dict[str, Any]]:
    try:
        found = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    except OSError:
        return
    for path in found:
        try:
            card = json.loads((path / "dataset.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # the same as not imported; verify tells more
        if isinstance(card, dict) and card.get("name") == path.name:
            yield card


def _spec(card: dict[str, Any]) -> DatasetSpec | None:
    try:
        scale = card["scale"]
        arrays, features = card["arrays"], card["features"]
        has = [key for key in ("ratings", "timestamps") if key in arrays]
        has += [f"{side}_features" for side in ("user", "item") if features.get(side)]
        return DatasetSpec(
            name=card["name"],
            load=ImportedLoader(name=card["name"], origin=str(card["source"])),
            title=f"imported from {Path(str(card['source'])).name}",
            values=card["values"],
            scale=None if scale is None else (float(scale[0]), float(scale[1])),
            licence=card["licence"],
            citation=card["citation"],
            has=tuple(has),
            size=(card["interactions"], card["users"], card["items"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, PluginError):
        return None
