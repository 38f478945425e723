"""One model's vectors in every index: against the exact ranking, and by the clock."""

import dataclasses
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.errors import RecbenchError
from recbench.evaluation.products import norms, products
from recbench.evaluation.rules import verify_lists
from recbench.runner.launch import environment
from recbench.serving.exact import Bench, Lists
from recbench.serving.indexes import NAMES
from recbench.serving.report import NOTHING, OVER_FETCH, SELECTOR, Measured

WORKER_SECONDS = 3600.0


class IndexFailedError(RecbenchError):
    """An index could not be built or searched."""

    exit_code = 1


def measured(bench: Bench, kind: str, *, select: bool) -> tuple[list[Measured], str]:
    """Build one index in a process of its own and measure it at every setting.

    Args:
        bench: The model.
        kind: Name of the index.
        select: Whether an index that can excludes seen items by itself.

    Returns:
        A row per setting, and the version of the index's library.

    Raises:
        IndexFailedError: If its process failed.
    """
    with tempfile.TemporaryDirectory(prefix="recbench-index-") as name:
        folder = Path(name)
        _write_job(bench, kind, folder, select=select)
        command = [sys.executable, "-P", "-m", "recbench.serving.worker", name]
        try:
            done = subprocess.run(
                command,
                env=environment(1),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=WORKER_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            msg = f"took longer than {WORKER_SECONDS:.0f} s"
            raise IndexFailedError(msg) from error
        if done.returncode or not (folder / "result.json").exists():
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            msg = f"its process ended with status {done.returncode}: {last}"
            raise IndexFailedError(msg)
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        rows = [_row(bench, kind, s, result, folder) for s in result["settings"]]
    return rows, result["version"]


def _write_job(bench: Bench, kind: str, folder: Path, *, select: bool) -> None:
    """Write what the worker reads."""
    job = {"kind": kind, "k": bench.rules.k, "select": select}
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    np.save(folder / "items.npy", bench.fitted.item_vectors[bench.order])
    np.save(folder / "queries.npy", bench.fitted.user_vectors[bench.users])
    np.save(folder / "seen.npy", bench.seen)
    np.save(folder / "offsets.npy", bench.offsets)


def _row(
    bench: Bench, kind: str, setting: int, result: Mapping[str, Any], folder: Path
) -> Measured:
    """Return the figures of one setting."""
    lists = in_tie_order(
        np.load(folder / f"rows-{setting}.npy"),
        np.load(folder / f"scores-{setting}.npy"),
        bench.order,
    )
    verify_lists(lists, bench.users, bench.rules)
    rounds = np.load(folder / f"nanoseconds-{setting}.npy")  # (rounds, q)
    times = rounds.min(axis=0) / 1e6
    figure = bench.figure_of(lists)
    way = SELECTOR if result["selected"] else OVER_FETCH
    return Measured(
        model=bench.fitted.record.label,
        index=kind,
        setting=f"{NAMES[kind]}={setting}" if kind in NAMES else "",
        filter=way if len(bench.seen) else NOTHING,
        recall=recall(bench, lists),
        figure=figure,
        lost=1 - figure / bench.figure if bench.figure else None,
        p50_ms=float(np.median(times)),
        p99_ms=float(np.quantile(times, 0.99)),
        queries_per_second=1000 / float(times.mean()),
        build_seconds=result["build_seconds"],
        memory_mib=result["memory_mib"],
        size_mib=result["size_bytes"] / 2**20,
    )


def in_tie_order(
    rows: NDArray[np.int64], scores: NDArray[np.float32], order: NDArray[np.int64]
) -> Lists:
    """Return item codes of lists, equal scores in the suite's tie order.

    Args:
        rows: Rows of the index, ``(q, k)``, -1 where there is none.
        scores: Their scores, NaN where there is none.
        order: Item code of each row.
    """
    places = np.lexsort((rows, -scores), axis=1)  # NaN comes last
    rows = np.take_along_axis(rows, places, axis=1)
    return np.where(rows >= 0, order[rows], -1).astype(np.int32)


def recall(bench: Bench, lists: Lists) -> float:
    """Return the mean share of the exact top-k that lists hold.

    An item counts whose score is that of the k-th exact one up to what float32 rounds
    away: which of equal items an index returns is no fault of it.
    """
    u = bench.fitted.user_vectors[bench.users]
    v = bench.fitted.item_vectors
    rows, ranks = np.nonzero(lists >= 0)
    exact = products(u, rows, v, lists[rows, ranks])
    wanted = (bench.lists >= 0).sum(axis=1)
    last = np.full(len(wanted), np.inf)
    some = wanted > 0
    last[some] = bench.scores[some, wanted[some] - 1]
    d = v.shape[1]
    margin = 2 * (d + 1) * 2.0**-24 * norms(u) * float(norms(v).max(initial=0))
    found = np.bincount(rows[exact >= (last - margin)[rows]], minlength=len(wanted))
    return float((np.minimum(found, wanted)[some] / wanted[some]).mean())


def with_speedups(rows: Sequence[Measured]) -> list[Measured]:
    """Return the rows with their speed beside that of the same model's ``flat``."""
    base = {r.model: r.queries_per_second for r in rows if r.index == "flat"}
    return [
        dataclasses.replace(r, speedup=r.queries_per_second / base[r.model])
        if r.model in base
        else r
        for r in rows
    ]
