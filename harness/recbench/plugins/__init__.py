"""Find, load and isolate plugins; report by name and reason the ones that fail.

A broken plugin never harms another: each is imported and asked on its own, and what
it raises (``SystemExit`` included) becomes a :class:`Problem`.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recbench.errors import RecbenchError, UsageError
from recbench.params import complete
from recbench.plugins.catalogue import Catalogue, Plugin, Problem
from recbench.plugins.finding import (
    ENVIRONMENT,
    GROUP,
    found_plugins,
    import_plugin,
    named_plugins,
    resolve,
)
from recbench.plugins.hooks import KINDS, manager_of, offered
from recbench.specs import ModelSpec

__all__ = [
    "ENVIRONMENT",
    "GROUP",
    "Catalogue",
    "Plugin",
    "Problem",
    "import_plugin",
    "load",
    "make",
    "manager_of",
    "named_plugins",
    "resolve",
]


def load(extra: Sequence[str] = (), *, installed: bool = True) -> Catalogue:
    """Load built-in, installed and named plugins.

    Args:
        extra: Files, folders or modules to load besides, as for ``-p``.
        installed: Whether to load the entry points of the environment.

    Returns:
        The catalogue, with its problems.
    """
    catalogue = Catalogue()
    for plugin in found_plugins(extra, installed=installed):
        with _blame(catalogue, plugin):
            loaded = import_plugin(plugin)
            manager = manager_of(loaded)
            offers = [(kind, spec) for kind in KINDS for spec in offered(manager, kind)]
            catalogue.plugins.append(plugin)
            catalogue.observers.append((plugin, manager))
            for kind, spec in offers:
                _add(catalogue, plugin, kind, spec)
    _add_imported(catalogue)
    return catalogue


def _add_imported(catalogue: Catalogue) -> None:
    """Add the data sets that the user imported; a plugin's name goes before."""
    from recbench.datasets.imported import imported_specs

    origin = Plugin(name="imported", kind="module", value="recbench.datasets.imported")
    for spec in imported_specs():
        if spec.name not in catalogue.datasets:
            catalogue.datasets[spec.name] = spec
            catalogue.origin["datasets", spec.name] = origin


def _add(catalogue: Catalogue, plugin: Plugin, kind: str, spec: Any) -> None:  # noqa: ANN401 - any spec
    """Add one spec, unless another plugin already took its name."""
    table: dict[str, Any] = getattr(catalogue, kind)
    if spec.name in table:
        owner = catalogue.origin[kind, spec.name]
        reason = (
            f"{kind[:-1]} name {spec.name!r} is already taken by plugin {owner.name} "
            f"({owner.value}): rename it"
        )
        catalogue.problems.append(Problem(plugin=plugin, reason=reason))
        return
    table[spec.name] = spec
    catalogue.origin[kind, spec.name] = plugin


@contextlib.contextmanager
def _blame(catalogue: Catalogue, plugin: Plugin) -> Iterator[None]:
    """Turn whatever a plugin raises into a problem that names it."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except RecbenchError as error:
        catalogue.problems.append(Problem(plugin=plugin, reason=str(error)))
    except BaseException as error:  # noqa: BLE001 - a plugin may raise or exit as it likes
        import traceback

        last = traceback.extract_tb(error.__traceback__)[-1]
        reason = (
            f"{type(error).__name__}: {error} "
            f"({Path(last.filename).name}, line {last.lineno})"
        )
        catalogue.problems.append(Problem(plugin=plugin, reason=reason))


def make(spec: ModelSpec, task: str, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - a model is any object
    """Build an untrained model.

    Args:
        spec: The model.
        task: Task whose defaults complete ``params``.
        params: Parameters that differ from the defaults; ``preset`` is allowed.

    Raises:
        UsageError: For an unknown parameter or a value out of range.
    """
    if task not in spec.tasks:
        msg = f"model {spec.name!r} does not offer the task {task!r}"
        raise UsageError(msg)
    values = complete(spec, task, params or {})
    factory = resolve(spec.factory)
    return factory(spec.params(**values)) if spec.params is not None else factory()
