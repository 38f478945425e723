"""The indexes that are measured; all of them search by inner product.

Each knows the settings of a search that are tried, is built once, and answers one
query at a time with rows of the item matrix, best first. Loaded in the worker only.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

EDGES = 16  # of a graph's node, on its upper levels; the lowest has twice as many
EF_BUILD = 100
EF_SEARCH = (16, 32, 64, 128, 256)
PROBES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
POINTS = 39  # training points that FAISS wants for each cell of an inverted file


class Index(Protocol):
    """An index over item vectors."""

    module: str
    selects: bool

    def settings(self) -> tuple[int, ...]:
        """Return the settings of a search that are tried; a single 0 for none."""
        ...

    def build(self, items: Vectors) -> None:
        """Take the item vectors, float32 ``(n, d)``."""
        ...

    def searcher(self, setting: int) -> Callable[[Vectors, int, Rows], Any]:
        """Return ``search(query, n, excluded)`` to (scores, rows), each ``(m,)``.

        Args:
            setting: One of ``settings()``.

        The query is float32 ``(1, d)``; ``excluded`` are rows never to be returned,
        empty unless ``selects``. Rows are -1 where fewer than ``n`` were found.
        """
        ...

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        ...


class _Faiss:
    """What the indexes of FAISS share."""

    module = "faiss"
    selects = True

    def __init__(self) -> None:
        import faiss

        faiss.omp_set_num_threads(1)
        self.faiss: Any = faiss
        self.index: Any = None

    def settings(self) -> tuple[int, ...]:
        """Return that there is nothing to set."""
        return (0,)

    def options(self, setting: int, **chosen: Any) -> Any:  # noqa: ANN401 - of FAISS
        """Return the parameters of a search."""
        del setting
        return self.faiss.SearchParameters(**chosen)

    def searcher(self, setting: int) -> Callable[[Vectors, int, Rows], Any]:
        """Return what answers a query."""
        index, common = self.index, self.options(setting)

        def search(query: Vectors, n: int, excluded: Rows) -> Any:  # noqa: ANN401 - a pair
            chosen = common
            if len(excluded):
                listed = self.faiss.IDSelectorBatch(excluded)
                chosen = self.options(setting, sel=self.faiss.IDSelectorNot(listed))
            scores, rows = index.search(query, n, params=chosen)
            return scores[0], rows[0]

        return search

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        self.faiss.write_index(self.index, str(path))


class Flat(_Faiss):
    """Every item is compared: exact, and what the others are measured against."""

    def build(self, items: Vectors) -> None:
        """Keep the items."""
        self.index = self.faiss.IndexFlatIP(items.shape[1])
        self.index.add(items)


class IVF(_Faiss):
    """An inverted file: items lie in cells of k-means, a few of which are searched."""

    def build(self, items: Vectors) -> None:
        """Find the cells, then file the items."""
        n, d = items.shape
        self.cells = max(1, min(int(4 * n**0.5), n // POINTS))
        self.coarse = self.faiss.IndexFlatIP(d)
        self.index = self.faiss.IndexIVFFlat(
            self.coarse, d, self.cells, self.faiss.METRIC_INNER_PRODUCT
        )
        self.index.train(items)
        self.index.add(items)

    def settings(self) -> tuple[int, ...]:
        """Return how many cells are searched."""
        return tuple(p for p in PROBES if p < self.cells) or (1,)

    def options(self, setting: int, **chosen: Any) -> Any:  # noqa: ANN401 - of FAISS
        """Return the parameters of a search."""
        return self.faiss.SearchParametersIVF(nprobe=setting, **chosen)


class HNSW(_Faiss):
    """A graph of near neighbours (Malkov and Yashunin, 2020), searched greedily."""

    def build(self, items: Vectors) -> None:
        """Add the items one by one."""
        self.index = self.faiss.IndexHNSWFlat(
            items.shape[1], EDGES, self.faiss.METRIC_INNER_PRODUCT
        )
        self.index.hnsw.efConstruction = EF_BUILD
        self.index.add(items)

    def settings(self) -> tuple[int, ...]:
        """Return how many candidates a search holds."""
        return EF_SEARCH

    def options(self, setting: int, **chosen: Any) -> Any:  # noqa: ANN401 - of FAISS
        """Return the parameters of a search."""
        return self.faiss.SearchParametersHNSW(efSearch=setting, **chosen)


class USearch:
    """The same kind of graph by another library, which has no selector of ids."""

    module = "usearch"
    selects = False

    def build(self, items: Vectors) -> None:
        """Add the items one by one."""
        from usearch.index import Index as Graph

        self.index: Any = Graph(
            ndim=items.shape[1],
            metric="ip",
            dtype="f32",
            connectivity=EDGES,
            expansion_add=EF_BUILD,
        )
        self.index.add(np.arange(len(items), dtype=np.uint64), items, threads=1)

    def settings(self) -> tuple[int, ...]:
        """Return how many candidates a search holds."""
        return EF_SEARCH

    def searcher(self, setting: int) -> Callable[[Vectors, int, Rows], Any]:
        """Return what answers a query; one at a time, since it sets the index."""
        index = self.index
        index.expansion_search = setting

        def search(query: Vectors, n: int, excluded: Rows) -> Any:  # noqa: ANN401 - a pair
            del excluded
            found = index.search(query[0], n, threads=1)
            # its distance is 1 - <u, v>
            return 1 - found.distances, found.keys.astype(np.int64)

        return search

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        self.index.save(str(path))


KINDS: dict[str, type[Flat | IVF | HNSW | USearch]] = {
    "flat": Flat,
    "ivf": IVF,
    "hnsw": HNSW,
    "usearch": USearch,
}
NAMES = {"ivf": "nprobe", "hnsw": "ef", "usearch": "ef"}


def lacking(kind: str) -> str:
    """Return why an index cannot be had here, empty if it can."""
    module = KINDS[kind].module
    if importlib.util.find_spec(module) is None:
        return f"needs the module {module!r}: pip install 'recbench-harness[ann]'"
    return ""
