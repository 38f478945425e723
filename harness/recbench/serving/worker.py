"""The process in which one index is built and searched, on one thread.

It is given vectors and what each user has seen; test labels never reach it. Read from
its folder: ``job.json``, ``items.npy``, ``queries.npy``, ``offsets.npy`` and
``seen.npy`` (rows of the items that query ``q`` must not get are
``seen[offsets[q]:offsets[q + 1]]``). Left behind: for each setting ``rows-S.npy``,
``scores-S.npy`` and ``nanoseconds-S.npy``, then ``result.json``.
"""

import gc
import importlib
import json
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recbench.runner.memory import memory_mib
from recbench.serving.indexes import KINDS

ROUNDS = 5  # the fastest counts: what a busy neighbour adds is no index's fault
SECONDS = 20.0  # after which no further round of a setting begins

Answer = tuple[NDArray[np.int64], NDArray[np.float32]]


def main(folder: Path) -> None:
    """Do the job in a folder."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    items = np.load(folder / "items.npy")
    index = KINDS[job["kind"]]()
    _import(index.module)
    gc.collect()
    before = memory_mib("VmRSS")
    started = time.perf_counter()
    index.build(items)
    seconds = time.perf_counter() - started
    after = memory_mib("VmRSS")
    index.save(folder / "index")
    size = (folder / "index").stat().st_size
    (folder / "index").unlink()
    settings = index.settings()
    select = job["select"] and index.selects
    for setting in settings:
        asker = Asker(folder, index.searcher(setting), k=job["k"], select=select)
        rows, scores = asker.everything()
        np.save(folder / f"rows-{setting}.npy", rows)
        np.save(folder / f"scores-{setting}.npy", scores)
        np.save(folder / f"nanoseconds-{setting}.npy", asker.timed())
    result = {
        "settings": settings,
        "selected": select,
        "build_seconds": seconds,
        "memory_mib": None if before is None or after is None else after - before,
        "size_bytes": size,
        "version": _version(index.module),
    }
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


class Asker:
    """Asks every query, one at a time, and filters what the user has seen."""

    def __init__(
        self,
        folder: Path,
        search: Callable[[Any, int, Any], Any],
        *,
        k: int,
        select: bool,
    ) -> None:
        """Read the queries.

        Args:
            folder: Where they are.
            search: What answers them.
            k: Length of the lists.
            select: Whether the index excludes what was seen; otherwise so many more
                items are fetched, and dropped afterwards.
        """
        self.queries = np.load(folder / "queries.npy")
        self.seen, offsets = (
            np.load(folder / "seen.npy"),
            np.load(folder / "offsets.npy"),
        )
        self.bounds = offsets.tolist()
        self.search, self.k, self.select = search, k, select
        n = len(np.load(folder / "items.npy", mmap_mode="r"))
        self.n_items, self.mask = n, np.zeros(n, dtype=np.bool_)
        self.none = self.seen[:0]

    def one(self, query: int) -> Answer:
        """Return rows and scores for one query, as a service would."""
        vector = self.queries[query : query + 1]
        seen = self.seen[self.bounds[query] : self.bounds[query + 1]]
        if self.select:
            scores, rows = self.search(vector, min(self.k, self.n_items), seen)
            kept = rows >= 0
        else:
            n = min(self.k + len(seen), self.n_items)
            scores, rows = self.search(vector, n, self.none)
            self.mask[seen] = True
            kept = (rows >= 0) & ~self.mask[rows]
            self.mask[seen] = False
        return rows[kept][: self.k], scores[kept][: self.k]

    def everything(self) -> Answer:
        """Return the lists of all queries, padded with -1, and their scores."""
        shape = (len(self.queries), self.k)
        lists, values = np.full(shape, -1), np.full(shape, np.nan, dtype=np.float32)
        for query in range(len(self.queries)):
            rows, scores = self.one(query)
            lists[query, : len(rows)], values[query, : len(rows)] = rows, scores
        return lists, values

    def timed(self) -> NDArray[np.int64]:
        """Return the nanoseconds of each query, one row a round, ``(rounds, q)``.

        All queries have been asked once before.
        """
        clock, n = time.perf_counter_ns, len(self.queries)
        found = np.zeros((ROUNDS, n), dtype=np.int64)
        begun, done = time.perf_counter(), 0
        gc.disable()
        while done < ROUNDS and (not done or time.perf_counter() - begun < SECONDS):
            for query in range(n):
                started = clock()
                self.one(query)
                found[done, query] = clock() - started
            done += 1
        gc.enable()
        return found[:done]


def _import(module: str) -> None:
    """Load the library, so that its own memory is not the index's."""
    importlib.import_module("usearch.index" if module == "usearch" else module)


def _version(module: str) -> str:
    """Return the version of a library."""
    return metadata.version({"faiss": "faiss-cpu"}.get(module, module))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
