"""What a conformance check is, and the two ways in which it can end badly."""

import unittest
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from recbench.plugins.requirements import absent
from recbench.specs import ModelSpec


class CheckFailure(AssertionError):  # noqa: N818 - a check fails, it does not err
    """A model that breaks the contract; the text says what its author has to do."""


class CheckSkipped(unittest.SkipTest):
    """A check that does not apply to the model. pytest reports it as skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The model under test, in one of its tasks.

    Attributes:
        spec: What the plugin declares.
        task: Task in which it is tested; empty for checks of the declaration.
        params: Parameters that differ from the defaults, often for speed.
    """

    spec: ModelSpec
    task: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


Body = Callable[[Subject], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that a model must do.

    Attributes:
        name: Such as ``light-import`` or ``top-n/deterministic``; unique in a list.
        summary: What must hold, in one line.
        body: The check itself.
        task: Task in which the model is tested, or empty.
        required: Whether the contract asks for it; otherwise it is advice.
    """

    name: str
    summary: str
    body: Body = field(repr=False)
    task: str = ""
    required: bool = True

    def __str__(self) -> str:
        """Return the name, so that ``ids=str`` reads well in pytest."""
        return self.name

    def run(self, spec: ModelSpec, params: Mapping[str, Any] | None = None) -> None:
        """Run the check on a model.

        Args:
            spec: The model.
            params: Parameters that differ from its defaults, such as
                ``{"epochs": 2}`` for a model that is slow.

        Raises:
            CheckFailure: If the model breaks the contract.
            CheckSkipped: If the check does not apply.
        """
        missing = absent(spec)
        if self.task and missing:
            msg = f"{spec.name} requires {', '.join(missing)}, which is not installed"
            raise CheckSkipped(msg)
        self.body(Subject(spec=spec, task=self.task, params=dict(params or {})))
