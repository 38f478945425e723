"""``co-clustering`` of Surprise (George and Merugu, 2005).

``r_hat = mean of the co-cluster + (mean_u - mean of u's cluster) + (mean_i - mean of
i's cluster)``; clusters are reassigned as in k-means from a random start.

Deviations: Surprise deals in whole ratings only, so it is given a multiple of the
ratings and its answer divided (``trainset.whole``). Surprise answers with the global
mean where a side is unknown; the paper would use the known side's own mean.
"""

import numpy as np
import surprise
from numpy.typing import NDArray

from recbench import FitContext, Interactions
from recbench_svd.params import CoClusteringParams
from recbench_svd.trainset import Known, whole

Codes = NDArray[np.int32]
Scores = NDArray[np.float32]
Exact = NDArray[np.float64]

SEEDS = 2**32  # Surprise takes numpy's legacy seeds


class CoClustering:
    """Means of clusters of users and items."""

    def __init__(self, params: CoClusteringParams) -> None:
        """Make an untrained model."""
        self.params = params

    def fit(self, train: Interactions, context: FitContext) -> None:
        """Let Surprise find the clusters."""
        p = self.params
        factor = whole(train.ratings)
        known = Known.of(train, factor)
        algorithm = surprise.CoClustering(
            n_cltr_u=p.user_clusters,
            n_cltr_i=p.item_clusters,
            n_epochs=p.epochs,
            random_state=context.seed % SEEDS,
        )
        algorithm.fit(known.trainset)
        self.known, self.factor, self.fitted = known, factor, algorithm
        sizes = known.trainset.n_users + known.trainset.n_items
        self.n_parameters = 2 * sizes + p.user_clusters * p.item_clusters

    def predict(self, users: Codes, items: Codes) -> Scores:
        """Return predictions, float32, shape ``(n,)``."""
        return self.estimate(users, items).astype(np.float32)

    def estimate(self, users: Codes, items: Codes) -> Exact:
        """Return predictions, float64, shape ``(n,)``."""
        values = np.full(len(users), self.known.mean)
        both = np.flatnonzero(self.known.both(users, items))
        u, i = self.known.users[users[both]], self.known.items[items[both]]
        of, cluster_u, cluster_i = self.fitted, self.fitted.cltr_u, self.fitted.cltr_i
        values[both] = (
            of.avg_cocltr[cluster_u[u], cluster_i[i]]
            + of.user_mean[u]
            - of.avg_cltr_u[cluster_u[u]]
            + of.item_mean[i]
            - of.avg_cltr_i[cluster_i[i]]
        )
        return values / self.factor
