"""Baselines: the models that every board must show, and simple ones that win."""

from collections.abc import Iterator

from recbench import ModelSpec, hookimpl, with_tuned
from recbench_baselines import params

RANKING = ("top-n", "next-item")
RATED_NEIGHBOURS = {"k": 300, "shrink": 20.0, "damping": 0.3}


@hookimpl
def recbench_models() -> Iterator[ModelSpec]:
    """Offer the baselines."""
    yield from with_tuned(__file__, _models())


def _models() -> Iterator[ModelSpec]:
    yield from _references()
    yield from _neighbours()
    yield from _linear()
    yield from _factors()


def _references() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="random",
        summary="chance: a random score or a random training rating",
        factory="recbench_baselines.simple:Random",
        tasks=("rating", *RANKING),
        baseline=True,
    )
    yield ModelSpec(
        name="most-popular",
        summary="the same list for everybody: items by their positives",
        factory="recbench_baselines.simple:MostPopular",
        tasks=RANKING,
        baseline=True,
    )
    yield ModelSpec(
        name="global-mean",
        summary="the mean training rating, always",
        factory="recbench_baselines.simple:GlobalMean",
        tasks=("rating",),
        needs=("ratings",),
        baseline=True,
    )
    yield ModelSpec(
        name="bias",
        summary="regularised biases of users and items, solved exactly",
        paper="Koren, 2008, Factorization meets the neighborhood",
        factory="recbench_baselines.bias:Bias",
        params=params.BiasParams,
        presets={"tuned": params.TUNED_BIAS},
        tasks=("rating",),
        needs=("ratings",),
        baseline=True,
    )


def _neighbours() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="item-knn",
        summary="items similar to those the user had",
        paper="Sarwar et al., 2001, Item-based collaborative filtering "
        "recommendation algorithms",
        factory="recbench_baselines.neighbours:ItemKNN",
        params=params.ItemKNNParams,
        task_defaults={"rating": RATED_NEIGHBOURS},
        tasks=("rating", *RANKING),
        baseline=True,
    )
    yield ModelSpec(
        name="user-knn",
        summary="items of users with a similar past",
        paper="Herlocker et al., 1999, An algorithmic framework for performing "
        "collaborative filtering",
        factory="recbench_baselines.neighbours:UserKNN",
        params=params.UserKNNParams,
        task_defaults={"rating": RATED_NEIGHBOURS},
        tasks=("rating", *RANKING),
        baseline=True,
    )


def _linear() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="ease",
        summary="linear item-to-item model in closed form",
        paper="Steck, 2019, Embarrassingly shallow autoencoders for sparse data",
        factory="recbench_baselines.linear:EASE",
        params=params.EASEParams,
        tasks=RANKING,
        baseline=True,
    )
    yield ModelSpec(
        name="slim",
        summary="sparse non-negative item-to-item model",
        paper="Ning and Karypis, 2011, SLIM: sparse linear methods for top-n "
        "recommender systems",
        factory="recbench_baselines.slim:SLIM",
        params=params.SLIMParams,
        tasks=RANKING,
        baseline=True,
    )
    yield ModelSpec(
        name="rp3beta",
        summary="random walks of three steps, less popularity",
        paper="Paudel et al., 2017, Updatable, accurate, diverse, and scalable "
        "recommendations for interactive applications",
        factory="recbench_baselines.rp3beta:RP3Beta",
        params=params.RP3BetaParams,
        tasks=RANKING,
        baseline=True,
    )


def _factors() -> Iterator[ModelSpec]:
    yield ModelSpec(
        name="ials",
        summary="implicit feedback by alternating least squares",
        paper="Rendle et al., 2022, Revisiting the performance of iALS on item "
        "recommendation benchmarks",
        factory="recbench_baselines.ials:IALS",
        params=params.IALSParams,
        tasks=RANKING,
        baseline=True,
    )
    yield ModelSpec(
        name="pure-svd",
        summary="truncated singular value decomposition",
        paper="Cremonesi et al., 2010, Performance of recommender algorithms on "
        "top-n recommendation tasks",
        factory="recbench_baselines.pure_svd:PureSVD",
        params=params.PureSVDParams,
        tasks=RANKING,
        baseline=True,
    )
    yield ModelSpec(
        name="bpr-mf",
        summary="matrix factorization trained on pairs of items",
        paper="Rendle et al., 2009, BPR: Bayesian personalized ranking from "
        "implicit feedback",
        factory="recbench_baselines.bpr:BPR",
        params=params.BPRParams,
        tasks=("top-n",),
        baseline=True,
    )
    yield ModelSpec(
        name="sgd-mf",
        summary="biased matrix factorization, rating by rating, compiled",
        paper="Koren, Bell and Volinsky, 2009, Matrix factorization techniques for "
        "recommender systems",
        factory="recbench_baselines.sgd_mf:SGDMF",
        params=params.SGDMFParams,
        presets={"surprise": params.SURPRISE_SVD},
        tasks=("rating", "top-n"),
        needs=("ratings",),
        requires=("numba",),
    )
    yield ModelSpec(
        name="bayesian-mf",
        summary="matrix factorization averaged over its posterior",
        paper="Salakhutdinov and Mnih, 2008, Bayesian probabilistic matrix "
        "factorization using Markov chain Monte Carlo",
        factory="recbench_baselines.bayesian_mf:BayesianMF",
        params=params.BayesianMFParams,
        tasks=("rating",),
        needs=("ratings",),
        baseline=True,
    )
