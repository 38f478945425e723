"""The conformance kit for plugins: checks, planted data, fixtures for pytest.

A plugin's test file needs four lines::

    from recbench.testing import checks_for

    @pytest.mark.parametrize("check", checks_for(SPEC), ids=str)
    def test_conformance(check):
        check.run(SPEC)

What stands in ``__all__`` is public. Names are resolved when first used, because
pytest imports this package at its start in every environment that has recbench.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recbench.testing.check import Check as Check
    from recbench.testing.check import CheckFailure as CheckFailure
    from recbench.testing.check import CheckSkipped as CheckSkipped
    from recbench.testing.kit import checks_for as checks_for
    from recbench.testing.planted import Planted as Planted
    from recbench.testing.planted import planted_ratings as planted_ratings
    from recbench.testing.planted import planted_topn as planted_topn

_WHERE = {
    "Check": "check",
    "CheckFailure": "check",
    "CheckSkipped": "check",
    "Planted": "planted",
    "checks_for": "kit",
    "planted_ratings": "planted",
    "planted_topn": "planted",
}

__all__ = sorted(_WHERE)  # noqa: PLE0605 - sorted() returns a list


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the API's names differ in type
    """Import a public name when it is first used."""
    if name not in _WHERE:
        msg = f"module 'recbench.testing' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(f"recbench.testing.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
