"""Find, load and isolate plugins; report by name and reason the ones that fail.

A broken plugin never harms another: each is imported and asked on its own, and what
it raises (``SystemExit`` included) becomes a :class:`Problem`.
"""

import contextlib
import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pluggy

from recbench import hookspecs
from recbench.errors import PluginError, RecbenchError, UsageError
from recbench.params import complete
from recbench.specs import (
    API_VERSION,
    DatasetSpec,
    MetricSpec,
    ModelSpec,
    SplitSpec,
    SuiteSpec,
)

if TYPE_CHECKING:
    from importlib.metadata import Distribution

GROUP = "recbench"
HOOK = "recbench_"
ENVIRONMENT = "RECBENCH_PLUGINS"
BUILTIN = (
    "recbench.datasets.builtin",
    "recbench.splits.builtin",
    "recbench.metrics.builtin",
    "recbench.suites",
)
KINDS: dict[str, type] = {
    "models": ModelSpec,
    "datasets": DatasetSpec,
    "splits": SplitSpec,
    "metrics": MetricSpec,
    "suites": SuiteSpec,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """Where a plugin came from, enough to load it again in another process.

    Attributes:
        name: Entry-point name, module name or file stem.
        kind: ``module`` or ``path``.
        value: Module (``package.module`` or ``package.module:object``) or path.
        version: Version of its distribution, empty where it has none.
        distribution: Name of its distribution, empty where it has none.
    """

    name: str
    kind: str
    value: str
    version: str = ""
    distribution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A plugin, or one thing that it offers, which was left out."""

    plugin: Plugin
    reason: str

    def __str__(self) -> str:
        """Return one or more lines for people."""
        return f"plugin {self.plugin.name} ({self.plugin.value}): {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything the plugins offer, by name.

    Attributes:
        models: Model specs by name; likewise the other four.
        plugins: The plugins that loaded, in order.
        problems: What was left out and why.
        origin: ``(kind, name)`` to the plugin that offers it.
        observers: The loaded plugin objects, for events.
    """

    models: dict[str, ModelSpec] = field(default_factory=dict)
    datasets: dict[str, DatasetSpec] = field(default_factory=dict)
    splits: dict[str, SplitSpec] = field(default_factory=dict)
    metrics: dict[str, MetricSpec] = field(default_factory=dict)
    suites: dict[str, SuiteSpec] = field(default_factory=dict)
    plugins: list[Plugin] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    origin: dict[tuple[str, str], Plugin] = field(default_factory=dict)
    observers: list[tuple[Plugin, pluggy.PluginManager]] = field(default_factory=list)

    def emit(
        self, name: str, data: Mapping[str, Any], log: Callable[[str], None]
    ) -> None:
        """Tell every observer; what one raises is logged and harms nobody."""
        for plugin, manager in self.observers:
            try:
                manager.hook.recbench_event(name=name, data=data)
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything
                log(f"plugin {plugin.name}: recbench_event failed: {error}")

    def require_no_problem(self) -> None:
        """Raise if a plugin was left out.

        Raises:
            PluginError: Naming every problem.
        """
        if self.problems:
            raise PluginError("\n".join(str(problem) for problem in self.problems))


def load(extra: Sequence[str] = (), *, installed: bool = True) -> Catalogue:
    """Load built-in, installed and named plugins.

    Args:
        extra: Files, folders or modules to load besides, as for ``-p``.
        installed: Whether to load the entry points of the environment.

    Returns:
        The catalogue, with its problems.
    """
    catalogue = Catalogue()
    for plugin in _found(extra, installed=installed):
        with _blame(catalogue, plugin):
            loaded = import_plugin(plugin)
            manager = manager_of(loaded)
            offers = [(kind, spec) for kind in KINDS for spec in _ask(manager, kind)]
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


def _found(extra: Sequence[str], *, installed: bool) -> Iterator[Plugin]:
    """Yield plugins in a fixed order: built-in, installed by name, then named ones."""
    for module in BUILTIN:
        yield Plugin(name=module, kind="module", value=module)
    if installed:
        from importlib.metadata import entry_points

        found = entry_points(group=GROUP)
        known: dict[int, tuple[str, str]] = {}
        for entry in sorted(found, key=lambda e: (e.name, e.value)):
            if id(entry.dist) not in known:
                known[id(entry.dist)] = _name_and_version(entry.dist)
            name, version = known[id(entry.dist)]
            yield Plugin(
                name=entry.name,
                kind="module",
                value=entry.value,
                version=version,
                distribution=name,
            )
    named = [p for p in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if p]
    for text in dict.fromkeys([*named, *extra]):
        yield from named_plugins(text)


def _name_and_version(dist: "Distribution | None") -> tuple[str, str]:
    """Return a distribution's name and version, empty where it has none.

    The library parses the whole description as an e-mail to answer either, each
    time: with thirty plugins that is half of ``recbench list``.
    """
    text = (dist and (dist.read_text("METADATA") or dist.read_text("PKG-INFO"))) or ""
    fields = dict(
        line.split(": ", 1)
        for line in text.partition("\n\n")[0].splitlines()
        if line.startswith(("Name: ", "Version: "))
    )
    return fields.get("Name", "").strip(), fields.get("Version", "").strip()


def named_plugins(text: str) -> Iterator[Plugin]:
    """Yield the plugins that ``-p TEXT`` names: a file, a folder or a module.

    A folder is a package, or a project whose ``pyproject.toml`` has the entry points.
    """
    path = Path(text).expanduser()
    looks_like_path = os.sep in text or text.endswith(".py") or path.exists()
    if not looks_like_path:
        yield Plugin(name=text, kind="module", value=text)
        return
    path = path.resolve()
    project = path / "pyproject.toml"
    if path.is_dir() and not (path / "__init__.py").exists() and project.exists():
        import tomllib

        table = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
        entries: dict[str, str] = table.get("entry-points", {}).get(GROUP, {})
        for name, value in sorted(entries.items()):
            package = value.partition(":")[0].partition(".")[0]
            root = next(
                (r for r in (path / "src", path) if (r / package).is_dir()), path
            )
            yield Plugin(name=name, kind="path", value=str(root / package))
        if entries:
            return
    yield Plugin(name=path.stem, kind="path", value=str(path))


def import_plugin(plugin: Plugin) -> Any:  # noqa: ANN401 - a module or any object
    """Import a plugin; what it prints goes to stderr.

    Raises:
        PluginError: If a path is missing or is neither a file nor a package.
        BaseException: Whatever the plugin raises when imported.
    """
    with contextlib.redirect_stdout(sys.stderr):
        if plugin.kind == "module":
            module, _, attribute = plugin.value.partition(":")
            loaded: Any = importlib.import_module(module)
            for part in filter(None, attribute.split(".")):
                loaded = getattr(loaded, part)
            return loaded
        return _import_path(Path(plugin.value))


def _import_path(path: Path) -> ModuleType:
    """Import a file or a package folder under a name that no other module has."""
    if path.is_dir():
        if not (path / "__init__.py").exists():
            msg = f"{path} is a folder without __init__.py: name a file or a package"
            raise PluginError(msg)
        if str(path.parent) not in sys.path:
            sys.path.insert(0, str(path.parent))
        return importlib.import_module(path.name)
    if not path.is_file():
        msg = f"there is no file {path}"
        raise PluginError(msg)
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    name = f"recbench_file_{path.stem}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        msg = f"{path} is not a Python file"
        raise PluginError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


class _Manager(pluggy.PluginManager):
    """A manager that looks only at names that may be hooks.

    pluggy examines every name of a module with ``inspect``, which with thirty plugins
    is a sixth of ``recbench list``.
    """

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:  # noqa: ANN401 - pluggy's types
        """Return a specification's options, None where there is none."""
        if not name.startswith(HOOK):
            return None
        return super().parse_hookspec_opts(module_or_class, name)

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:  # noqa: ANN401 - pluggy's types
        """Return an implementation's options, None where there is none."""
        if name.startswith("__"):
            return None
        return super().parse_hookimpl_opts(plugin, name)


def manager_of(loaded: Any) -> pluggy.PluginManager:  # noqa: ANN401 - any object
    """Register one plugin with a manager of its own, after checking its hooks.

    Raises:
        PluginError: For a wrong API number, a misspelt or unmarked hook.
    """
    api = getattr(loaded, "recbench_api", API_VERSION)
    if api != API_VERSION:
        msg = f"written for plugin API {api!r}, this recbench speaks {API_VERSION}"
        raise PluginError(msg)
    manager = _Manager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    known = [n for n in vars(hookspecs) if n.startswith(HOOK)]
    marked = 0
    for name in dir(loaded):
        implements = manager.parse_hookimpl_opts(loaded, name) is not None
        marked += implements
        if implements and name not in known:
            import difflib

            near = difflib.get_close_matches(name, known, n=1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise PluginError(f"there is no hook {name!r}{hint}")
        if name in known and not implements:
            raise PluginError(f"{name} is not marked with @recbench.hookimpl")
    if not marked:
        msg = "it has no function marked with @recbench.hookimpl"
        raise PluginError(msg)
    manager.register(loaded)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(str(error)) from error
    return manager


def _ask(manager: pluggy.PluginManager, kind: str) -> Iterator[Any]:
    """Yield what a plugin offers of one kind, each checked for its type."""
    answers: Iterable[Any] = getattr(manager.hook, f"recbench_{kind}")()
    wanted = KINDS[kind]
    for answer in answers:
        with contextlib.redirect_stdout(sys.stderr):
            specs = list(answer)
        for spec in specs:
            if not isinstance(spec, wanted):
                got = type(spec).__name__
                msg = f"recbench_{kind} offers {got}, expected {wanted.__name__}"
                raise PluginError(msg)
            yield spec


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


def resolve(factory: Callable[..., Any] | str) -> Callable[..., Any]:
    """Return what a ``"package.module:Name"`` string names, or the callable itself.

    Raises:
        PluginError: If the string has no colon or names nothing.
    """
    if not isinstance(factory, str):
        return factory
    module, colon, attribute = factory.partition(":")
    if not colon:
        msg = f"{factory!r} must be written 'package.module:Name'"
        raise PluginError(msg)
    loaded: Any = importlib.import_module(module)
    for part in attribute.split("."):
        if not hasattr(loaded, part):
            msg = f"{factory!r}: {loaded.__name__} has no {part!r}"
            raise PluginError(msg)
        loaded = getattr(loaded, part)
    found: Callable[..., Any] = loaded
    return found


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


def source_hash(plugin: Plugin) -> str:
    """Return the SHA-256 over a plugin's Python files, 64 hex digits."""
    if plugin.kind == "path":
        root = Path(plugin.value)
    else:
        module = plugin.value.partition(":")[0]
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            return hashlib.sha256(plugin.value.encode()).hexdigest()
        root = Path(spec.origin)
        if root.name == "__init__.py":
            root = root.parent
    files = sorted(root.rglob("*.py")) if root.is_dir() else [root]
    digest = hashlib.sha256()
    for file in files:
        name = file.relative_to(root).as_posix() if root.is_dir() else file.name
        digest.update(f"{name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()
