"""What a board shows: which metrics, in which order, ranked by which."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recbench.results import canonical

if TYPE_CHECKING:
    from recbench.results.record import Record
    from recbench.specs import MetricSpec, SuiteSpec

Bounds = tuple[float | None, float | None]  # None where there is no bound
_UPPER = ("ndcg", "mrr", "map", "rmse", "mae", "auc", "rbp", "err", "f1", "mse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of a board.

    Attributes:
        metrics: Metric names, in column order.
        primary: The metric that ranks.
        reference: Model to which differences are shown; empty for none.
        baselines: Models without which the board is incomplete.
        labels: Metric name to what papers call it.
        bounds: Metric name to the smallest and largest value of a figure.
        protocol: The suite's protocol as plain data; None where unknown.
    """

    metrics: tuple[str, ...]
    primary: str
    reference: str = ""
    baselines: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    bounds: Mapping[str, Bounds] = field(default_factory=dict)
    protocol: Mapping[str, Any] | None = None

    def label(self, metric: str) -> str:
        """Return the column header of a metric."""
        return self.labels.get(metric) or print_name(metric)


def print_name(metric: str) -> str:
    """Return a metric's name as papers print it, guessed from ours."""
    name, at, cut = metric.partition("@")
    words = name.split("-")
    shown = [w.upper() if w in _UPPER else w for w in words]
    if words[0] not in _UPPER:
        shown[0] = words[0].capitalize()
    return " ".join(shown) + at + cut


def from_suite(spec: "SuiteSpec", metrics: "Mapping[str, MetricSpec]") -> Layout:
    """Return the layout that a suite declares."""
    import dataclasses

    labels, bounds = {}, {}
    for metric in spec.metrics:
        name, at, cut = metric.partition("@")
        if name in metrics:
            bounds[metric] = metrics[name].bounds
            if metrics[name].label:
                labels[metric] = metrics[name].label + at + cut
    return Layout(
        metrics=spec.metrics,
        primary=spec.primary,
        reference=spec.reference,
        baselines=spec.baselines,
        labels=labels,
        bounds=bounds,
        protocol=canonical.plain(dataclasses.asdict(spec.protocol)),
    )


def from_records(records: "Sequence[Record]") -> Layout:
    """Return the layout that the records themselves suggest.

    Used where the suite's plugin is not installed. The metric that selection looked
    at ranks; it comes first, the others by name.
    """
    names = _ordered({name for record in records for name in record.metrics})
    wanted = [str(record.protocol.get("selection", "")) for record in records]
    primary = next((name for name in wanted if name in names), "")
    if not primary:
        liked = ("rmse", "ndcg@10", *names, "ndcg@10")
        primary = next(name for name in liked if name in names or not names)
    metrics = (primary, *(name for name in names if name != primary))
    return Layout(metrics=metrics, primary=primary)


def from_json(data: Mapping[str, Any]) -> Layout:
    """Return the layout that a published board.json names."""
    return Layout(
        metrics=tuple(metric["name"] for metric in data["metrics"]),
        primary=data["primary"],
        reference=data.get("reference", ""),
        baselines=tuple(data.get("baselines", ())),
        labels={metric["name"]: metric["label"] for metric in data["metrics"]},
        bounds={
            metric["name"]: (metric["bounds"][0], metric["bounds"][1])
            for metric in data["metrics"]
            if "bounds" in metric  # boards before them have none
        },
    )


def _ordered(names: Iterable[str]) -> list[str]:
    """Sort metric names by name, then by cut-off as a number."""

    def place(metric: str) -> tuple[str, int, str]:
        name, _, cut = metric.partition("@")
        return name, int(cut) if cut.isdigit() else 0, metric

    return sorted(names, key=place)
