"""What a plugin declares: models, data sets, splits, metrics and suites, as data.

Everything here is frozen, keyword-only and light: no numpy, no torch. A factory may
be a ``"package.module:Name"`` string, which is resolved only where it is used.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from recbench.errors import PluginError

API_VERSION = 1
"""The number of the plugin contract; a plugin may state ``recbench_api = 1``."""

TASKS = ("rating", "top-n", "next-item")
NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")

Factory = Callable[..., Any] | str
Values = Literal["explicit", "counts", "none"]


def check_name(kind: str, name: object, *, slash: bool = False) -> None:
    """Refuse a name that could not stand in a path, a table and a command line.

    Raises:
        PluginError: If ``name`` is not lower-case letters, digits and ``. _ -``.
    """
    parts = str(name).split("/") if slash else [name]
    if not all(isinstance(p, str) and NAME.fullmatch(p) for p in parts):
        msg = (
            f"{kind} name {name!r} is not allowed: use 1 to 64 lower-case letters, "
            "digits, '.', '_' and '-', starting and ending with a letter or digit"
        )
        raise PluginError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamRange:
    """What a parameter may be, and where a tuner should look.

    Attributes:
        low: Smallest value allowed, or None.
        high: Largest value allowed, or None.
        choices: The only values allowed, or empty.
        tune: Bounds (low, high) of the search, or the values to try; empty means
            that the parameter is not tuned.
        log: Whether the search is uniform in the logarithm.
        help: One line for ``recbench show``.
    """

    low: float | None = None
    high: float | None = None
    choices: tuple[object, ...] = ()
    tune: tuple[Any, ...] = ()
    log: bool = False
    help: str = ""


def param(
    default: object,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[object, ...] = (),
    tune: tuple[Any, ...] = (),
    log: bool = False,
    help: str = "",  # noqa: A002 - the word that click and argparse use for it
) -> Any:  # noqa: ANN401 - a dataclass field stands in for a value of any type
    """Declare a hyper-parameter of a dataclass.

    Written ``hidden: int = param(64, low=1, tune=(16, 256))``.
    """
    allowed = ParamRange(
        low=low, high=high, choices=choices, tune=tune, log=log, help=help
    )
    return field(default=default, metadata={"range": allowed})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """Parameters that a search found, shipped with a plugin or stored with records.

    Attributes:
        preset: The name that selects them: ``model[preset=NAME]``; empty where they
            go by their values.
        task: The only task in which they hold.
        params: All parameters.
        budget: How they were chosen; stands in every record of a cell that uses them.
    """

    preset: str
    task: str
    params: Mapping[str, Any]
    budget: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model that a plugin offers.

    Attributes:
        name: Lower-case kebab name, unique among all plugins.
        factory: A class, or ``"package.module:Class"``; called as
            ``factory(params)`` where ``params`` is given, else ``factory()``.
        tasks: Tasks the model may enter: ``rating``, ``top-n``, ``next-item``.
        params: Frozen dataclass of hyper-parameters with defaults, or None.
        task_defaults: Per task, parameters whose default differs there.
        presets: Named sets of parameters, ``model[preset=NAME]``.
        tuned: Presets that a search found, as :func:`recbench.with_tuned` reads them.
        summary: One line for lists.
        paper: The source the model follows, as "Authors, year, title".
        devices: Kinds of device it can train on, best first.
        needs: What the data must have: ``ratings``, ``timestamps``,
            ``user_features``, ``item_features``; a cell without it is skipped.
        requires: Modules that must be importable; a cell without them is skipped.
        baseline: Whether the model is one of the simple ones a board must show.
        default: Whether ``--all`` includes it.
    """

    name: str
    factory: Factory
    tasks: tuple[str, ...]
    params: type | None = None
    task_defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tuned: tuple[Tuned, ...] = ()
    summary: str = ""
    paper: str = ""
    devices: tuple[str, ...] = ("cpu",)
    needs: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    baseline: bool = False
    default: bool = True

    def __post_init__(self) -> None:
        """Reject a declaration that could not be planned."""
        check_name("model", self.name)
        if not self.tasks or set(self.tasks) - set(TASKS):
            msg = f"model {self.name!r}: tasks must be a tuple of {', '.join(TASKS)}"
            raise PluginError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSpec:
    """A data set that a plugin offers.

    Attributes:
        name: Lower-case kebab name, unique among all plugins.
        load: Callable or ``"module:function"``; takes a
            :class:`recbench.datasets.DataContext`, returns a
            :class:`recbench.Dataset`.
        title: Name for people.
        values: What the value column holds: ``explicit`` ratings, ``counts``, ``none``.
        scale: Smallest and largest rating, for explicit data.
        licence: Terms of use, in a sentence.
        citation: What to cite.
        url: Publisher's page.
        has: What it offers: ``ratings``, ``timestamps``, ``user_features``,
            ``item_features``, ``folds``.
        size: Interactions, users, items; for lists.
    """

    name: str
    load: Callable[..., Any] | str
    title: str = ""
    values: Values = "explicit"
    scale: tuple[float, float] | None = None
    licence: str = ""
    citation: str = ""
    url: str = ""
    has: tuple[str, ...] = ()
    size: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        """Reject a name that could not be planned."""
        check_name("data set", self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSpec:
    """A way to divide interactions into train, validation and test.

    Attributes:
        name: Lower-case kebab name.
        make: Callable or ``"module:function"`` with signature
            ``make(dataset, *, seed, **params) -> recbench.Split``; pure.
        params: Names of the parameters with their defaults.
        needs: What the data must have (``timestamps``, ``folds``).
        summary: One line for lists.
    """

    name: str
    make: Callable[..., Any] | str
    params: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    summary: str = ""

    def __post_init__(self) -> None:
        """Reject a name that could not be planned."""
        check_name("split", self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec:
    """A metric, one definition with a version.

    A per-user metric returns one value and one weight per user; its figure is
    ``finish(sum(weight * value) / sum(weight))``. A ``system`` metric describes all
    lists together and returns one number.

    Attributes:
        name: Lower-case name without a cut-off, such as ``ndcg``.
        compute: Callable or ``"module:function"``. Kind ``ranking``:
            ``(lists: RankedLists, k: int) -> float64 (n_users,)``, NaN where the
            metric is undefined for a user; kind ``system``: the same arguments to
            a float; kind ``rating``: ``(pairs: RatedPairs) -> (values, weights)``.
        kind: ``ranking``, ``system`` or ``rating``.
        version: Raised whenever the definition changes.
        higher_is_better: Direction; None where neither end is better.
        finish: ``mean`` or ``sqrt``, applied to the weighted mean of users.
        bounds: Smallest and largest value of a figure, None where it has none; the
            intervals of a board end there.
        label: Name as papers print it, without the cut-off.
        summary: The definition in one sentence.
        needs: What the data must have (``item_features``, ``user_features``).
    """

    name: str
    compute: Callable[..., Any] | str
    kind: Literal["ranking", "system", "rating"]
    version: int = 1
    higher_is_better: bool | None = True
    finish: Literal["mean", "sqrt"] = "mean"
    bounds: tuple[float | None, float | None] = (None, None)
    label: str = ""
    summary: str = ""
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Reject a name that could not stand before an ``@``, and reversed bounds."""
        check_name("metric", self.name)
        low, high = self.bounds
        if low is not None and high is not None and low >= high:
            msg = f"metric {self.name!r}: bounds {self.bounds} are not (low, high)"
            raise PluginError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How a suite measures: everything here is hashed into every cell key.

    Attributes:
        task: ``rating``, ``top-n`` or ``next-item``.
        split: Name of a split.
        split_params: Its parameters.
        filters: Filters applied before the split, as (name, parameters) pairs.
        positives: Training interactions with at least this rating are positive
            feedback; None means that all are.
        relevance: Test interactions with at least this rating are relevant; None
            means that all are.
        candidates: ``train`` (items with a training interaction), ``cold`` (items
            without one) or ``all``.
        seen: ``remove`` (train and validation items are never listed),
            ``remove-train`` (train only), or ``keep`` (repeats allowed).
        duplicates: Which of a user's interactions with one item counts: ``last``,
            ``first``, ``mean`` or ``keep``.
        refit: Whether the chosen model is fitted again on train and validation.
        k: Length of the lists kept.
    """

    task: str
    split: str
    split_params: Mapping[str, Any] = field(default_factory=dict)
    filters: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    positives: float | None = None
    relevance: float | None = None
    candidates: Literal["train", "cold", "all"] = "train"
    seen: Literal["remove", "remove-train", "keep"] = "remove"
    duplicates: Literal["last", "first", "mean", "keep"] = "last"
    refit: bool = False
    k: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteSpec:
    """What one leaderboard shows: data set, protocol and metrics.

    Attributes:
        name: ``<data set>/<protocol name>``, such as ``ml-100k/top-n``.
        dataset: Name of a data set.
        protocol: How it measures.
        metrics: Metric names with cut-off where they have one, in column order.
        primary: The metric that ranks the board and that validation uses.
        default: Whether ``--all`` includes it.
        summary: One line for lists.
        baselines: Models that the board must show.
        reference: Model against which the board shows paired differences.
    """

    name: str
    dataset: str
    protocol: Protocol
    metrics: tuple[str, ...]
    primary: str
    default: bool = False
    summary: str = ""
    baselines: tuple[str, ...] = ()
    reference: str = ""

    def __post_init__(self) -> None:
        """Reject a suite whose name or primary metric could not be planned."""
        check_name("suite", self.name, slash=True)
        if self.primary not in self.metrics:
            msg = f"suite {self.name!r}: primary {self.primary!r} is not in its metrics"
            raise PluginError(msg)
