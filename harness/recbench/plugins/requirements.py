"""The modules that a model requires: which are absent here, and what brings them."""

import importlib.util
import re
from collections.abc import Sequence

from recbench.plugins.catalogue import Plugin
from recbench.specs import ModelSpec

EXTRA = re.compile(r"""^([\w.-]+).*;.*\bextra\s*==\s*["']([\w.-]+)["']""")


def absent(spec: ModelSpec) -> list[str]:
    """Return the modules that a model requires and that cannot be imported here."""
    return [module for module in spec.requires if not present(module)]


def present(module: str) -> bool:
    """Return whether a module could be imported, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # its package is absent, or it has no spec
        return False


def told(modules: Sequence[str], plugin: Plugin) -> str:
    """Return that absent modules are needed, and how they are installed.

    Args:
        modules: Names of modules, at least one.
        plugin: Who requires them; one of its extras may bring them.
    """
    names = " and ".join(repr(module) for module in modules)
    what = "the module" if len(modules) == 1 else "the modules"
    verb = "is" if len(modules) == 1 else "are"
    text = f"needs {what} {names}, which {verb} not installed"
    extras = [extra_with(module, plugin.distribution) for module in modules]
    if not all(extras):
        return text
    wanted = ",".join(dict.fromkeys(extras))
    return f"{text}: pip install '{plugin.distribution}[{wanted}]'"


def extra_with(module: str, distribution: str) -> str:
    """Return the extra of a distribution that brings a module, empty if none does.

    Of several it is the smallest: the extra for tests brings nearly everything. A
    module is known by the name of its distribution, which is not always the same.
    """
    if not distribution:
        return ""
    import importlib.metadata

    try:
        lines = importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        return ""
    extras: dict[str, list[str]] = {}
    for found in filter(None, map(EXTRA.match, lines)):
        extras.setdefault(found[2], []).append(re.sub(r"[-_.]+", "_", found[1].lower()))
    name = module.partition(".")[0].lower()
    bringing = [extra for extra, names in extras.items() if name in names]
    return min(bringing, key=lambda extra: len(extras[extra]), default="")
