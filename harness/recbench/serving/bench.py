"""Serve-bench from Python and from the command line: the same function."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recbench import hardware
from recbench.errors import DataError, NothingRanError, UsageError, unknown_name
from recbench.results import atomic
from recbench.serving import exact, measuring
from recbench.serving.fitting import Fits, Order, fit_vectors
from recbench.serving.indexes import KINDS, lacking
from recbench.serving.report import Measured, Report, Served

PAGE, DATA, PICTURE = "README.md", "serving.json", "recall-latency.svg"
QUERIES = 5000  # test users asked for at most


def serve_bench(
    models: str | Sequence[str] = (),
    suite: str = "",
    *,
    k: int = 10,
    indexes: Sequence[str] = tuple(KINDS),
    select: bool = False,
    **order: Any,  # noqa: ANN401 - the fields of Order
) -> Report:
    """Measure how well and how fast indexes find what models rank first.

    Args:
        models: Models with parameters; nothing for all of the suite's task. Those
            without vectors are named as skipped.
        suite: Name of a suite, a data set or a task; empty for ``top-n``.
        k: Length of the lists.
        indexes: Of ``flat``, ``ivf``, ``hnsw`` and ``usearch``.
        select: Whether the indexes that can exclude seen items by themselves do so;
            otherwise k and the number of the user's seen items are fetched.
        order: ``dataset``, ``seed``, ``device``, ``jobs``, ``timeout``, ``plugins``,
            ``log`` and ``listener``, as in :class:`recbench.serving.fitting.Order`.

    Returns:
        The report.

    Raises:
        UsageError: For an unknown index, or a suite whose users have no vectors.
        NothingRanError: If no index is installed, or no model has vectors.
    """
    kinds, absent = _installed(indexes)
    models = (models,) if isinstance(models, str) else tuple(models)
    wanted = Order(models=models, suite=suite, **order)
    fits = fit_vectors(wanted, ("top-n",))
    view = fits.prepared.view
    if len(view.history):
        msg = (
            f"suite {fits.suite.name} cannot be served from vectors: its users are "
            "unseen in training; choose another suite"
        )
        raise UsageError(msg)
    if not fits.fitted:
        raise NothingRanError(_nothing(fits))
    rows: list[Measured] = []
    served: list[Served] = []
    versions = {"recbench": hardware.versions().get("recbench-harness", "")}
    failed = [
        (r.label, f"{r.status}: {r.message}")
        for r in fits.records
        if r.status not in ("ok", "skipped")
    ]
    for fitted in fits.fitted.values():
        bench = exact.prepare(fits, fitted, k=k, most=QUERIES)
        served.append(bench.served())
        for kind in kinds:
            label = f"{fitted.record.label} in {kind}"
            wanted.log(f"{label}: building and searching")
            try:
                found, version = measuring.measured(bench, kind, select=select)
            except measuring.IndexFailedError as error:
                failed.append((label, str(error)))
                continue
            versions[KINDS[kind].module] = version
            rows += found
    return Report(
        suite=fits.suite.name,
        dataset={k: fits.prepared.dataset[k] for k in ("name", "fingerprint")},
        seed=wanted.seed,
        k=k,
        metric=bench.metric,
        seen=view.seen,
        models=tuple(served),
        rows=tuple(measuring.with_speedups(rows)),
        skipped=(*absent, *((r.label, r.message) for r in _skipped(fits))),
        failed=tuple(failed),
        machine=hardware.machine(),
        versions=versions,
        command=_command(wanted, fits.suite.name, k, indexes, select=select),
    )


def _installed(
    indexes: Sequence[str],
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the indexes that can be measured here, and the others with reasons."""
    for name in indexes:
        if name not in KINDS:
            raise unknown_name("index", name, KINDS)
    chosen = list(dict.fromkeys(indexes))
    absent = [(f"index {name}", lacking(name)) for name in chosen if lacking(name)]
    kinds = [name for name in chosen if not lacking(name)]
    if not kinds:
        why = "; ".join(f"{name} {reason}" for name, reason in absent)
        raise NothingRanError(f"no index can be measured: {why or 'none is named'}")
    return kinds, absent


def _skipped(fits: Fits) -> list[Any]:
    return [r for r in fits.records if r.status == "skipped"]


def _nothing(fits: Fits) -> str:
    """Say why no model left vectors."""
    reasons = "; ".join(f"{r.label}: {r.message or r.status}" for r in fits.records)
    return f"no model of {fits.suite.name} left vectors to serve ({reasons})"


def _command(
    order: Order, suite: str, k: int, indexes: Sequence[str], *, select: bool
) -> str:
    """Return the command that makes a report again."""
    words = ["recbench", "serve-bench", suite]
    for model in order.models:
        words += ["-m", model]
    if order.dataset is not None:
        words += ["-d", order.dataset]
    words += ["-k", str(k), "--indexes", ",".join(indexes), "--seed", str(order.seed)]
    if select:
        words += ["--seen", "selector"]
    for plugin in order.plugins:
        words += ["-p", plugin]
    return shlex.join(words)


def write(report: Report, out: Path) -> list[Path]:
    """Write page, data and plot of a report; the page shows the last one.

    Returns:
        The paths, in ``OUT/SUITE/serving``.

    Raises:
        DataError: If one cannot be written.
    """
    from recbench.serving import plot, text

    folder = out / report.suite / "serving"
    files = {
        PAGE: text.to_markdown(report, PICTURE).encode(),
        DATA: report.as_json().encode(),
        PICTURE: plot.file(report),
    }
    for name, data in files.items():
        try:
            atomic.write(folder / name, data)
        except OSError as error:
            msg = f"cannot write {folder / name}: {error.strerror}"
            raise DataError(msg) from error
    return [folder / name for name in files]
