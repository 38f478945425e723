"""The rating models of scikit-surprise (Hug, 2020), as recbench models."""

from collections.abc import Iterator

from recbench import ModelSpec, hookimpl, with_tuned
from recbench_svd import params

SURPRISE = ("surprise",)
RATINGS = ("ratings",)


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    """Offer Surprise's models."""
    yield from with_tuned(__file__, _models())


def _models() -> Iterator[ModelSpec]:
    yield from _factors()
    yield ModelSpec(
        name="knn-baseline",
        summary="nearest neighbours over biases, as in scikit-surprise",
        paper="Koren, 2010, Factor in the neighbors: scalable and accurate "
        "collaborative filtering",
        factory="recbench_svd.knn_baseline:KNNBaseline",
        params=params.KNNBaselineParams,
        presets={
            "surprise": {
                "k": 40,
                "min_k": 1,
                "similarity": "msd",
                "user_based": True,
                "min_support": 1,
                "reg_user": 15.0,
                "reg_item": 10.0,
                "bias_epochs": 10,
            }
        },
        tasks=("rating",),
        needs=RATINGS,
        requires=SURPRISE,
    )
    yield ModelSpec(
        name="slope-one",
        summary="average differences between items, as in scikit-surprise",
        paper="Lemire and Maclachlan, 2005, Slope One predictors for online "
        "rating-based collaborative filtering",
        factory="recbench_svd.slope_one:SlopeOne",
        tasks=("rating",),
        needs=RATINGS,
        requires=SURPRISE,
    )
    yield ModelSpec(
        name="co-clustering",
        summary="means of clusters of users and items, as in scikit-surprise",
        paper="George and Merugu, 2005, A scalable collaborative filtering framework "
        "based on co-clustering",
        factory="recbench_svd.co_clustering:CoClustering",
        params=params.CoClusteringParams,
        presets={"surprise": {"user_clusters": 3, "item_clusters": 3, "epochs": 20}},
        tasks=("rating",),
        needs=RATINGS,
        requires=SURPRISE,
    )


def _factors() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="svd",
        summary="biased matrix factorization of scikit-surprise",
        paper="Koren, Bell and Volinsky, 2009, Matrix factorization techniques for "
        "recommender systems",
        factory="recbench_svd.factors:svd",
        params=params.SVDParams,
        presets={
            "surprise": {
                "embedding_dim": 100,
                "epochs": 20,
                "learning_rate": 0.005,
                "reg": 0.02,
                "init_std": 0.1,
                "biased": True,
            }
        },
        tasks=("rating", "top-n"),
        needs=RATINGS,
        requires=SURPRISE,
        baseline=True,
    )
    yield ModelSpec(
        name="svd-pp",
        summary="svd that also knows what was rated, of scikit-surprise",
        paper="Koren, 2008, Factorization meets the neighborhood",
        factory="recbench_svd.factors:svd_pp",
        params=params.SVDppParams,
        presets={
            "surprise": {
                "embedding_dim": 20,
                "epochs": 20,
                "learning_rate": 0.007,
                "reg": 0.02,
                "init_std": 0.1,
            }
        },
        tasks=("rating",),
        needs=RATINGS,
        requires=SURPRISE,
    )
    yield ModelSpec(
        name="nmf",
        summary="non-negative factorization of scikit-surprise",
        paper="Luo et al., 2014, An efficient non-negative matrix-factorization-based "
        "approach to collaborative filtering for recommender systems",
        factory="recbench_svd.factors:nmf",
        params=params.NMFParams,
        presets={
            "surprise": {
                "embedding_dim": 15,
                "epochs": 50,
                "reg": 0.06,
                "biased": False,
                "bias_learning_rate": 0.005,
                "bias_reg": 0.02,
            }
        },
        tasks=("rating",),
        needs=RATINGS,
        requires=SURPRISE,
    )
