"""What a measurement of vector search found, as plain data."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

OVER_FETCH, SELECTOR, NOTHING = "over-fetch", "selector", "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An index at one setting of its search.

    Attributes:
        model: Label of the model whose vectors it holds.
        index: ``flat``, ``ivf``, ``hnsw`` or ``usearch``.
        setting: Such as ``nprobe=4``; empty where there is nothing to set.
        filter: How seen items were kept out: ``over-fetch``, ``selector``, ``none``.
        recall: Mean share of the exact top-k that it found.
        figure: The suite's primary metric at k, from its lists.
        lost: Share of the exact ranking's figure that it lost; None where that is 0.
        p50_ms: Median over users of the time of one query with its filter.
        p99_ms: Of a hundred users, all but one waited at most so long.
        queries_per_second: Queries over the sum of their times.
        speedup: ``queries_per_second`` over that of ``flat``; None without it.
        build_seconds: Time to build it.
        memory_mib: Growth of its process's resident memory while it was built; None
            where the system does not say.
        size_mib: Size of its file.
    """

    model: str
    index: str
    setting: str
    filter: str
    recall: float
    figure: float
    lost: float | None
    p50_ms: float
    p99_ms: float
    queries_per_second: float
    speedup: float | None = None
    build_seconds: float
    memory_mib: float | None
    size_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A model with vectors.

    Attributes:
        model: Its label.
        figure: The primary metric at k of its exact ranking.
        dimension: Length of the vectors.
        n_items: Items in the indexes.
        n_queries: Users asked for.
        mean_seen: Mean number of seen items in the index, which are kept out.
        fit_seconds: Time to fit it.
    """

    model: str
    figure: float
    dimension: int
    n_items: int
    n_queries: int
    mean_seen: float
    fit_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The measurement of one suite.

    Attributes:
        suite: Name of the suite.
        dataset: ``name`` and ``fingerprint``.
        seed: Seed of the split and the models.
        k: Length of the lists.
        metric: Such as ``ndcg@10``.
        seen: The suite's seen-item policy.
        models: The models with vectors.
        rows: Every index at every setting.
        skipped: (what, why) for models without vectors and indexes not installed.
        failed: (what, why) for models and indexes that broke.
        machine: Facts of the machine; times hold for it only.
        versions: Of recbench and of the libraries of the indexes.
        command: What makes the report again.
    """

    suite: str
    dataset: dict[str, Any]
    seed: int
    k: int
    metric: str
    seen: str
    models: tuple[Served, ...]
    rows: tuple[Measured, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    machine: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    command: str = ""

    @property
    def exit_code(self) -> int:
        """Return the exit status of the command."""
        return 1 if self.failed else 0

    def as_json(self) -> str:
        """Return the report as one JSON object."""
        return json.dumps(dataclasses.asdict(self), indent=1, allow_nan=False) + "\n"

    def __str__(self) -> str:
        """Return the report for a terminal."""
        from recbench.serving import text

        return text.render(self)
