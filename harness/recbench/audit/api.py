"""What a script or a notebook calls to see whether a board can be believed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recbench import plugins as registry
from recbench.audit.suite import audit
from recbench.errors import UsageError
from recbench.leaderboard import publish
from recbench.referee.finding import Report
from recbench.results.store import Store
from recbench.runner.rescore import Rescorer

if TYPE_CHECKING:
    from recbench.audit.canaries.song import Song
    from recbench.robustness.stability import Stability
    from recbench.truth.experiment import Trials


def audit_board(
    suite: str, *, out: str | Path = "leaderboards", plugins: Sequence[str] = ()
) -> Report:
    """Return the referee's grade of a board and every finding behind it.

    Args:
        suite: Name of a suite with records.
        out: Folder of records and pages.
        plugins: Files, folders or modules to load besides the installed plugins.

    Raises:
        RecbenchError: If the suite has no records.
    """
    store = Store(Path(out))
    [name] = _one(store, suite)
    return audit(store, name, registry.load(plugins))


def order_stability(
    suite: str,
    *,
    metrics: Sequence[str] = (),
    out: str | Path = "leaderboards",
    plugins: Sequence[str] = (),
) -> "Stability":
    """Return how stable a board's order is over metrics, cut-offs, users and splits.

    Args:
        suite: Name of a suite with records.
        metrics: Metrics without cut-off to measure by; empty for those of accuracy.
        out: Folder of records and pages.
        plugins: Files, folders or modules to load besides the installed plugins.

    Raises:
        RecbenchError: If the suite has no records, or its data set has changed.
    """
    from recbench.robustness.measured import robustness

    store, catalogue = Store(Path(out)), registry.load(plugins)
    [name] = _one(store, suite)
    board = publish.load(store, name, catalogue)
    return robustness(board, Rescorer(catalogue, store), metrics=metrics)


def run_canaries(
    models: Sequence[str] = (), *, plugins: Sequence[str] = ()
) -> "list[Song]":
    """Run the canaries and return what each did.

    Args:
        models: Models to train on shuffled labels; empty for a few quick ones.
        plugins: Files, folders or modules to load besides the installed plugins.
    """
    from recbench.audit.canaries.run import canaries

    return canaries(registry.load(plugins), models=models, extra=plugins)


def true_orders(
    worlds: Sequence[str] = (),
    *,
    models: Sequence[str] = (),
    draws: int = 10,
    seed: int = 0,
    plugins: Sequence[str] = (),
) -> "list[Trials]":
    """Return what protocols make of simulated worlds whose truth is known.

    Args:
        worlds: Names of worlds; empty for all.
        models: Models to put in order; empty for six fast ones.
        draws: Draws of each world.
        seed: Seed of the first draw.
        plugins: Files, folders or modules to load besides the installed plugins.

    Raises:
        UsageError: For an unknown world or model.
    """
    from recbench.truth import experiment

    return experiment.draws(
        registry.load(plugins),
        scenarios=experiment.named(worlds),
        models=models or experiment.MODELS,
        n=draws,
        seed=seed,
    )


def _one(store: Store, suite: str) -> list[str]:
    """Return the one suite of that name, in a list.

    Raises:
        UsageError: If the name stands for several.
    """
    found = publish.chosen(store, [suite])
    if len(found) > 1:
        msg = f"{suite!r} has several suites: name one of {', '.join(found)}"
        raise UsageError(msg)
    return found
