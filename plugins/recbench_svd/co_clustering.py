"""``co-clustering`` of Surprise (George and Merugu, 2005).

``r_hat = mean of the co-cluster + (mean_u - mean of u's cluster) + (mean_i - mean of
i's cluster)``; clusters are reassigned as in k-means from a random start.

Deviations: Surprise deals in whole ratings only, so it is given a multiple of the
ratings and its answer divided (``trainset.whole``). Surprise answers with the global
mean where a side is unknown; the paper would use the known side's own mean.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import surprise
from numpy.typing import NDArray

from recbench import FitContext, Interactions, load_fitted, save_fitted
from recbench_svd.params import CoClusteringParams
from recbench_svd.trainset import Known, whole

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Exact = NDArray[np.float64]
Inner = NDArray[np.int64]

SEEDS = 2**32  # Surprise takes numpy's legacy seeds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters:
    """What Surprise found, in inner ids.

    Attributes:
        of_user: Cluster of each user, shape ``(n_users,)``.
        of_item: Cluster of each item, shape ``(n_items,)``.
        both: float64, mean of each co-cluster.
        users: float64, mean of each user.
        items: float64, mean of each item.
        user_clusters: float64, mean of each cluster of users.
        item_clusters: float64, mean of each cluster of items.
    """

    of_user: Inner
    of_item: Inner
    both: Exact
    users: Exact
    items: Exact
    user_clusters: Exact
    item_clusters: Exact

    @classmethod
    def of(cls, fitted: surprise.CoClustering) -> Self:
        """Read the means out of a fitted algorithm."""
        return cls(
            of_user=np.asarray(fitted.cltr_u, dtype=np.int64),
            of_item=np.asarray(fitted.cltr_i, dtype=np.int64),
            both=np.asarray(fitted.avg_cocltr),
            users=np.asarray(fitted.user_mean),
            items=np.asarray(fitted.item_mean),
            user_clusters=np.asarray(fitted.avg_cltr_u),
            item_clusters=np.asarray(fitted.avg_cltr_i),
        )

    def at(self, users: Inner, items: Inner) -> Exact:
        """Return predictions of pairs, float64, shape ``(n,)``."""
        u, i = self.of_user[users], self.of_item[items]
        return np.asarray(
            self.both[u, i]
            + self.users[users]
            - self.user_clusters[u]
            + self.items[items]
            - self.item_clusters[i]
        )


class CoClustering:
    """Means of clusters of users and items."""

    known: Known
    factor: int
    clusters: Clusters
    n_parameters: int

    save, load = save_fitted, load_fitted

    def __init__(self, params: CoClusteringParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Let Surprise find the clusters."""
        p = self.params
        factor = whole(train.ratings)
        known, trainset = Known.of(train, factor)
        algorithm = surprise.CoClustering(
            n_cltr_u=p.user_clusters,
            n_cltr_i=p.item_clusters,
            n_epochs=p.epochs,
            random_state=context.seed % SEEDS,
        )
        algorithm.fit(trainset)
        self.known, self.factor = known, factor
        self.clusters = Clusters.of(algorithm)
        sizes = trainset.n_users + trainset.n_items
        self.n_parameters = 2 * sizes + p.user_clusters * p.item_clusters

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return predictions, float32, shape ``(n,)``."""
        return self.estimate(users, items).astype(np.float32)

    def estimate(self, users: Codes, items: Codes) -> Exact:
        """Return predictions, float64, shape ``(n,)``."""
        values = np.full(len(users), self.known.mean)
        both = np.flatnonzero(self.known.both(users, items))
        u, i = self.known.users[users[both]], self.known.items[items[both]]
        values[both] = self.clusters.at(u, i)
        return values / self.factor
