"""The errors that users meet: each says what is wrong, where, and what to do.

::

    RecbenchError            exit 2
    ├── UsageError           exit 2   a wrong argument, name or parameter
    ├── DataError            exit 2   a file or table that cannot be used
    ├── PluginError          exit 3   a plugin that breaks its contract
    ├── NothingRanError      exit 4   no cell was left to run or to show
    ├── StaleBoardError      exit 5   a board that its records do not yield
    ├── RegressionError      exit 5   something slower than it may be
    └── ContractError        exit 1   a model's output that cannot be scored
"""

import difflib
from collections.abc import Iterable


class RecbenchError(Exception):
    """Something the user can mend; printed as text, without a traceback."""

    exit_code = 2


class UsageError(RecbenchError):
    """A wrong argument, an unknown name or a value out of range."""


class DataError(RecbenchError):
    """A file or table of interactions that cannot be used as it is."""


class PluginError(RecbenchError):
    """A plugin that cannot be loaded or that breaks its contract."""

    exit_code = 3


class NothingRanError(RecbenchError):
    """No cell was left to run, or no record to show."""

    exit_code = 4


class StaleBoardError(RecbenchError):
    """A board that its records do not yield."""

    exit_code = 5


class RegressionError(RecbenchError):
    """Something that has become slower than a limit allows."""

    exit_code = 5


class ContractError(RecbenchError):
    """A model's output that breaks the contract; its cell becomes ``invalid``."""

    exit_code = 1


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a name that nothing answers to, with the nearest ones."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        hint = f"did you mean {', '.join(near)}?"
    elif names:
        shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        hint = f"known are: {shown}"
    else:
        hint = "none is known"
    return UsageError(f"unknown {kind} {name!r}: {hint}")
