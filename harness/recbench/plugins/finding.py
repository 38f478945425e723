"""Which plugins there are: built in, installed, named by the user; their source."""

import contextlib
import hashlib
import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from recbench.errors import PluginError
from recbench.plugins.catalogue import Plugin

if TYPE_CHECKING:
    from importlib.metadata import Distribution

GROUP = "recbench"
ENVIRONMENT = "RECBENCH_PLUGINS"
_one = threading.RLock()  # a plugin may load another
BUILTIN = (
    "recbench.datasets.builtin",
    "recbench.splits.builtin",
    "recbench.metrics.builtin",
    "recbench.suites",
)


def found_plugins(extra: Sequence[str], *, installed: bool) -> Iterator[Plugin]:
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


@contextlib.contextmanager
def to_stderr() -> Iterator[None]:
    """Send what plugins print inside to stderr; one thread at a time.

    Two at once would each put back the other's stdout, and one that imports a plugin
    would find the half module of another.
    """
    with _one, contextlib.redirect_stdout(sys.stderr):
        yield


def import_plugin(plugin: Plugin) -> Any:  # noqa: ANN401 - a module or any object
    """Import a plugin; what it prints goes to stderr.

    Raises:
        PluginError: If a path is missing or is neither a file nor a package.
        BaseException: Whatever the plugin raises when imported.
    """
    with to_stderr():
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
