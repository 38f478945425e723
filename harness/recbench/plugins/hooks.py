"""A plugin's hooks: are they right, and what do they offer?"""

from collections.abc import Iterator
from typing import Any

import pluggy

from recbench import hookspecs
from recbench.errors import PluginError
from recbench.plugins.finding import to_stderr
from recbench.specs import (
    API_VERSION,
    DatasetSpec,
    MetricSpec,
    ModelSpec,
    SplitSpec,
    SuiteSpec,
)

HOOK = "recbench_"
KINDS: dict[str, type] = {
    "models": ModelSpec,
    "datasets": DatasetSpec,
    "splits": SplitSpec,
    "metrics": MetricSpec,
    "suites": SuiteSpec,
}


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


def offered(manager: pluggy.PluginManager, kind: str) -> Iterator[Any]:
    """Yield what a plugin offers of one kind, each checked for its type."""
    wanted = KINDS[kind]
    with to_stderr():
        specs = [s for answer in getattr(manager.hook, HOOK + kind)() for s in answer]
    for spec in specs:
        if not isinstance(spec, wanted):
            got = type(spec).__name__
            msg = f"recbench_{kind} offers {got}, expected {wanted.__name__}"
            raise PluginError(msg)
        yield spec
