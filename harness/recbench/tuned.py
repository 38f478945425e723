"""Tuned parameters as data: a file beside a plugin's card becomes presets.

Light: read whenever models are listed.
"""

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from recbench.errors import PluginError
from recbench.specs import ModelSpec, Tuned

FILE = "tuned.json"  # beside a plugin's card
FOLDER = "tuning"  # of the trials, beside the records of a suite
FOUND = "best.json"  # beside the trials
SCHEMA = 1


def with_tuned(card: str, specs: Iterable[ModelSpec]) -> Iterator[ModelSpec]:
    """Yield model specs with the tuned parameters that a plugin ships.

    Written ``yield from recbench.with_tuned(__file__, models())`` in a plugin's hook.
    The file ``tuned.json`` lies beside the card; ``recbench tune export`` writes it.

    Args:
        card: ``__file__`` of the plugin's card.
        specs: The models that the plugin offers.

    Raises:
        PluginError: If the file is damaged.
    """
    path = Path(card).parent / FILE
    found = read(path) if path.is_file() else {}
    for spec in specs:
        entries = found.get(spec.name, ())
        kept = tuple(_tuned(e) for e in entries if e["task"] in spec.tasks)
        yield dataclasses.replace(spec, tuned=(*spec.tuned, *kept)) if kept else spec


def found_beside(folder: Path) -> Path:
    """Return where searches leave what they found, given the folder of a suite."""
    return folder / FOLDER / FOUND


def with_found(path: Path, specs: Mapping[str, ModelSpec]) -> dict[str, ModelSpec]:
    """Return the models for which a search in a folder of records found something.

    Args:
        path: The ``best.json`` of a suite; it need not exist.
        specs: The models by name.

    Raises:
        PluginError: If the file is damaged.
    """
    return {
        name: dataclasses.replace(specs[name], tuned=(*specs[name].tuned, *entries))
        for name, entries in found_at(path).items()
        if name in specs
    }


def found_at(path: Path) -> dict[str, tuple[Tuned, ...]]:
    """Return what searches in a folder of records found, by model.

    Args:
        path: The ``best.json`` of a suite; it need not exist.

    Raises:
        PluginError: If the file is damaged.
    """
    found = read(path) if path.is_file() else {}
    return {name: tuple(map(_tuned, entries)) for name, entries in found.items()}


def read(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the entries of a file by model.

    Raises:
        PluginError: If the file is damaged.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            msg = f"{path} has schema {document['schema']}, known is {SCHEMA}"
            raise PluginError(msg)
        for entry in document["tuned"]:
            _tuned(entry)
            found.setdefault(entry["model"], []).append(entry)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = (
            f"{path} holds no tuned parameters ({type(error).__name__}: {error}): "
            "write it with `recbench tune export`, or remove it"
        )
        raise PluginError(msg) from error
    return found


def _tuned(entry: dict[str, Any]) -> Tuned:
    """Return an entry with tuples for the lists that JSON has."""
    params = {
        str(name): tuple(value) if isinstance(value, list) else value
        for name, value in entry["params"].items()
    }
    return Tuned(
        preset=str(entry["preset"]),
        task=str(entry["task"]),
        params=params,
        budget=dict(entry["budget"]),
    )
