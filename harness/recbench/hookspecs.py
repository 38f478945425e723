"""The hooks that recbench calls on plugins, each with its contract.

A plugin is a module (or object) with functions marked ``@recbench.hookimpl``. It is
found through the entry-point group ``recbench``, or named by ``-p`` or
``$RECBENCH_PLUGINS``. It may state ``recbench_api = 1``.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pluggy

from recbench.specs import DatasetSpec, MetricSpec, ModelSpec, SplitSpec, SuiteSpec

PROJECT = "recbench"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def recbench_models() -> Iterable[ModelSpec]:  # type: ignore[empty-body]  # a hookspec has no body
    """Offer models. Called whenever models are listed or planned: keep it light."""


@hookspec
def recbench_datasets() -> Iterable[DatasetSpec]:  # type: ignore[empty-body]  # see above
    """Offer data sets. Nothing is downloaded until one is used."""


@hookspec
def recbench_splits() -> Iterable[SplitSpec]:  # type: ignore[empty-body]  # see above
    """Offer splits."""


@hookspec
def recbench_metrics() -> Iterable[MetricSpec]:  # type: ignore[empty-body]  # see above
    """Offer metrics."""


@hookspec
def recbench_suites() -> Iterable[SuiteSpec]:  # type: ignore[empty-body]  # see above
    """Offer suites."""


@hookspec
def recbench_event(name: str, data: Mapping[str, Any]) -> None:
    """Observe a run in the parent process.

    Called with ``run-started``, ``cell-started``, ``cell-progress``,
    ``cell-finished`` and ``run-finished``. What it raises is logged and ignored.
    """
