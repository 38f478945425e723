"""The cards of the built-in metrics; docs/metrics.md defines each on its own."""

from collections.abc import Iterator
from typing import Literal

from recbench.hookspecs import hookimpl
from recbench.specs import MetricSpec

Card = tuple[str, str, str, bool | None, str]

# name, function, label, higher is better, definition
RATING: tuple[Card, ...] = (
    ("rmse", "mse", "RMSE", False, "root of the mean squared error"),
    ("mse", "mse", "MSE", False, "mean squared error"),
    ("mae", "mae", "MAE", False, "mean absolute error"),
    ("mean-error", "mean_error", "mean error", None, "mean of prediction - rating"),
    ("rmse-per-user", "rmse_per_user", "user RMSE", False, "mean RMSE of the users"),
    ("mae-per-user", "mae_per_user", "user MAE", False, "mean MAE of the users"),
    ("r2", "r2", "R²", True, "1 - squared error / variance of the ratings"),
    ("fcp", "fcp", "FCP", True, "share of a user's rating pairs in the right order"),
)
RANKING: tuple[Card, ...] = (
    ("precision", "precision", "Precision", True, "hits / k"),
    ("recall", "recall", "Recall", True, "hits / relevant items"),
    ("recall-capped", "recall_capped", "capped Recall", True, "hits / min(k, n)"),
    ("f1", "f1", "F1", True, "harmonic mean of precision and recall"),
    ("hit-rate", "hit_rate", "HR", True, "1 where the list holds a hit"),
    ("mrr", "mrr", "MRR", True, "1 / rank of the first hit"),
    ("r-precision", "r_precision", "R-Precision", True, "precision at min(k, n)"),
    ("map", "average_precision", "MAP", True, "sum of precision at hits / min(k, n)"),
    ("map-full", "average_precision_full", "MAP (full)", True, "the same sum / n"),
    ("dcg", "dcg", "DCG", True, "sum of 1 / log2(rank + 1) at hits"),
    ("ndcg", "ndcg", "NDCG", True, "binary gain, over the best list of k"),
    ("ndcg-linear", "ndcg_linear", "NDCG (linear)", True, "gain is the rating"),
    ("ndcg-graded", "ndcg_graded", "NDCG (graded)", True, "gain is 2^rating - 1"),
    ("rbp", "rbp", "RBP", True, "rank-biased precision, persistence 0.8"),
    ("auc", "auc", "AUC", True, "chance that a relevant item beats another"),
)
POPULARITY: tuple[Card, ...] = (
    ("popularity", "popularity", "popularity", None, "mean training count of items"),
    ("popularity-percentile", "popularity_percentile", "popularity percentile", None,
     "mean share of candidates that are less popular"),
    ("popularity-lift", "popularity_lift", "popularity lift", None,
     "how much more popular the list is than the user's training items"),
    ("novelty", "novelty", "novelty", None, "mean self-information in bits"),
    ("tail-share", "tail_share", "tail share", None, "share of items out of the head"),
    ("unexpectedness", "unexpectedness", "unexpectedness", None,
     "share of places not held by the k most popular items"),
    ("serendipity", "serendipity", "serendipity", True,
     "share of places that are hits not among the k most popular items"),
)  # fmt: skip
CATALOGUE_USERS: tuple[Card, ...] = (
    (
        "user-coverage",
        "user_coverage",
        "user coverage",
        True,
        "1 where there is a list",
    ),
    ("filled", "filled", "filled", True, "share of the k places that hold an item"),
)
CATALOGUE: tuple[Card, ...] = (
    ("coverage", "coverage", "coverage", True, "share of candidates listed to anyone"),
    ("gini", "gini", "Gini", False, "inequality of how often candidates are listed"),
    ("entropy", "entropy", "entropy", True, "entropy of the listed items in bits"),
    ("personalisation", "personalisation", "personalisation", None,
     "mean share of places in which two users' lists differ"),
)  # fmt: skip
CONTENT: tuple[Card, ...] = (
    ("diversity", "diversity", "diversity", None, "mean distance between listed items"),
    ("surprise", "surprise", "surprise", None, "mean distance to the training items"),
    ("calibration", "calibration", "miscalibration", False,
     "divergence of the list's categories from the profile's"),
)  # fmt: skip
GROUP_USERS: tuple[Card, ...] = (
    ("ndcg-cold", "ndcg_cold", "NDCG (cold users)", True, "ndcg of the cold quarter"),
    ("ndcg-warm", "ndcg_warm", "NDCG (warm users)", True, "ndcg of the other users"),
    ("recall-head", "recall_head", "Recall (head)", True, "recall of popular items"),
    ("recall-tail", "recall_tail", "Recall (tail)", True, "recall of all other items"),
)
GROUPS: tuple[Card, ...] = (
    ("ndcg-gap-activity", "ndcg_gap_activity", "NDCG gap (activity)", False,
     "distance between the ndcg of cold and warm users"),
)  # fmt: skip
ATTRIBUTES: tuple[Card, ...] = tuple(
    (f"ndcg-gap-{name}", f"ndcg_gap_{name}", f"NDCG gap ({name})", False,
     f"largest distance between the ndcg of groups by {name}")
    for name in ("gender", "age", "occupation")
)  # fmt: skip

UNIT, POSITIVE = (0.0, 1.0), (0.0, None)
BOUNDS: dict[str, tuple[float | None, float | None]] = {  # of all others: UNIT
    "mean-error": (None, None),
    "r2": (None, 1.0),
    "popularity-lift": (-1.0, None),
    **dict.fromkeys(("rmse", "mse", "mae", "rmse-per-user", "mae-per-user"), POSITIVE),
    **dict.fromkeys(("dcg", "popularity", "novelty"), POSITIVE),
    **dict.fromkeys(("entropy", "calibration"), POSITIVE),
}

Kind = Literal["ranking", "system", "rating"]

SHELVES: tuple[tuple[tuple[Card, ...], str, Kind, tuple[str, ...]], ...] = (
    (RATING, "rating", "rating", ()),
    (RANKING, "ranking", "ranking", ()),
    (POPULARITY, "popularity", "ranking", ()),
    (CATALOGUE_USERS, "catalogue", "ranking", ()),
    (CATALOGUE, "catalogue", "system", ()),
    (CONTENT, "content", "ranking", ("item_features",)),
    (GROUP_USERS, "groups", "ranking", ()),
    (GROUPS, "groups", "system", ()),
    (ATTRIBUTES, "groups", "system", ("user_features",)),
)


@hookimpl
def recbench_metrics() -> Iterator[MetricSpec]:
    """Offer every built-in metric."""
    for cards, module, kind, needs in SHELVES:
        for name, function, label, higher, summary in cards:
            yield MetricSpec(
                name=name,
                compute=f"recbench.metrics.{module}:{function}",
                kind=kind,
                higher_is_better=higher,
                finish="sqrt" if name == "rmse" else "mean",
                bounds=BOUNDS.get(name, UNIT),
                label=label,
                summary=summary,
                needs=needs,
            )
