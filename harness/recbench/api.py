"""What a script or a notebook calls: run, plan, boards, rescoring."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recbench import plugins as plugin_loading
from recbench.errors import DataError
from recbench.results.record import Record
from recbench.results.store import Store
from recbench.runner import api as runner_api
from recbench.runner.decide import Planned
from recbench.runner.perform import Result
from recbench.runner.plan import Rerun
from recbench.runner.run import Listener

if TYPE_CHECKING:
    import pandas as pd

    from recbench.datasets.dataset import Dataset
    from recbench.leaderboard.board import Board
    from recbench.leaderboard.plots.apart import Studio


STATISTICS = "recbench.leaderboard.assemble"  # slow to import
MANY = 4  # cells that are worth getting ready for


@dataclass(frozen=True, slots=True, kw_only=True)
class Boards:
    """The boards that a run wrote; shows itself as tables in a notebook.

    Attributes:
        out: Folder of the records and pages.
        boards: One board per suite.
        records: The record that counts for every planned cell.
        exit_code: Exit status of the same run on the command line.
    """

    out: Path
    boards: "tuple[Board, ...]" = ()
    records: tuple[Record, ...] = field(default=(), repr=False)
    exit_code: int = 0

    def __iter__(self) -> "Iterator[Board]":
        """Iterate over the boards."""
        return iter(self.boards)

    def __getitem__(self, suite: str) -> "Board":
        """Return the board of a suite by its name.

        Raises:
            KeyError: If the run did not touch that suite.
        """
        for board in self.boards:
            if board.suite == suite:
                return board
        names = ", ".join(board.suite for board in self.boards) or "none"
        msg = f"no board of {suite!r}; there are: {names}"
        raise KeyError(msg)

    def _repr_html_(self) -> str:
        """Return the tables for a notebook."""
        return "\n".join(board._repr_html_() for board in self.boards)

    def __str__(self) -> str:
        """Return the tables for a terminal."""
        return "\n".join(str(board) for board in self.boards)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per suite and model."""
        import pandas as pd

        frames = [b.to_frame().assign(suite=b.suite) for b in self.boards]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def as_json(self) -> str:
        """Return ``[{"suite": ..., "rows": [...]}, ...]``."""
        from recbench.leaderboard import jsonboard

        entries = [
            {"suite": b.suite, "rows": json.loads(jsonboard.rows(b))}
            for b in self.boards
        ]
        return json.dumps(entries, indent=1)


def drawing_at(studio: "Studio", listener: Listener) -> Listener:
    """Return a listener that also gets ready for the pages while the cells start."""
    ready: dict[str, Callable[[], object]] = {
        "run-started": studio.open,
        "cell-started": partial(importlib.import_module, STATISTICS),
    }

    def listen(event: str, data: Mapping[str, Any]) -> None:
        listener(event, data)
        if event == "run-started" and data["to_run"] < MANY:
            ready.clear()
        if event in ready:
            ready.pop(event)()

    return listen


def boards_of(result: Result, studio: "Studio | None" = None) -> Boards:
    """Write the pages of the suites that a run touched and return their boards."""
    from recbench.leaderboard import publish

    store = Store(result.out)
    names = [s.name for s in result.suites if s.name in store.suites()]
    result.catalogue.suites.update({s.name: s for s in result.suites})
    try:
        written = publish.write(store, names, result.catalogue, studio)
    except OSError as error:
        msg = (
            f"the records are kept, but the pages under {result.out} cannot be "
            f"written: {error.strerror}; mend it and run recbench leaderboard build"
        )
        raise DataError(msg) from error
    return Boards(
        out=result.out,
        boards=tuple(written),
        records=tuple(result.records),
        exit_code=result.exit_code,
    )


def run(  # one keyword for each option of the command
    suites: str | Sequence[str] = (),
    *,
    models: str | Sequence[str] = (),
    dataset: str | None = None,
    seeds: Sequence[int] = (0,),
    device: str = "auto",
    threads: int = 1,
    jobs: int | None = None,
    timeout: float | None = 1800.0,
    memory: int | None = None,
    rerun: Rerun | None = None,
    quick: bool = False,
    plugins: Sequence[str] = (),
    out: str | Path = "leaderboards",
    progress: bool = True,
) -> Boards:
    """Train and measure models, store their records and write the boards.

    Args:
        suites: Suites, data sets or tasks; nothing for the default suites.
        models: Models with parameters, such as ``"ncf[epochs=3]"``; nothing for all.
        dataset: Name of a data set, or path of a CSV, TSV or Parquet file.
        seeds: Split seeds; the model seed is the same number.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        threads: Threads of each cell.
        jobs: Cells at once; None for as many as the cores hold.
        timeout: Longest time of a cell in seconds, or None.
        memory: Most resident memory of a cell in bytes, or None.
        rerun: Which cells with a record to run again: ``none``, ``failed``,
            ``stale``, ``all``; None for those whose record was made elsewhere.
        quick: Measure 150 users only, on boards of their own.
        plugins: Files, folders or modules to load besides the installed plugins.
        out: Folder of records and pages.
        progress: Whether to print a line per cell to stderr.

    Returns:
        The boards, which show themselves as tables in a notebook.

    Raises:
        RecbenchError: If the request cannot be planned or the data cannot be had.
    """
    from recbench.leaderboard.plots.apart import Studio
    from recbench.runner.lines import Lines

    shown = Lines(sys.stderr if progress else None)
    suites = (suites,) if isinstance(suites, str) else suites
    models = (models,) if isinstance(models, str) else models
    with closing(Studio()) as studio:
        result = runner_api.run_request(
            suites=suites,
            everything=not (suites or models or dataset),
            models=models,
            dataset=dataset,
            seeds=seeds,
            device=device,
            threads=threads,
            jobs=jobs,
            timeout=timeout,
            memory=memory,
            rerun=rerun,
            quick=quick,
            plugins=plugins,
            out=Path(out),
            log=shown.log,
            listener=drawing_at(studio, shown.listen),
        )
        return boards_of(result, studio)


def plan(
    suites: str | Sequence[str] = (),
    *,
    models: str | Sequence[str] = (),
    dataset: str | None = None,
    seeds: Sequence[int] = (0,),
    device: str = "auto",
    threads: int = 1,
    rerun: Rerun | None = None,
    quick: bool = False,
    plugins: Sequence[str] = (),
    out: str | Path = "leaderboards",
) -> list[Planned]:
    """Return the cells that :func:`run` would have, and what it would do to each."""
    suites = (suites,) if isinstance(suites, str) else suites
    models = (models,) if isinstance(models, str) else models
    return runner_api.plan_request(
        suites=suites,
        everything=not (suites or models or dataset),
        models=models,
        dataset=dataset,
        seeds=seeds,
        device=device,
        threads=threads,
        rerun=rerun,
        quick=quick,
        plugins=plugins,
        out=Path(out),
    )


def load_dataset(name: str, *, plugins: Sequence[str] = ()) -> "Dataset":
    """Return a data set by name, or from a CSV, TSV or Parquet file.

    Raises:
        RecbenchError: If there is no such data set, or no source serves it.
    """
    from recbench.datasets.store import open_dataset
    from recbench.errors import unknown_name

    catalogue, found = runner_api.catalogue_for(
        plugins, name, lambda _line: None, strict=False
    )
    if found is None or found not in catalogue.datasets:
        raise unknown_name("data set", name, catalogue.datasets)
    return open_dataset(catalogue.datasets[found])


def records(suite: str, out: str | Path = "leaderboards") -> list[Record]:
    """Return the record that counts for each cell of a suite."""
    return Store(Path(out)).records(suite)


def catalogue(plugins: Sequence[str] = ()) -> plugin_loading.Catalogue:
    """Return everything that the installed and the named plugins offer."""
    return plugin_loading.load(plugins)
