"""What plugins offer, and what was left out and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pluggy

from recbench.errors import PluginError
from recbench.specs import DatasetSpec, MetricSpec, ModelSpec, SplitSpec, SuiteSpec


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
